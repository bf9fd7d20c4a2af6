import streamlit as st

from pilot_core.web import access

access.require(access.Role.LEAD)
st.title("Soon")
