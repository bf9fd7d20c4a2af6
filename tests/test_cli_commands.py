"""Every action of the command has a function, and listing starts without the other commands' imports."""

import subprocess
import sys
from pathlib import Path

from pilot_core.cli import RUN, command
from pilot_core.cli.arguments import ACTIONS
from pilot_core.settings import ROOT

HEAVY = ("av", "jinja2", "numpy", "pandas", "psycopg", "PIL", "rich.progress", "scipy", "streamlit")


def test_every_action_has_a_function_and_every_function_an_action() -> None:
    assert set(RUN) == set(ACTIONS)
    assert [action for action in RUN if not callable(command(action))] == []


def test_a_list_imports_nothing_that_draws_measures_or_renders(tmp_path: Path) -> None:
    code = (
        f"import sys; from pilot_core.cli import main; main(['--store', '{tmp_path}', '--list']); "
        f"print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.stderr.split() == []
