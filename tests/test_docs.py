"""What the README says exists, and what exists is in the README."""

import re

from pilot_core.cli.arguments import parser
from pilot_core.settings import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_option_of_the_command_is_in_the_readme_and_the_other_way_round() -> None:
    exist = {o for action in parser()._actions for o in action.option_strings if o.startswith("--")} - {"--help"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert named == exist


def test_every_setting_is_in_the_readme_and_the_other_way_round() -> None:
    sources = [*(ROOT / "pilot_core").rglob("*.py"), ROOT / "app.py"]
    exist = {name for path in sources for name in re.findall(r"PILOT_OPS_[A-Z_]+", path.read_text(encoding="utf-8"))}
    exist -= {"PILOT_OPS_BRIEF", "PILOT_OPS_RESULT"}  # told to the command pipeline's program, not set by anyone
    assert set(re.findall(r"PILOT_OPS_[A-Z_]+", README)) == exist


def test_settings_are_read_in_one_place() -> None:
    reading = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pilot_core").rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    }
    assert reading - {"pilot_core/settings.py"} <= {"pilot_core/video/command.py"}


def test_every_file_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:`|^    )make ([a-z]+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target
