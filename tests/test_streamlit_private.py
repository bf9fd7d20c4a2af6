"""Undocumented features used from Streamlit and two other libraries. Each test says what breaks without one.

A test that fails after an upgrade names what changed. The fix belongs in ``pilot_core/web/streamlit_private.py``.
"""

import ast
import asyncio
import inspect
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.responses import FileResponse
from streamlit import auth_util, config
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.session_manager import SessionClient
from streamlit.testing.v1 import AppTest
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette import starlette_auth_routes, starlette_routes, starlette_websocket
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pilot_core.settings import ROOT
from pilot_core.web import streamlit_private as private

PRIVATE = ROOT / "pilot_core" / "web" / "streamlit_private.py"
EMAIL = b'{"email": "mara@example.com"}'


@pytest.fixture
def secrets(tmp_path: Path) -> Iterator[None]:
    """Make a secrets.toml with accounts."""
    file = tmp_path / "secrets.toml"
    file.write_text(
        '[auth]\nredirect_uri = "https://pilots.example.com/oauth2callback"\n'
        f'cookie_secret = "{"0123456789" * 4}"\nclient_id = "pilot-ops"\n'
    )
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(file)])
    auth_util.secrets_singleton._reset()
    yield
    config.set_option("secrets.files", before)
    auth_util.secrets_singleton._reset()


def test_nothing_private_of_streamlit_is_imported_anywhere_else() -> None:
    found = []
    for path in [*(ROOT / "pilot_core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names if alias.name != "streamlit" or alias.asname != "st"]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                names = []
            found += [path for name in names if name.split(".")[0] == "streamlit"]
    assert set(found) == {PRIVATE}


def test_without_these_options_the_server_could_start_unprotected() -> None:
    names = ("server.address", "server.enableXsrfProtection", "server.enableCORS")
    assert [private.option(name) for name in names] == ["localhost", True, True]


def test_without_the_run_context_a_page_could_write_what_its_visitor_may_not() -> None:
    assert (private.in_page(), private.in_part()) == (False, False)
    told = AppTest.from_function(_page, default_timeout=60).run()
    assert [element.value for element in told.text] == ["True False", "True True", "not pressed"]
    told = told.button[0].click().run()
    assert [element.value for element in told.text] == ["True False", "True True", "True True"]


def _page() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from pilot_core.web import streamlit_private as private

    def pressed() -> None:
        st.session_state["in the callback"] = f"{private.in_page()} {private.in_part()}"

    st.text(f"{private.in_page()} {private.in_part()}")
    # What Streamlit itself records while it runs a fragment alone.
    get_script_run_ctx().fragment_ids_this_run = ["a fragment"]
    st.text(f"{private.in_page()} {private.in_part()}")
    get_script_run_ctx().fragment_ids_this_run = None
    st.button("Press", on_click=pressed)
    st.text(st.session_state.get("in the callback", "not pressed"))


def test_without_a_page_there_is_no_run_context() -> None:
    assert get_script_run_ctx(suppress_warning=True) is None


def test_without_the_owners_header_a_session_could_be_taken_up_by_somebody_else() -> None:
    before = config.get_option("server.trustedUserHeaders")
    private.give_sessions_owners()
    try:
        sent = Headers({private.OWNER_HEADER: "somebody"})
        assert starlette_websocket.gather_user_info(sent) == {private.OWNER: "somebody"}
    finally:
        config.set_option("server.trustedUserHeaders", before)


class _Browser(SessionClient):
    """A browser that keeps nothing."""

    client_context = None

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        """Keep nothing."""


@asynccontextmanager
async def _runtime(script: Path) -> AsyncIterator[Runtime]:
    """A running Streamlit, without a server."""
    made = Runtime(RuntimeConfig(str(script), MemoryMediaFileStorage("/media"), MemoryUploadedFileManager("/upload")))
    try:
        await made.start()
        yield made
    finally:
        made.stop()
        await made.stopped
        Runtime._instance = None


def test_without_the_sessions_of_the_runtime_whoever_is_put_out_would_stay(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text("")

    async def work() -> None:
        assert private.owners() == set()
        private.end_sessions("before there is a server")
        async with _runtime(tmp_path / "page.py") as runtime:
            mine, theirs = ({private.OWNER: name} for name in ("mine", "theirs"))
            left, kept, other = (runtime.connect_session(_Browser(), dict(who)) for who in (mine, mine, theirs))
            assert private.owners() == {"mine", "theirs"}
            assert runtime.connect_session(_Browser(), dict(theirs), existing_session_id=kept) not in (left, kept)
            runtime.disconnect_session(left)
            assert runtime.connect_session(_Browser(), dict(theirs), existing_session_id=left) != left
            assert runtime.connect_session(_Browser(), dict(mine), existing_session_id=left) == left
            runtime.disconnect_session(left)
            private.end_sessions("mine")
            assert private.owners() == {"theirs"}
            assert runtime.is_active_session(other)
            assert runtime.connect_session(_Browser(), dict(mine), existing_session_id=left) != left

    asyncio.run(work())


def test_without_the_files_of_a_session_its_downloads_would_be_everybodys(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text("")

    async def work() -> None:
        assert not private.holds_media("mine", "/media/a.txt")
        async with _runtime(tmp_path / "page.py") as runtime:
            session = runtime.connect_session(_Browser(), {private.OWNER: "mine"})
            runtime.connect_session(_Browser(), {private.OWNER: "theirs"})
            files = runtime.media_file_mgr
            address = files.add(b"a message", "text/plain", "1.0", "a.txt", is_for_static_download=True)
            files._files_by_session_and_coord[session] = files._files_by_session_and_coord.pop("dontcare")
            assert private.holds_media("mine", address)
            assert not private.holds_media("theirs", address)
            assert not private.holds_media("mine", "/media/")
            assert not private.holds_media("mine", "/media/a/b")
            private.end_sessions("mine")
            assert not private.holds_media("mine", address)

    asyncio.run(work())


def test_a_session_without_a_browser_lasts_two_minutes() -> None:
    """SECURITY.md says so."""
    assert inspect.signature(MemorySessionStorage).parameters["ttl_seconds"].default == 120


def test_a_message_of_the_browser_that_is_new_is_noticed() -> None:
    known = {
        *private.WANTED,
        "clear_cache",
        "debug_disconnect_websocket",
        "debug_shutdown_runtime",
        "file_urls_request",
        "load_git_info",
        "set_run_on_save",
    }
    assert {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields} == known
    operations = BackendOperationRequest.DESCRIPTOR.oneofs_by_name["payload"].fields
    assert {field.name for field in operations} == private.WANTED_OPERATIONS | {
        "install_skills",
        "dismiss_skills_nudge",
    }


def test_only_what_a_page_sends_is_passed_on() -> None:
    sent, unwanted = BackMsg(app_heartbeat=True), BackMsg(clear_cache=True)
    assert private.is_wanted(sent.SerializeToString())
    assert not private.is_wanted(unwanted.SerializeToString())
    assert not private.is_wanted(b"")
    sent.backend_operation_request.deferred_file.file_id = "a"
    assert private.is_wanted(sent.SerializeToString())
    sent.backend_operation_request.install_skills.SetInParent()
    assert not private.is_wanted(sent.SerializeToString())
    assert private.is_wanted(b"\xff no message"), "Streamlit closes the socket"


def test_without_the_redirect_an_ended_page_would_stay_on_the_screen() -> None:
    message = ForwardMsg.FromString(private.reload_message())
    assert message.WhichOneof("type") == "auth_redirect"
    assert message.auth_redirect.url == ""


@pytest.mark.usefixtures("secrets")
def test_without_the_signed_cookie_nobody_could_sign_in_with_an_account() -> None:
    assert private.USER_COOKIE_NAME == "_streamlit_user"
    cookie = create_signed_value(get_cookie_secret(), private.USER_COOKIE_NAME, EMAIL).decode()
    assert private.signed_login({private.USER_COOKIE_NAME: cookie}) == EMAIL
    forged = create_signed_value("another secret", private.USER_COOKIE_NAME, EMAIL).decode()
    assert private.signed_login({private.USER_COOKIE_NAME: forged}) is None
    assert private.signed_login({}) is None


@pytest.mark.usefixtures("secrets")
def test_without_the_auth_section_no_account_is_offered_and_a_weak_secret_passes() -> None:
    assert private.auth_section()["client_id"] == "pilot-ops"
    assert private.login_origin() == "https://pilots.example.com"


@pytest.mark.usefixtures("secrets")
def test_without_the_provider_token_the_sign_in_button_leads_nowhere() -> None:
    address, _, token = private.login_address("default").partition("?provider=")
    assert address == "/auth/login"
    assert auth_util.decode_provider_token(token)["provider"] == "default"


def test_without_the_hashes_of_the_shells_scripts_no_page_would_start() -> None:
    shell = (Path(auth_util.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    hashes = private.inline_script_hashes()
    assert len(hashes) == shell.count("<script>") > 0
    assert all(name.startswith("'sha256-") and name.endswith("='") for name in hashes)


def test_an_address_of_streamlits_that_is_new_or_gone_is_noticed() -> None:
    modules = (starlette_routes, starlette_auth_routes)
    known = {name: value for module in modules for name, value in vars(module).items() if "ROUTE" in name}
    assert {value.partition("{")[0] for value in known.values()} == {
        "_stcore",
        "_stcore/bidi-components/",
        "_stcore/health",
        "_stcore/host-config",
        "_stcore/metrics",
        "_stcore/script-health-check",
        "_stcore/upload_file",
        "_stcore/upload_file/",
        "app/static",
        "app/static/",
        "auth/login",
        "auth/logout",
        "component",
        "component/",
        "media",
        "media/",
        "oauth2callback",
        "static",
    }


@pytest.mark.parametrize(
    ("pattern", "addresses"),
    [
        (private.PUBLIC, ["/auth/login", "/auth/logout", "/oauth2callback"]),
        (private.PROGRAM, ["/static/js/index.js", "/favicon.png"]),
        (private.UPLOADS, ["/_stcore/upload_file/session/file"]),
        (private.MEDIA, ["/media/a.png", "/component/a/index.html"]),
        (private.ASKED_ALL_THE_TIME, ["/_stcore/health", "/_stcore/host-config", "/static/js/index.js"]),
    ],
)
def test_streamlits_addresses_are_told_apart(pattern, addresses: list[str]) -> None:
    assert [address for address in addresses if not pattern.fullmatch(address)] == []
    assert not pattern.fullmatch("/_stcore/stream")
    assert not pattern.fullmatch("/metrics")


def test_without_this_method_of_starlette_a_film_in_the_bucket_could_not_be_sent() -> None:
    assert hasattr(FileResponse, "_open_file")


def test_without_this_field_of_zipinfo_a_backup_would_be_packed_slowly() -> None:
    info = zipfile.ZipInfo("a")
    assert hasattr(info, "_compresslevel")
