"""The rows of the results table: each benchmark and its rival, run one after the other on the same work."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.alone import Side, alone, in_turns

MOVIEPY = Path(".venv/moviepy/bin/python")
MANY, IMPORTED = 100_000, 10_000
SECTIONS = ("film", "lists", "writing", "numbers", "screen", "phone", "crowd", "growth")


@dataclass
class Row:
    """One result. Times are in seconds, memory in MB.

    ``ratio`` is the figure that the target applies to: how many times as fast, how many times as long, or how much
    longer. ``same`` is whether both sides gave the same result, or None if they cannot be compared.
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
    """Measure a 30 s video. MoviePy has its own Python, because it needs an older Pillow."""
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
    """Measure reading: lists, a page, documents, the command."""
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
    """Measure saving and importing."""
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
    """Measure metrics and export."""
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
    """Measure the dashboard in a real browser, if one is installed."""
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


def phone(folder: Path) -> Iterator[Row]:
    """Measure the review room on a phone's network, compared with a bare page of the same video."""
    from bench.phone import KILOBYTES, PLAY_RATIO, REQUESTS, WORDS_SECONDS

    for network, told in alone("bench.phone:measured", root=folder).notes.items():
        light = told["kilobytes"] <= KILOBYTES and told["requests"] <= REQUESTS
        yield Row(
            f"first words at {network}",
            "review link opened, empty cache",
            told["words"],
            "a bare page of the video",
            told["bare_words"],
            f"≤ {WORDS_SECONDS:g} s; ≤ {KILOBYTES} KB, ≤ {REQUESTS} requests before poster and video",
            f"{told['words']:.2f} s; {told['kilobytes']:.0f} KB, {told['requests']} requests",
            told["words"] <= WORDS_SECONDS and light,
        )
        ratio = told["play"] / told["bare_play"]
        yield Row(
            f"can play at {network}",
            "review link opened, empty cache",
            told["play"],
            "a bare page of the video",
            told["bare_play"],
            f"≤ {PLAY_RATIO:g}× its time",
            f"{ratio:.2f}×",
            ratio <= PLAY_RATIO,
        )
        if through := told.get("stalls"):
            stood = sum(through["stood"])
            yield Row(
                f"a delivered video of 8 Mbit/s at {network}",
                f"{through['video']} played to its end",
                stood,
                "",
                None,
                "never stands still",
                f"{stood:.1f} s, {len(through['stood'])} times",
                not through["stood"],
            )


def crowd(folder: Path) -> Iterator[Row]:
    """Measure many simultaneous visitors: the founders alone, then with leads."""
    from bench.crowd import EMPTY, FOUNDERS, LEADS, REQUEST_SECONDS, slowest

    side = alone("bench.crowd:founders", root=folder / "founders")
    slow, (_, _, empty, _) = slowest(side.notes), side.notes["by_kind"][EMPTY]
    target = f"0 errors, p95 of any request ≤ {REQUEST_SECONDS * 1000:.0f} ms, memory flat"
    yield _visitors(f"{FOUNDERS} founders for 60 s", side, slow, empty, target, slow <= REQUEST_SECONDS)
    side = alone("bench.crowd:crowd", root=folder / "crowd")
    p95, (_, _, empty, _) = side.notes["p95"], side.notes["by_kind"][EMPTY]
    target = "0 errors, p95 of requests and reruns ≤ 1 s, memory flat"
    yield _visitors(f"{FOUNDERS} founders and {LEADS} leads for 60 s", side, p95, empty, target, p95 <= 1)


def _visitors(name: str, side: Side, p95: float, empty: float, target: str, quick: bool) -> Row:
    notes, found = side.notes, side.found
    grown = notes["memory"][-1] / notes["memory"][-8:][0] - 1
    kinds = ", ".join(
        f"{kind} {1000 * p50:.0f}/{1000 * high:.0f}/{1000 * top:.0f}"
        for kind, (_, p50, high, top) in notes["by_kind"].items()
    )
    return Row(
        name,
        f"{found['requests']} requests, {found['comments']} comments",
        p95,
        "an empty route, in the same run",
        empty,
        target,
        f"{found['errors']} errors, p95 {p95:.2f} s, memory {grown:+.0%} over the last half",
        not found["errors"] and quick and grown < 0.05,
        notes["server_peak"],
        None,
        found["comments"] == found["kept"],
        f"ms at p50/p95/p99: {kinds}; {notes['memory_before']:.0f} MB before, {notes['memory'][-1]:.0f} MB at the end"
        + "".join(f"; {said}" for said in notes["said"]),
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
