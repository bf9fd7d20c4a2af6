"""Change the code of access and of the recommendation in small ways, one at a time, and see that a test notices.

``make mutants`` runs mutmut on copies of the repository. It fails if a change goes unnoticed that docs/mutants.md does
not name with its reason. ``MUTANTS=links`` runs some of the groups.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REASONS = ROOT / "docs" / "mutants.md"
UNNOTICED = ("survived", "no tests", "timeout", "suspicious", "segfault")


@dataclass(frozen=True)
class Group:
    """Modules, and the quick tests that are about them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = {
    "table": Group(
        ("pilot_core/domain/roles.py", "pilot_core/store/permission.py"),
        (
            "tests/test_roles.py",
            "tests/test_permission_check.py",
            "tests/test_permission.py::test_the_table_is_as_it_is_meant_and_as_security_md_shows_it",
        ),
    ),
    "links": Group(
        ("pilot_core/review/links.py", "pilot_core/review/passphrases.py"),
        ("tests/test_link_rules.py", "tests/test_links.py"),
    ),
    "grants": Group(
        ("pilot_core/store/tables/reviews.py",),
        ("tests/test_link_rules.py", "tests/test_links.py", "tests/test_comments.py"),
    ),
    "recommendation": Group(
        ("pilot_core/insight/recommend.py", "pilot_core/insight/facts.py"),
        ("tests/test_recommendation_words.py", "tests/test_recommendation.py", "tests/test_true_sentences.py"),
    ),
}


def main() -> int:
    """Run the groups, print what went unnoticed, and return 1 if a reason is missing."""
    asked = os.environ.get("MUTANTS", "").split() or list(GROUPS)
    explained = set(re.findall(r"`(pilot_core\.\S+__mutmut_\d+)`", REASONS.read_text(encoding="utf-8")))
    missing = []
    for name in asked:
        total, unnoticed = run(GROUPS[name])
        print(f"{name}: {total} mutants, {len(unnoticed)} unnoticed", flush=True)
        for mutant, text in unnoticed.items():
            if mutant not in explained and not is_same_sql(mutant, text):
                missing.append(mutant)
                print(f"\n{mutant}\n{text}", flush=True)
    return 1 if missing else 0


def run(group: Group) -> tuple[int, dict[str, str]]:
    """Return how many mutants the group has, and the changes that no test noticed, by the mutant's name."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder, "copy")
        for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).rstrip("\0").split("\0"):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, copy / name)
        with (copy / "pyproject.toml").open("a", encoding="utf-8") as settings:
            settings.write(_settings(group, copy))
        done = subprocess.run([_mutmut(), "run", "--max-children", "1"], cwd=copy, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"mutmut could not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        lines = _said(copy, "results", "--all", "true").splitlines()
        results = dict(line.strip().split(": ", 1) for line in lines if "__mutmut_" in line)
        unnoticed = [name for name, result in results.items() if result in UNNOTICED]
        return len(results), {name: f"{results[name]}\n{_said(copy, 'show', name)}" for name in unnoticed}


def is_same_sql(mutant: str, shown: str) -> bool:
    """Whether a mutant writes a statement or a column's name in another letter case, which engines do not tell apart.

    ``shown`` is the difference between the two. Text in a statement, in single quotes, is told apart.
    """
    lines = shown.splitlines()
    before = [line[1:] for line in lines if line.startswith("-") and not line.startswith("---")]
    after = [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]
    same = [line.casefold() for line in before] == [line.casefold() for line in after]
    return mutant.startswith("pilot_core.store.tables.") and same and not any("'" in line for line in before)


def _settings(group: Group, copy: Path) -> str:
    """Return mutmut's part of pyproject.toml."""
    beside = [path.name for path in copy.iterdir() if path.name not in ("pilot_core", "tests", "pyproject.toml")]
    # Each mutant in a process forked before any test ran: DuckDB's threads do not outlive a fork.
    return f"""
[tool.mutmut]
source_paths = ["pilot_core"]
only_mutate = {list(group.modules)}
also_copy = {beside}
pytest_add_cli_args = ["-n", "0", "-p", "no:cacheprovider", "--engine", "duckdb"]
pytest_add_cli_args_test_selection = {list(group.tests)}
process_isolation = "forkserver"
timeout_constant = 5
"""


def _said(copy: Path, *command: str) -> str:
    return subprocess.run([_mutmut(), *command], cwd=copy, check=True, capture_output=True, text=True).stdout


def _mutmut() -> str:
    return str(Path(sys.executable).with_name("mutmut"))


if __name__ == "__main__":
    sys.exit(main())
