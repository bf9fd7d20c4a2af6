"""The README mentions only what exists, and everything it should."""

import re

import pytest

from pilot_core.cli.arguments import parser
from pilot_core.settings import ROOT, table

README = (ROOT / "README.md").read_text(encoding="utf-8")
BASES = [ROOT, *(ROOT / "pilot_core" / room for room in ("", "web", "store"))]
"""Where a path on a page for developers may start: packages are named relative to their parent."""

TO_BE_WRITTEN = {
    "pilot_core/web/pages/metrics/charts/outcomes.py",
    "pilot_core/video/still.py",
    "pages/segments.py",
    "pilot_core/web/pages/segments/",
    "templates/messages/paused.txt.j2",
    "templates/messages/paused.html.j2",
}
"""The files that the examples of docs/extending.md add."""


def test_every_option_of_the_command_is_in_the_readme_and_the_other_way_round() -> None:
    exist = {o for action in parser()._actions for o in action.option_strings if o.startswith("--")} - {"--help"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert named == exist


def test_every_setting_is_in_the_readme_and_the_other_way_round() -> None:
    sources = [*(ROOT / "pilot_core").rglob("*.py"), ROOT / "app.py"]
    exist = {name for path in sources for name in re.findall(r"PILOT_OPS_[A-Z_]+", path.read_text(encoding="utf-8"))}
    exist -= {"PILOT_OPS_BRIEF", "PILOT_OPS_RESULT"}  # passed to the command pipeline's program, not set by anyone
    assert set(re.findall(r"PILOT_OPS_[A-Z_]+", README)) == exist


def test_the_readmes_table_says_what_the_fields_of_the_settings_say() -> None:
    assert table() in README, "run: make settings"


def test_settings_are_read_in_one_place() -> None:
    reading = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pilot_core").rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    }
    # The command pipeline passes some variables on to its program.
    assert reading <= {"pilot_core/video/command.py"}


def test_every_file_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_version_is_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
        assert [line for line in lines if line and "==" not in line and not line.startswith("-r ")] == []


def test_every_make_target_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:`|^    )make ([a-z]+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "docs/extending.md"])
def test_every_path_and_name_on_a_page_for_developers_exists(page: str) -> None:
    text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)
    named = re.findall(r"`(\w[\w.*/-]*)(?: [^`]*)?`(?:: `(\w+)`)?", text)
    named = [(path, name) for path, name in named if re.search(r"/|\.(py|md|toml|sql)$", path)]
    assert len(named) > 20
    missing = []
    for path, name in named:
        found = [file for base in BASES for file in base.glob(path.rstrip("/"))]
        if path not in TO_BE_WRITTEN and not found:
            missing.append(path)
        elif name and not re.search(
            rf"(?m)^\s*(?:def|class) {name}\b|^{name}\b.* =", found[0].read_text(encoding="utf-8")
        ):
            missing.append(f"{path}: {name}")
    assert missing == []
