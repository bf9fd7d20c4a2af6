"""All uses of undocumented parts of Streamlit.

When Streamlit changes, ``tests/test_streamlit_private.py`` says for each name what breaks. Another test checks that the
rest of the product uses only documented parts.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit
from google.protobuf.message import DecodeError
from streamlit import auth_util, config, runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

__all__ = ["USER_COOKIE_NAME"]

NOT_PAGES = ("/_stcore/", "/media/", "/component/", "/static/", "/favicon.png")
# Redirects to and from identity providers, before the visitor is known. All other addresses are for the team.
PUBLIC = re.compile(r"/(auth/(login|logout)|oauth2callback)")
# Streamlit's own static files, which hold no data.
PROGRAM = re.compile(r"/(static/.*|favicon\.png)")
# Streamlit holds uploads in memory without a limit. Videos are uploaded through our own route instead.
UPLOADS = re.compile(r"/_stcore/upload_file/.*")
MEDIA = re.compile(r"/(media|component)/.*")
MEDIA_FILE = re.compile(r"/media/([^./]+)(\.[^/]*)?")
OWNER_HEADER, OWNER = "x-pilot-ops-owner", "owner"
"""The header that says whose a new session is, and its name among what a session knows of its user."""

WANTED = frozenset({"rerun_script", "stop_script", "app_heartbeat", "backend_operation_request"})
WANTED_OPERATIONS = frozenset({"deferred_file", "dataframe_chunk"})
"""What the pages' browsers send. The rest would, for example, clear everybody's caches or list the server's files."""

ASKED_ALL_THE_TIME = re.compile(r"/(static/.*|favicon\.png|_stcore/(health|host-config))")


def option(name: str) -> Any:
    """Return the value of a Streamlit setting, also before a server runs."""
    return config.get_option(name)


def in_page() -> bool:
    """Whether this thread runs a page: its script, a callback or a fragment."""
    return get_script_run_ctx(suppress_warning=True) is not None


def in_part() -> bool:
    """Whether this thread runs only a part of a page, a fragment or a callback, and not the page's script."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return False
    return bool(context.fragment_ids_this_run) or ThreadState.get().run_location is RunLocation.CALLBACK


def give_sessions_owners() -> None:
    """Make every session belong to the owner in ``OWNER_HEADER``: only the same owner can come back to it."""
    config.set_option("server.trustedUserHeaders", {OWNER_HEADER: OWNER})


def is_wanted(payload: bytes) -> bool:
    """Whether a browser of these pages sends such a message. One that is no message is left to Streamlit to refuse."""
    try:
        message = BackMsg.FromString(payload)
    except DecodeError:
        return True
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") in WANTED_OPERATIONS
    return kind in WANTED


def reload_message() -> bytes:
    """Return the message that makes a browser load its present address anew."""
    message = ForwardMsg()
    message.auth_redirect.url = ""
    message.auth_redirect.SetInParent()
    return bytes(message.SerializeToString())


def owners() -> set[str]:
    """Return the owners of all sessions, including those whose browser may still come back."""
    return {owner for session in _sessions() if (owner := _owner(session))}


def end_sessions(owner: str) -> None:
    """End an owner's sessions with all they hold: state, fragments, callbacks, in-memory files.

    Call it from the server's event loop.
    """
    for session in _sessions():
        if _owner(session) == owner:
            runtime.get_instance().close_session(session.id)


def holds_media(owner: str, path: str) -> bool:
    """Whether a session of the owner shows or offers the in-memory file at that address."""
    found = MEDIA_FILE.fullmatch(path)
    if found is None or not runtime.exists():
        return False
    files = runtime.get_instance().media_file_mgr
    with files._lock:
        held = {session: set(of.values()) for session, of in files._files_by_session_and_coord.items()}
    return any(_owner(session) == owner and found[1] in held.get(session.id, ()) for session in _sessions())


def _sessions() -> list[AppSession]:
    if not runtime.exists():
        return []
    return [info.session for info in runtime.get_instance()._session_mgr.list_sessions()]


def _owner(session: AppSession) -> str | None:
    owner = session._user_info.get(OWNER)
    return owner if isinstance(owner, str) else None


def auth_section() -> dict[str, object]:
    """Return ``[auth]`` of secrets.toml; empty if there is none."""
    return dict(auth_util.get_secrets_auth_section())


def login_address(provider: str) -> str:
    """Return the address where Streamlit redirects to the identity provider. Valid for two minutes."""
    return f"/auth/login?provider={auth_util.encode_provider_token(provider)}"


def login_origin() -> str | None:
    """Return the origin of ``redirect_uri``, which Streamlit writes into its login cookie."""
    return auth_util.get_origin_from_redirect_uri()


def signed_login(cookies: Mapping[str, str]) -> bytes | None:
    """Return the JSON in Streamlit's login cookie, which may be split; None if missing or not signed by this server."""

    def part(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(get_cookie_secret(), name, value) if value else None

    return auth_util.get_cookie_with_chunks(part, USER_COOKIE_NAME)


@cache
def inline_script_hashes() -> tuple[str, ...]:
    """Return the hashes of Streamlit's inline scripts in the form that a Content-Security-Policy uses."""
    shell = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    found = re.findall(r"<script>(.*?)</script>", shell, re.S)
    return tuple(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in found)
