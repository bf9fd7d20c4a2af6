"""Files that reviewers attached, as the team sees, hears and downloads them."""

from html import escape

import streamlit as st

from pilot_core.domain.attachments import Attachment, AttachmentKind
from pilot_core.formatting import file_size
from pilot_core.web.components.comment_threads import clock
from pilot_core.web.components.text import plain


def show_attachment(attached: Attachment | None) -> None:
    """Draw a picture's thumbnail, which opens it, a voice note's player, or a PDF's link; nothing for None."""
    if attached is None:
        return
    address = f"/review/attachments/{attached.attachment_id}"
    if attached.kind is AttachmentKind.PICTURE:
        st.markdown(f"[![Picture {plain(attached.name)}]({address}/small)]({address})", width=280)
    elif attached.kind is AttachmentKind.VOICE:
        # st.audio takes no address of this server, only files that Streamlit itself gives out.
        label = escape(f"Voice note from {attached.author}, {clock(int(attached.seconds or 0))}")
        st.html(f'<audio controls preload="none" src="{address}" aria-label="{label}"></audio>')
    else:
        st.markdown(f"[{plain(attached.name)}]({address}) :gray[PDF, {file_size(attached.size)}]")
