"""Open a page in Streamlit's test runner as a visit does: the entry script first, then the page's address."""

from streamlit.testing.v1 import AppTest

from pilot_core.settings import ROOT

ENTRY = ROOT / "pilot_core" / "web" / "server" / "entry.py"


def opened(name: str, **address: str) -> AppTest:
    """Open the page with that file name and query. Fails if the page raised an error."""
    at = AppTest.from_file(str(ENTRY), default_timeout=60)
    if name != "overview":
        at.run()
        at.switch_page(f"../../../pages/{name}.py")
    for key, value in address.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    return at
