"""Change the code of access and of the recommendation in small ways, one at a time, and see that a test notices.

``make mutants`` has mutmut write the changes into a copy of the repository, and runs the quick tests of ``GROUPS`` on
each; ``scripts/mutant_session.py`` does that within one session of pytest. It fails if a change goes unnoticed that
docs/mutants.md does not name with its reason. ``MUTANTS=links`` runs some of the groups.
"""

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name

ROOT = Path(__file__).resolve().parents[1]
REASONS = ROOT / "docs" / "mutants.md"
NOTICED = "noticed"
SETTINGS = '\n[tool.mutmut]\nsource_paths = ["pilot_core"]\n'


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
    "links": Group(("pilot_core/review/links.py",), ("tests/test_link_rules.py", "tests/test_links.py")),
    "passphrases": Group(("pilot_core/review/passphrases.py",), ("tests/test_link_rules.py", "tests/test_links.py")),
    "grants": Group(
        ("pilot_core/store/tables/reviews.py",),
        ("tests/test_link_rules.py", "tests/test_links.py", "tests/test_comments.py"),
    ),
    "recommendation": Group(
        ("pilot_core/insight/recommend.py", "pilot_core/insight/facts.py", "pilot_core/insight/next_outcomes.py"),
        ("tests/test_recommendation_words.py", "tests/test_recommendation.py", "tests/test_true_sentences.py"),
    ),
    "programme": Group(
        (
            "pilot_core/insight/programme_verdict.py",
            "pilot_core/insight/guardrails.py",
            "pilot_core/insight/posterior.py",
        ),
        ("tests/test_programme.py", "tests/test_trust.py"),
    ),
}


def main() -> int:
    """Run the groups, print what went unnoticed, and return 1 if a reason is missing."""
    asked = os.environ.get("MUTANTS", "").split() or list(GROUPS)
    explained = set(re.findall(r"`(pilot_core\.\S+__mutmut_\d+)`", REASONS.read_text(encoding="utf-8")))
    missing = []
    for name in asked:
        total, unnoticed = run(GROUPS[name])
        same = [mutant for mutant, text in unnoticed.items() if is_same_sql(mutant, text)]
        print(f"{name}: {total} mutants, {len(unnoticed)} unnoticed, {len(same)} of them the same SQL", flush=True)
        for mutant, text in unnoticed.items():
            if mutant not in explained and mutant not in same:
                missing.append(mutant)
                print(f"\n{mutant}\n{text}", flush=True)
    return 1 if missing else 0


def run(group: Group) -> tuple[int, dict[str, str]]:
    """Return how many mutants the group has, and the changes that no test noticed, by the mutant's name."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy, told = Path(folder, "copy"), Path(folder, "results")
        _copy_repository(copy)
        with chdir(copy):
            shown = {name: text for module in group.modules for name, text in _mutated(module).items()}
        Path(folder, "names").write_text(json.dumps(list(shown)), encoding="utf-8")
        plain = ["-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:rerunfailures", "--engine", "duckdb"]
        command = [sys.executable, "-m", "pytest", *plain, "-p", "scripts.mutant_session", *group.tests]
        done = subprocess.run(
            [*command, "--basetemp", str(Path(folder, "files"))],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy), "MUTANTS_FOLDER": folder},
            capture_output=True,
            text=True,
        )
        if done.returncode or not told.exists():
            raise SystemExit(f"the tests could not run: {done.stdout[-4000:]}{done.stderr[-2000:]}")
        results = json.loads(told.read_text(encoding="utf-8"))
        unnoticed = [name for name in shown if results[name] != NOTICED]
        return len(shown), {name: f"{results[name]}\n{shown[name]}" for name in unnoticed}


def is_same_sql(mutant: str, shown: str) -> bool:
    """Whether a mutant writes a statement or a column's name in another letter case, which engines do not tell apart.

    ``shown`` is the difference between the two. Text in a statement, in single quotes, is told apart.
    """
    lines = shown.splitlines()
    before = [line[1:] for line in lines if line.startswith("-") and not line.startswith("---")]
    after = [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]
    same = [line.casefold() for line in before] == [line.casefold() for line in after]
    return mutant.startswith("pilot_core.store.tables.") and same and not any("'" in line for line in before)


def _copy_repository(copy: Path) -> None:
    """Copy the files that git knows, with the settings that mutmut asks for."""
    for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)


def _mutated(module: str) -> dict[str, str]:
    """Put all mutants of a module in its place, and return each as the difference from its function."""
    path = Path(module)
    made = mutate_file_contents(module, path.read_text(encoding="utf-8"))
    path.write_text(made.code, encoding="utf-8")
    lines, spans = made.code.splitlines(), made.line_span_by_function_name

    def text_of(name: str) -> list[str]:
        found = lines[spans[name].start - 1 : spans[name].end]
        return [line.replace(name, name.partition("__mutmut_")[0]) for line in found]

    shown = {}
    for name in made.mutant_names:
        before = f"{name.partition('__mutmut_')[0]}__mutmut_orig"
        difference = difflib.unified_diff(text_of(before), text_of(name), lineterm="", n=1)
        shown[get_mutant_name(path, name)] = "\n".join(list(difference)[2:])
    return shown


if __name__ == "__main__":
    sys.exit(main())
