"""A page opened in Streamlit's test runner, as a visit does it: through the entry script, then its address."""

from streamlit.testing.v1 import AppTest

from pilot_core.settings import ROOT

ENTRY = ROOT / "pilot_core" / "web" / "entry.py"


def opened(name: str, **address: str) -> AppTest:
    """The page of that file's name at that address; it has not failed."""
    at = AppTest.from_file(str(ENTRY), default_timeout=60)
    if name != "overview":
        at.run()
        at.switch_page(f"../../pages/{name}.py")
    for key, value in address.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    return at
