"""The lines of the table: each one measure with its rival, run one after the other on the same work."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.alone import Side, alone, in_turns

MOVIEPY = Path(".venv/moviepy/bin/python")
MANY, IMPORTED = 100_000, 10_000
SECTIONS = ("film", "lists", "writing", "numbers", "screen", "crowd", "growth")


@dataclass
class Row:
    """One line. Seconds and MB; ``ratio`` is what the target is about: how many times as fast, or as long, or how much
    longer. ``same`` says whether both sides found the same, where they can be compared.
    """

    name: str
    work: str
    ours: float
    rival_name: str
    rival: float | None
    target: str
    told: str
    kept: bool
    ours_peak: float | None = None
    rival_peak: float | None = None
    same: bool | None = None
    note: str = ""


def film(folder: Path) -> Iterator[Row]:
    """A cut of 30 s; MoviePy has a Python of its own, since it wants an older Pillow than ours."""
    cut, encoded = in_turns("bench.film:cut", "bench.film:encoded", 3)
    work = f"{cut.found['seconds']:g} s, 1080×1920, 30 frames a second"
    same = cut.found == encoded.found
    yield _at_most("cut and its encoding", work, cut, "encoding the same frames alone", encoded, 1.25, same=same)
    if not MOVIEPY.exists():
        print(f"There is no MoviePy at {MOVIEPY}; install it with: make .venv/moviepy")
        return
    alone("bench.film:moviepy_plan", path=folder)
    rival = alone("bench.moviepy_film:build", python=MOVIEPY.absolute(), folder=folder)
    note = "MoviePy's peak leaves out the ffmpeg beside it"
    yield _faster("cut", work, cut, "the beats in MoviePy 2", rival, 10, note=note)


def lists(stores: dict[int, Path], states: Path) -> Iterator[Row]:
    """Reading: lists, a page, documents, the command."""
    ours, rival = (
        alone("bench.lists:filtered", root=stores[IMPORTED]),
        alone("bench.lists:filtered_json", folder=states),
    )
    same = ours.found == rival.found
    yield _faster(
        "list and filter", f"{IMPORTED:,} pilots, a search and two filters", ours, "state files", rival, 100, same=same
    )
    ours = alone("bench.lists:page_data", root=stores[IMPORTED])
    rival = alone("bench.lists:page_data_json", folder=states, pilot_id=ours.found["pilot_id"])
    note = "the file has no history, comments, links or reports"
    same = ours.found == rival.found
    yield _within("one pilot’s page data", f"of {IMPORTED:,}", ours, 0.010, "its state file", rival, same, note)
    yield _within("document set", "runbook and three founder documents, as text", alone("bench.lists:documents"), 0.005)
    yield _within(
        "document set, on the disk",
        "four files, each whole and waited for",
        alone("bench.lists:documents_written"),
        None,
    )
    ours, rival = alone("bench.lists:command_list", root=stores[100]), alone("bench.lists:command_pass")
    ours.peak, rival.peak = ours.notes["peak"], rival.notes["peak"]
    yield _over("--list from a cold shell", "100 pilots", ours, "python -c pass", rival, 0.6)


def writing(stores: dict[int, Path], states: Path) -> Iterator[Row]:
    """Saving and importing."""
    ours, rival = alone("bench.changes:save", root=stores[IMPORTED]), alone("bench.changes:save_json", folder=states)
    yield _at_most(
        "save one change",
        f"durably, with lock, event and state file, among {IMPORTED:,}",
        ours,
        "a JSON file with fsync",
        rival,
        3,
        same=ours.found and rival.found,
    )
    ours, rival = alone("bench.changes:take_in", folder=states), alone("bench.changes:take_in_singly", folder=states)
    row = _within(
        "import",
        f"{ours.found:,} state files into an empty store",
        ours,
        ours.found / 1000,
        "one by one (200, scaled)",
        rival,
        ours.found == rival.found,
    )
    row.target, row.told = "≥ 1,000 pilots/s", f"{ours.found / ours.median:,.0f} pilots/s"
    yield row


def numbers(stores: dict[int, Path]) -> Iterator[Row]:
    """Metrics and export."""
    root = stores[MANY]
    ours, rival = alone("bench.numbers:metrics", root=root), alone("bench.numbers:metrics_pandas", root=root)
    note = "pandas computes the measures, themes, funnel and improvement only"
    same = ours.found == rival.found
    yield _faster(
        "metrics page data", f"{MANY:,} × 5 attempts", ours, "pandas on loaded frames", rival, 5, same=same, note=note
    )
    ours, rival = alone("bench.numbers:export", root=root, times=2), alone("bench.numbers:export_pandas", root=root)
    same = ours.found == rival.found
    yield _faster("full CSV zip", f"{ours.found:,} attempts", ours, "pandas to_csv", rival, 3, same=same)


def screen(stores: dict[int, Path]) -> Iterator[Row]:
    """In a real browser, where there is one."""
    from tests.browser.serving import CHROMIUM

    if not CHROMIUM.exists():
        print(f"There is no browser at {CHROMIUM}; install it with: make tools")
        return
    rival = alone("bench.screen:empty", root=stores[10])
    ours = alone("bench.screen:dashboard", root=stores[IMPORTED])
    for name, work, part, most in (
        ("first page", "process started until the overview stands", "", 1.5),
        ("page to page", "a click in the menu until the page stands", "pages", 0.4),
        ("click to updated chart", "a filter of the metrics page, until the first chart shows it", "clicks", 0.4),
    ):
        sides = [
            Side(side.notes[part] if part else side.seconds, None, side.notes["server_peak"]) for side in (ours, rival)
        ]
        row = _over(name, f"{work}, {IMPORTED:,} pilots", sides[0], "an empty Streamlit app", sides[1], most)
        if part == "pages":
            row.note = ", ".join(f"{page} {Side(taken).median:.2f} s" for page, taken in ours.notes["by_page"].items())
        if part == "clicks":
            row.note = f"until the whole page does: {Side(ours.notes['rests']).median:.2f} s"
        yield row


def crowd(folder: Path) -> Iterator[Row]:
    """Many at once."""
    side = alone("bench.crowd:crowd", root=folder)
    notes, found = side.notes, side.found
    grown = notes["memory"][-1] / notes["memory"][-8:][0] - 1
    kinds = ", ".join(f"{kind} {p50:.2f}/{p95:.2f} s" for kind, (_, p50, p95) in notes["by_kind"].items())
    yield Row(
        "50 founders and 5 leads for 60 s",
        f"{len(side.seconds)} reruns, {found['comments']} comments, {found['pieces']} pieces of film",
        notes["p95"],
        "–",
        None,
        "0 errors, p95 rerun ≤ 1 s, memory flat",
        f"{found['errors']} errors, p95 {notes['p95']:.2f} s, memory {grown:+.0%} over the last half",
        not found["errors"] and notes["p95"] <= 1 and grown < 0.05,
        notes["server_peak"],
        None,
        found["comments"] == found["kept"],
        f"median/p95 by rerun: {kinds}" + "".join(f"; {said}" for said in notes["said"]),
    )


def _faster(name: str, work: str, ours: Side, against: str, rival: Side, times: float, **more: Any) -> Row:
    ratio = rival.median / ours.median
    return _row(name, work, ours, against, rival, f"≥ {times:g}× as fast", f"{ratio:,.1f}×", ratio >= times, **more)


def _at_most(name: str, work: str, ours: Side, against: str, rival: Side, times: float, **more: Any) -> Row:
    ratio = ours.median / rival.median
    return _row(name, work, ours, against, rival, f"≤ {times:g}× its time", f"{ratio:,.2f}×", ratio <= times, **more)


def _over(name: str, work: str, ours: Side, against: str, rival: Side, most: float) -> Row:
    over = ours.median - rival.median
    return _row(name, work, ours, against, rival, f"≤ {most:g} s over it", f"{over:+.2f} s", over <= most)


def _within(
    name: str,
    work: str,
    ours: Side,
    most: float | None,
    against: str = "–",
    rival: Side | None = None,
    same: bool | None = None,
    note: str = "",
) -> Row:
    target = f"≤ {most * 1000:g} ms" if most else "–"
    told = f"{ours.median * 1000:.1f} ms"
    return _row(name, work, ours, against, rival, target, told, most is None or ours.median <= most, same, note)


def _row(
    name: str,
    work: str,
    ours: Side,
    against: str,
    rival: Side | None,
    target: str,
    told: str,
    kept: bool,
    same: bool | None = None,
    note: str = "",
) -> Row:
    return Row(
        name,
        work,
        ours.median,
        against,
        rival.median if rival else None,
        target,
        told,
        kept and same is not False,
        ours.peak,
        rival.peak if rival else None,
        same,
        note,
    )
