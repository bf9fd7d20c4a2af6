"""``python -m bench [--keep] [SECTION …]``: benchmarks, each measured beside the usual alternative.

Writes ``bench/results.json`` and ``bench/report.html``, and prints each line as it is measured and what changed since
the baseline run. ``--keep`` makes this run the new baseline. Sections: film, lists, writing, numbers, screen, phone,
crowd, growth. If only some sections are run, the lines of the others keep their last results. Each section has its own
time and system load.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import report, rows
from bench.engines import SETTING
from bench.growth import SIZES, growth
from bench.rows import Row
from pilot_core.settings import ROOT

HERE = ROOT / "bench"
RESULTS, KEPT = HERE / "results.json", HERE / "kept.json"
LIBRARIES = ("duckdb", "streamlit", "pandas", "av", "pillow", "numpy")


def main(asked: list[str]) -> int:
    """Run the sections. Returns the exit code: 1 if a target is missed."""
    keep = "--keep" in asked
    sections = [name for name in asked if name != "--keep"] or list(rows.SECTIONS)
    if unknown := set(sections) - set(rows.SECTIONS):
        print(f"There is no section {', '.join(sorted(unknown))}; choose among {', '.join(rows.SECTIONS)}.")
        return 2
    # Each benchmark store is a folder, and growth has its own databases too.
    os.environ.pop(SETTING, None)
    begun = time.monotonic()
    results = {"rows": [], "growth": {}} if sections == list(rows.SECTIONS) else _earlier()
    with tempfile.TemporaryDirectory(prefix="pilot-ops-bench-") as folder:
        stores, states = _prepared(Path(folder), sections)
        for section in sections:
            found = list(_rows(section, stores, states, Path(folder)))
            results["rows"] = _put(results["rows"], section, found)
        if "growth" in sections:
            results["growth"] = growth(stores, Path(folder) / "on_postgres")
    results |= {
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "system": platform.platform(terse=True),
        },
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
    } | _now()
    before = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else None
    for line in report.changes(results, before):
        print(line)
    for path in [RESULTS, KEPT] if keep else [RESULTS]:
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (HERE / "report.html").write_text(report.page(results, before), "utf-8")
    print(f"{results['minutes']} minutes; see {RESULTS.relative_to(ROOT)} and bench/report.html")
    return int(not all(row["kept"] for row in results["rows"]))


def _earlier() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {"rows": [], "growth": {}}
    return found


def _put(standing: list[dict[str, Any]], section: str, found: list[Row]) -> list[dict[str, Any]]:
    """Return the rows with a section's earlier ones replaced by ``found``."""
    new = [asdict(row) | {"section": section} | _now() for row in found]
    merged = [row for row in standing if row["section"] != section] + new
    return sorted(merged, key=lambda row: rows.SECTIONS.index(row["section"]))


def _now() -> dict[str, Any]:
    """Return the time, the commit, and the machine's load in the last minute."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"when": now, "commit": _commit(), "load": round(os.getloadavg()[0], 1)}


def _prepared(folder: Path, sections: list[str]) -> tuple[dict[int, Path], Path]:
    """Return stores by size and a folder of state files. Separate processes fill them, so that this one stays small."""
    if not {"lists", "writing", "numbers", "screen", "growth"} & set(sections):
        return {}, folder
    sizes = [size for size in SIZES if size < rows.MANY or {"numbers", "growth"} & set(sections)]
    stores = {size: folder / f"store_{size}" for size in sizes}
    for size, root in stores.items():
        subprocess.run([sys.executable, "-m", "bench.fill", root, str(size)], cwd=ROOT, check=True)
    states = folder / "states"
    code = "import sys; from pathlib import Path; from bench.fill import state_files_of; "
    code += "from pilot_core import PilotStore; state_files_of(PilotStore(sys.argv[1]), Path(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", code, stores[rows.IMPORTED], states], cwd=ROOT, check=True)
    for file in states.iterdir():  # otherwise the server of the screen section writes them at its start
        (stores[rows.IMPORTED] / file.name).hardlink_to(file)
    return stores, states


def _rows(section: str, stores: dict[int, Path], states: Path, folder: Path) -> Iterator[Row]:
    work: dict[str, Callable[[], Iterator[Row]]] = {
        "film": lambda: rows.film(folder),
        "lists": lambda: rows.lists(stores, states),
        "writing": lambda: rows.writing(stores, states),
        "numbers": lambda: rows.numbers(stores),
        "screen": lambda: rows.screen(stores),
        "phone": lambda: rows.phone(folder / "phone"),
        "crowd": lambda: rows.crowd(folder / "crowd"),
    }
    for row in work[section]() if section in work else ():
        print(report.line(row), flush=True)
        yield row


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
