"""The catalogue is checked whole: a fault is one sentence with file and key, before anything is saved."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pilot_core import catalog
from pilot_core.cli import main
from pilot_core.domain.brief import BRIEF_LABELS
from pilot_core.errors import CatalogError
from pilot_core.maintenance.catalog import check_catalog
from pilot_core.settings import CATALOG_DIR, ROOT

# file, what stands there, what a person wrote in its place, and the end of the sentence
FAULTS = {
    "a bracket is missing": ("scenarios", "[feature_launch]", "[feature_launch", "scenarios.toml is not TOML: "),
    "a key is repeated": (
        "sla",
        "max_iterations = 3",
        "max_iterations = 3\nmax_iterations = 3",
        "sla.toml is not TOML: ",
    ),
    "a key is misspelled": (
        "flags",
        'label = "Too long"',
        'lable = "Too long"',
        "wrong at too_long.label: field required.",
    ),
    "an unknown key": (
        "flags",
        'label = "Too long"',
        'label = "Too long"\ncolour = "red"',
        "wrong at too_long.colour: extra inputs are not permitted.",
    ),
    "an unknown intent": (
        "scenarios",
        'intent = "paid_ad"',
        'intent = "paid_add"',
        "wrong at problem_solution.intent: there is no intent “paid_add” in sla.toml.",
    ),
    "lengths the wrong way round": (
        "scenarios",
        "max_seconds = 60",
        "max_seconds = 6",
        "wrong at feature_launch.max_seconds: it is less than min_seconds.",
    ),
    "a length of zero": (
        "scenarios",
        "min_seconds = 30",
        "min_seconds = 0",
        "wrong at feature_launch.min_seconds: input should be greater than 0.",
    ),
    "an infinite length": (
        "scenarios",
        "max_seconds = 60",
        "max_seconds = inf",
        "wrong at feature_launch.max_seconds: input should be a finite number.",
    ),
    "a share beyond the whole": (
        "scenarios",
        "share = 0.",
        "share = 9.",
        "share: input should be less than or equal to 1.",
    ),
    "shares that miss some of the whole": (
        "scenarios",
        "share = 0.1",
        "share = 0.0001",
        "their shares do not sum to 1.",
    ),
    "a colour without its #": ("brands", 'accent = "#', 'accent = "', "string should match pattern"),
    "an unknown tone": (
        "brands",
        'tone = "bold"',
        'tone = "loud"',
        "wrong at acme.tone: it must be one of: bold, empathetic, professional.",
    ),
    "a pace beyond 1": (
        "brands",
        "pacing = 0.8",
        "pacing = 8",
        "wrong at acme.pacing: input should be less than or equal to 1.",
    ),
    "no default brand": ("brands", "default = true", "default = false", "exactly one brand must have default = true."),
    "a flag that needs no field of a brief": (
        "flags",
        'needs = "message"',
        'needs = "mesage"',
        f"a brief has no “mesage”; it has: {', '.join(BRIEF_LABELS)}.",
    ),
    "a threshold as text": (
        "rules",
        "majors_stop = 3",
        'majors_stop = "three"',
        "wrong at majors_stop: input should be a valid integer",
    ),
    "a probability over 1": (
        "rules",
        "proceed_rate = 0.60",
        "proceed_rate = 60",
        "wrong at programme.proceed_rate: input should be less than 1.",
    ),
    "rules without a programme": (
        "rules",
        "[programme]",
        "[programm]",
        "rules.toml is wrong at programm: extra inputs are not permitted.",
    ),
    "an expression that is none": (
        "lexicon",
        '"hook", "openings?"',
        '"hook(", "openings?"',
        "wrong at flags.hook_weak.topics: “hook(” is no regular expression",
    ),
    "words for an unknown flag": (
        "lexicon",
        "[flags.hook_weak]",
        "[flags.hook_week]",
        "wrong at flags.hook_week: there is no such flag in flags.toml.",
    ),
    "a size of no picture": (
        "sla",
        "width = 1080",
        "width = 0",
        "wrong at intents.social_reel.width: input should be greater than or equal to 16.",
    ),
    "no version": ("playbook", 'version = "', 'versions = "', "playbook.toml is wrong at version"),
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A catalogue of one's own, a copy of the product's."""
    return Path(shutil.copytree(CATALOG_DIR, tmp_path / "catalog"))


@pytest.fixture(autouse=True)
def _as_before():
    yield
    catalog.use(CATALOG_DIR)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_file_and_key_and_nothing_is_saved(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    name, there, typed, sentence = FAULTS[fault]
    file = own / f"{name}.toml"
    text = file.read_text("utf-8")
    assert there in text
    file.write_text(text.replace(there, typed), "utf-8")
    monkeypatch.setenv("PILOT_OPS_CATALOG", str(own))
    store = tmp_path / "store"
    start = ["--founder", "Alice", "--company", "AcmeAI", "--scenario", "feature_launch", "--brand", "acme"]
    for command in (["--check-catalog"], start):
        assert main(["--store", str(store), *command]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert str(file) in err
        assert sentence in err
    assert not store.exists()


def test_a_missing_file_is_named(own: Path) -> None:
    (own / "brands.toml").unlink()
    catalog.use(own)
    with pytest.raises(CatalogError, match=r"brands\.toml cannot be read \(No such file or directory\)"):
        check_catalog()


def test_an_own_catalogue_is_used(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (own / "flags.toml").open("a", encoding="utf-8") as flags:
        flags.write('\n[too_blue]\nlabel = "Too blue"\nhelp = "The colours are cold."\nneeds = "message"\n')
    monkeypatch.setenv("PILOT_OPS_CATALOG", str(own))
    assert main(["--check-catalog"]) == 0
    assert capsys.readouterr().out == f"The catalogue in {own} is right: 3 scenarios, 3 brands, 17 flags.\n"
    assert catalog.check_flags(["too_blue"]) == ["too_blue"]


def test_the_dashboard_does_not_start_with_a_faulty_catalogue(own: Path, tmp_path: Path) -> None:
    (own / "rules.toml").write_text("majors_stop = ", "utf-8")
    environment = {"PATH": "", "PILOT_OPS_CATALOG": str(own), "PILOT_OPS_STORE": str(tmp_path / "store")}
    script = "from pilot_core.web.server.startup_checks import checked_app; checked_app()"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(f"The catalogue's {own / 'rules.toml'} is not TOML: ")
    assert not (tmp_path / "store").exists()
