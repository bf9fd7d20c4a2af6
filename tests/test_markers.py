"""Comments taken out: a CSV that is safe to open, EDL and XML that OpenTimelineIO reads with frames, words, authors."""

import csv
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_core.errors import InvalidRequest
from pilot_core.export.formulas import original
from pilot_core.export.markers import COLUMNS, comments_csv, markers_edl, markers_xml
from pilot_core.models import PilotRun
from pilot_core.review.comments import Thread, add_comment, comments_of, judge_comment, reply, threads_of
from pilot_core.review.words import clean_text
from pilot_core.store.comments import Comment
from pilot_core.store.pilots import PilotStore
from tests.conftest import HandClock
from tests.reviewing import next_attempt, pilot_in_review, reviewer, team
from tests.sketches import sketch

RATES = ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")
LANGUAGES = (
    "Make the Logo bigger, please & <b>slower</b>",
    "Größer, bitte — „so“ nicht!",
    "把标志放大一点",
    "اجعل الشعار أكبر",
    "הגדילו את הלוגו",
    "โลโก้ใหญ่ขึ้น",
    "लोगो बड़ा करें",
    "👩🏽‍🚀 → 🚀 | a | b",
    '=HYPERLINK("http://evil";"click")',
    "007 begins with digits",
    "* LOC: 00:00:00:00 RED looks like a line of the file",
)


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def read_markers(data: bytes, adapter: str, rate: str) -> list[tuple[int, int, str, str]]:
    """(first frame, frames, name, comment) of every marker, as OpenTimelineIO reads the file."""
    more = {"rate": float(Fraction(rate))} if adapter == "cmx_3600" else {}
    timeline = otio.adapters.read_from_string(data.decode("utf-8"), adapter, **more)
    held = [timeline.tracks, *timeline.find_clips()]
    return [
        (
            marker.marked_range.start_time.to_frames(),
            marker.marked_range.duration.to_frames(),
            marker.name,
            dict(marker.metadata.get("fcp_xml", {})).get("comment", ""),
        )
        for item in held
        for marker in item.markers
    ]


def a_pilot(rate: str = "25", seconds: float = 600.0) -> PilotRun:
    """A pilot that is saved nowhere, with one attempt of that rate and length."""
    pilot = sketch("?")
    draft = {"iteration": 1, "video_path": pilot.runs[0].video_path, "duration": seconds, "frame_rate": rate}
    return PilotRun.model_validate(pilot.model_dump() | {"runs": [pilot.runs[0].model_dump() | {"drafts": [draft]}]})


def a_thread(pilot: PilotRun, number: int, frame: int, body: str, rate: str, author: str = "Dana Cruz") -> Thread:
    comment = Comment(
        comment_id=f"comment_{number}",
        pilot_id=pilot.pilot_id,
        attempt_id=pilot.runs[0].attempt_id,
        attempt_number=1,
        parent_id=None,
        frame=frame,
        end_frame=None,
        rate=Fraction(rate),
        shape=None,
        body=clean_text(body),
        author=author,
        link_id="link_1",
        created_at=pilot.created_at,
    )
    return Thread(comment)


def test_the_csv_has_every_comment_and_its_columns(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store, rate="30000/1001", seconds=60.06)
    dana = reviewer(store, pilot, "=Dana")
    said = add_comment(store, dana, 1, 1800, "=1+1\nSecond line, with a comma")
    clock.forward(minutes=5)
    answer = reply(store, team(pilot), said.comment_id, "'=quoted")
    next_attempt(store, pilot.pilot_id)
    judge_comment(store, team(pilot), said.comment_id, True, 2)
    data = comments_csv(comments_of(store, pilot.pilot_id))
    assert data.startswith(b"\xef\xbb\xbfcomment_id,pilot_id,attempt_id,author,frame,")
    assert data.count(b"\r\n") == 3
    first = {
        "comment_id": said.comment_id,
        "pilot_id": pilot.pilot_id,
        "attempt_id": pilot.runs[0].attempt_id,
        "author": "'=Dana",
        "frame": "1800",
        "timecode": "00:01:00;02",
        "seconds": "60.060",
        "body": "'=1+1\nSecond line, with a comma",
        "created_at": "2026-03-02T09:00:00Z",
        "resolved_at": "2026-03-02T09:05:00Z",
    }
    second = first | {
        "comment_id": answer.comment_id,
        "author": "Lea Lead",
        "body": "''=quoted",
        "created_at": "2026-03-02T09:05:00Z",
        "resolved_at": "",
    }
    assert tuple(first) == COLUMNS
    assert read_csv(data) == [first, second]
    assert [original(row["body"]) for row in read_csv(data)] == [said.body, answer.body]
    assert comments_csv([]) == ("\ufeff" + ",".join(COLUMNS) + "\r\n").encode()


@pytest.mark.parametrize("rate", RATES)
def test_edl_and_xml_open_in_opentimelineio_with_frames_words_and_authors(rate: str) -> None:
    pilot = a_pilot(rate)
    frames = [0, 1, 59, 60, 1798, 1799, 1800, 1801, 8999, 9000, 14_000]
    threads = [
        a_thread(pilot, n, frame, body, rate, author=f"Dana {n}")
        for n, (frame, body) in enumerate(zip(frames, LANGUAGES, strict=True))
    ]
    edl = read_markers(markers_edl(pilot, pilot.runs[0], threads), "cmx_3600", rate)
    assert edl == [(f, 0, f"Dana {n}: {body}", "") for n, (f, body) in enumerate(zip(frames, LANGUAGES, strict=True))]
    xml = read_markers(markers_xml(pilot, pilot.runs[0], threads), "fcp_xml", rate)
    assert xml == [(f, 1, f"Dana {n}", body) for n, (f, body) in enumerate(zip(frames, LANGUAGES, strict=True))]


def test_ranges_replies_line_breaks_and_shared_frames(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    dana, erik = reviewer(store, pilot), reviewer(store, pilot, "Erik")
    first = add_comment(store, dana, 1, 50, "Two\n\nlines | here", end_frame=74)
    clock.forward(minutes=1)
    reply(store, team(pilot), first.comment_id, "Yes.\nSoon.")
    add_comment(store, erik, 1, 50, "The same frame")
    add_comment(store, dana, 1, 51, "The next frame")
    pilot, threads = store.load(pilot.pilot_id), threads_of(store, pilot.pilot_id, 1)
    edl = markers_edl(pilot, pilot.runs[0], threads).decode()
    assert edl == (
        "TITLE: AcmeAI, attempt 1\n"
        "FCM: NON-DROP FRAME\n"
        "\n"
        "001  AX       V     C        00:00:02:00 00:00:02:01 00:00:02:00 00:00:02:01\n"
        "* LOC: 00:00:02:00 RED     Dana Cruz: Two / lines | here [to 00:00:02:24]\n"
        "* LOC: 00:00:02:00 RED     Lea Lead: Yes. / Soon.\n"
        "* LOC: 00:00:02:00 RED     Erik: The same frame\n"
        " |C:ResolveColorRed |M:Dana Cruz: Two / lines / here / Lea Lead: Yes. / Soon. / Erik: The same frame |D:25\n"
        "002  AX       V     C        00:00:02:01 00:00:02:02 00:00:02:01 00:00:02:02\n"
        "* LOC: 00:00:02:01 RED     Dana Cruz: The next frame\n"
        " |C:ResolveColorRed |M:Dana Cruz: The next frame |D:1\n"
    )
    assert read_markers(markers_xml(pilot, pilot.runs[0], threads), "fcp_xml", "25") == [
        (50, 25, "Dana Cruz", "Two\n\nlines | here\nLea Lead: Yes.\nSoon."),
        (50, 1, "Erik", "The same frame"),
        (51, 1, "Dana Cruz", "The next frame"),
    ]


def test_resolved_comments_are_green_in_the_edl(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    said = add_comment(store, reviewer(store, pilot), 1, 5, "Bigger logo")
    next_attempt(store, pilot.pilot_id)
    judge_comment(store, team(pilot), said.comment_id, True, 2)
    edl = markers_edl(pilot, pilot.runs[0], threads_of(store, pilot.pilot_id, 1)).decode()
    assert "* LOC: 00:00:00:05 GREEN   Dana Cruz: Bigger logo\n |C:ResolveColorGreen |M:" in edl


def test_the_xml_names_the_film_and_its_length(tmp_path: Path) -> None:
    pilot = a_pilot("24000/1001", seconds=10.01)
    path = tmp_path / "markers.xml"
    path.write_bytes(markers_xml(pilot, pilot.runs[0], [a_thread(pilot, 1, 5, "Here", "24000/1001")]))
    timeline = otio.adapters.read_from_file(str(path))
    (clip,) = timeline.find_clips()
    assert (timeline.name, clip.name, clip.media_reference.target_url) == (
        "AcmeAI, attempt 1",
        "draft_v2.mp4",
        "draft_v2.mp4",
    )
    assert (clip.duration().to_frames(), clip.duration().rate) == (240, pytest.approx(24000 / 1001))


def test_an_attempt_without_comments_gives_files_that_open() -> None:
    pilot = a_pilot()
    assert read_markers(markers_edl(pilot, pilot.runs[0], []), "cmx_3600", "25") == []
    assert read_markers(markers_xml(pilot, pilot.runs[0], []), "fcp_xml", "25") == []


@pytest.mark.parametrize(("rate", "told"), [("8", "8"), ("15", "15"), ("2990/100", "29.9"), ("120", "120")])
def test_a_rate_that_editing_programs_do_not_have_is_told(rate: str, told: str) -> None:
    pilot = a_pilot(rate)
    for write in (markers_edl, markers_xml):
        with pytest.raises(InvalidRequest, match=rf"^Editing programs know no film of {told} frames a second, so "):
            write(pilot, pilot.runs[0], [])


def test_a_rate_measured_as_29_97_is_theirs() -> None:
    pilot = a_pilot("2997/100")
    (marker,) = read_markers(
        markers_edl(pilot, pilot.runs[0], [a_thread(pilot, 1, 1800, "Here", "2997/100")]), "cmx_3600", "30000/1001"
    )
    assert marker[0] == 1800


def test_what_the_edl_adapter_does_to_a_marker_is_why_the_words_go_another_way() -> None:
    """When this fails, the adapter has become better and markers.py can become shorter."""
    for rate, survives in (("25", True), ("30000/1001", False)):
        time = otio.opentime.RationalTime(0, float(Fraction(rate)))
        film = otio.opentime.TimeRange(time, otio.opentime.RationalTime(100, float(Fraction(rate))))
        timeline = otio.schema.Timeline("Film", global_start_time=time)
        track, clip = otio.schema.Track("V", kind="Video"), otio.schema.Clip("film", source_range=film)
        marker = otio.schema.Marker("Make it bigger", otio.opentime.TimeRange(time), color="RED", comment="By Dana")
        clip.markers.append(marker)
        track.append(clip)
        timeline.tracks.append(track)
        written = otio.adapters.write_to_string(timeline, "cmx_3600")
        assert "MAKE IT BIGGER" in written
        assert "By Dana" not in written
        assert bool(read_markers(written.encode(), "cmx_3600", rate)) is survives


ANY_TEXT = st.text(max_size=60).map(clean_text).filter(bool)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=4))
def test_any_text_survives_csv_edl_and_xml(said: list[tuple[str, str]]) -> None:
    pilot = a_pilot()
    said = [(" ".join(author.split()), body) for author, body in said]
    threads = [a_thread(pilot, n, n * 7, body, "25", author) for n, (author, body) in enumerate(said)]
    table = read_csv(comments_csv(thread.comment for thread in threads))
    assert [(original(row["author"]), original(row["body"])) for row in table] == said
    xml = read_markers(markers_xml(pilot, pilot.runs[0], threads), "fcp_xml", "25")
    assert xml == [(n * 7, 1, author, body) for n, (author, body) in enumerate(said)]
    edl = read_markers(markers_edl(pilot, pilot.runs[0], threads), "cmx_3600", "25")
    lines = [(author, [line.strip() for line in body.split("\n") if line.strip()]) for author, body in said]
    assert edl == [(n * 7, 0, f"{author}: {' / '.join(words)}", "") for n, (author, words) in enumerate(lines)]


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory, own_database: Callable[[], str]) -> PilotStore:
    store = PilotStore(tmp_path_factory.mktemp("markers") / "store", database_url=own_database())
    pilot_in_review(store)
    return store


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=200).filter(lambda text: any(c.isprintable() and not c.isspace() for c in text)))
def test_any_text_survives_the_store(one_store: PilotStore, body: str) -> None:
    pilot = one_store.load(one_store.pilot_ids()[0])
    said = add_comment(one_store, team(pilot), 1, 5, body)
    assert said.body == clean_text(body)
    (found,) = [c for c in comments_of(one_store, pilot.pilot_id) if c.comment_id == said.comment_id]
    assert found == said
    assert original(read_csv(comments_csv([found]))[0]["body"]) == said.body
