"""The address of this server in what is copied or sent: the setting's, or else the one in the visitor's browser."""

from urllib.parse import urlsplit

import streamlit as st

from pilot_core.server_address import why_unreachable
from pilot_core.settings import Settings
from pilot_core.web.access.current_app import app
from pilot_core.web.components.text import plain

ANYWAY = "Show it anyway, to try it here"


def settings_here() -> Settings:
    """Return the settings, with the browser's address of this server as its address if they name none."""
    config = app().settings
    here = urlsplit(st.context.url or "")
    if config.url or not here.netloc:
        return config
    return config.model_copy(update={"url": f"{here.scheme}://{here.netloc}"})


def may_show(config: Settings, key: str) -> bool:
    """Whether to show what a founder is to open. If they could not, say so and show it on request only."""
    why = why_unreachable(config.address)
    if not why:
        return True
    st.warning(plain(why), icon=":material/public_off:")
    return st.toggle(ANYWAY, key=key)
