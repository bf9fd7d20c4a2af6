"""A minimal Streamlit app of two pages: the baseline for any Streamlit app on this machine."""

import plotly.graph_objects as go
import streamlit as st


def first() -> None:
    st.title("First", anchor=False)


def second() -> None:
    st.title("Second", anchor=False)
    brand = st.selectbox("Brand", ["All", "Acme"])
    st.caption(f"{6 if brand == 'All' else 3} pilots, {8 if brand == 'All' else 4} videos")
    st.plotly_chart(go.Figure(go.Bar(x=["a", "b"], y=[1, 2 if brand == "All" else 3])))


st.navigation([st.Page(first, title="First", default=True), st.Page(second, title="Second")]).run()
