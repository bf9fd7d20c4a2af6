"""Exported comments: CSV, EDL, FCP 7 XML and FCPXML are read back with their frames, ranges, colours and words."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.attempt import Draft, SlaCheck
from pilot_core.domain.comments import Anchor, Comment, Shape
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest
from pilot_core.export.bundle import csv_chunks
from pilot_core.export.comments import comments_csv
from pilot_core.export.edl import markers_edl
from pilot_core.export.fcp7_xml import markers_xml
from pilot_core.export.fcpxml import markers_fcpxml
from pilot_core.export.marked_video import MarkedVideo, marked_video
from pilot_core.export.markers import MARKER_FORMATS, markers_of
from pilot_core.formulas import original
from pilot_core.insight.cohort import Cohort
from pilot_core.review.comments import Thread, add_comment, comments_of, judge_comment, reply, threads_of
from pilot_core.review.words import clean_text
from pilot_core.store.queries.export_columns import COMMENTS
from pilot_core.timecode import frame_to_timecode, timecode_to_frame
from pilot_core.web.components.comment_markers import comment_markers
from tests.conftest import HandClock
from tests.reviewing import next_attempt, pilot_in_review, reviewer, team
from tests.sketches import sketch

RATES = ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")
DROP_FRAME = ("30000/1001", "60000/1001")
HOUR = "01:00:00:00"
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


COLOURS = {"open": "BLUE", "not addressed": "RED", "addressed": "GREEN"}
LOCATOR = re.compile(r"\* LOC: ([0-9:;]{11}) ([A-Z]+) +(.*)")
RESOLVE = re.compile(r" \|C:ResolveColor([A-Z][a-z]+) \|M:([^|]*) \|D:([0-9]+)")
# What Apple's document type definition of FCPXML 1.10 allows of the elements in use: children in order, attributes
# that must be there, and further ones.
GRAMMAR = {
    "fcpxml": ("resources event", "version", ""),
    "resources": ("format asset", "", ""),
    "format": ("", "id", "name frameDuration width height"),
    "asset": ("media-rep", "id", "name start duration hasVideo hasAudio format"),
    "media-rep": ("", "src", "kind"),
    "event": ("project", "", "name"),
    "project": ("sequence", "", "name"),
    "sequence": ("spine", "format", "duration tcStart tcFormat"),
    "spine": ("asset-clip", "", ""),
    "asset-clip": ("marker*", "ref", "name offset start duration tcFormat"),
    "marker": ("", "start value", "duration completed note"),
}


class Read(NamedTuple):
    """A marker as it was read back: its frames, counted from 0, its colour and its words."""

    first: int
    frames: int
    colour: str
    author: str
    words: str


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def read_with_otio(data: bytes, adapter: str, rate: str) -> list[otio.schema.Marker]:
    more = {"rate": float(Fraction(rate))} if adapter == "cmx_3600" else {}
    timeline = otio.adapters.read_from_string(data.decode("utf-8"), adapter, **more)
    return [marker for item in (timeline.tracks, *timeline.find_clips()) for marker in item.markers]


def read_xml(data: bytes) -> list[Read]:
    """Return the markers of FCP 7 XML as OpenTimelineIO reads them."""
    found = []
    for marker in read_with_otio(data, "fcp_xml", ""):
        seen = dict(marker.metadata["fcp_xml"])
        colour = {name: int(part) for name, part in dict(seen["color"]).items()}
        blue, green, red = ((int(seen["pproColor"]) >> shift) & 255 for shift in (16, 8, 0))
        assert (colour["red"], colour["green"], colour["blue"]) == (red, green, blue)
        shade = {max(red, green, blue): name for name, value in (("RED", red), ("GREEN", green), ("BLUE", blue))
                 if value == max(red, green, blue)}  # fmt: skip
        span = marker.marked_range
        found.append(
            Read(span.start_time.to_frames(), span.duration.to_frames(), *shade.values(), marker.name, seen["comment"])
        )
    return found


def read_edl(data: bytes, rate: str, start: str = HOUR) -> list[tuple[int, str, str]]:
    """Return (frame, colour, words) of every locator, read from its line."""
    exact = Fraction(rate)
    if rate in DROP_FRAME:
        start = start[:8] + ";" + start[9:]
    zero = timecode_to_frame(start, exact)
    lines = [LOCATOR.fullmatch(line) for line in data.decode().split("\n")]
    return [(timecode_to_frame(found[1], exact) - zero, found[2], found[3]) for found in lines if found]


def read_fcpxml(data: bytes, rate: str) -> list[Read]:
    """Return the markers of FCPXML, after checking the file against ``GRAMMAR``."""
    root = ElementTree.fromstring(data)
    for element in root.iter():
        children, required, further = GRAMMAR[element.tag]
        pattern = "".join(f"(?:{name.rstrip('*')} ){'*' if name.endswith('*') else ''}" for name in children.split())
        assert re.fullmatch(pattern, "".join(f"{child.tag} " for child in element)), element.tag
        assert set(required.split()) <= set(element.attrib) <= {*required.split(), *further.split()}, element.tag
    frame = seconds(root.find(".//format").attrib["frameDuration"])
    assert frame == 1 / Fraction(rate)
    return [fcpxml_marker(marker, frame) for marker in root.iter("marker")]


def fcpxml_marker(marker: ElementTree.Element, frame: Fraction) -> Read:
    first, frames = (seconds(marker.attrib[name]) / frame for name in ("start", "duration"))
    assert (first.denominator, frames.denominator) == (1, 1)
    author, _, body = marker.attrib["value"].partition(": ")
    words = "\n".join([body, *([marker.attrib["note"]] if "note" in marker.attrib else [])])
    colour = {None: "BLUE", "0": "RED", "1": "GREEN"}[marker.get("completed")]
    return Read(int(first), int(frames), colour, author, words)


def seconds(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def a_pilot(rate: str = "25", seconds: float = 600.0) -> PilotRun:
    """Return an unsaved pilot with one attempt of that frame rate and length."""
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


def video_of(pilot: PilotRun, threads: list[Thread], **options: bool) -> MarkedVideo:
    return marked_video(pilot, pilot.runs[0], threads, **options)


def test_the_csv_has_every_comment_and_its_columns(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store, rate="30000/1001", seconds=120.12)
    dana = reviewer(store, pilot, "=Dana")
    said = add_comment(
        store, dana, 1, Anchor(1800, 1850, Shape(0.25, 0.5, 0.1, 0.2)), "=1+1\nSecond line, with a comma"
    )
    clock.forward(minutes=5)
    answer = reply(store, team(pilot), said.comment_id, "'=quoted;-1")
    clock.forward(minutes=1)
    point = add_comment(store, dana, 1, Anchor(1801, None, Shape(0.5, 0.5)), "Here")
    unjudged = add_comment(store, dana, 1, Anchor(1802), "Open")
    next_attempt(store, pilot.pilot_id)
    judge_comment(store, team(pilot), said.comment_id, True, 2)
    judge_comment(store, team(pilot), point.comment_id, False, 2)
    data = comments_csv(store, pilot.pilot_id)
    assert data.startswith(b"\xef\xbb\xbfcomment_id,pilot_id,attempt_id,author,frame,")
    assert data.count(b"\r\n") == 5
    first = {
        "comment_id": said.comment_id,
        "pilot_id": pilot.pilot_id,
        "attempt_id": pilot.runs[0].attempt_id,
        "author": "'=Dana",
        "frame": "1800",
        "timecode": "00:01:00;02",
        "seconds": "60.06",
        "body": "'=1+1\nSecond line, with a comma",
        "created_at": "2026-03-02T09:00:00Z",
        "resolved_at": "2026-03-02T09:06:00Z",
        "end_frame": "1850",
        "source_seconds": "60.06",
        "parent_comment_id": "",
        "mark": "[0.25, 0.5, 0.1, 0.2]",
        "status": "addressed",
        "attachment": "",
    }
    second = first | {
        "comment_id": answer.comment_id,
        "author": "Lea Lead",
        "body": "''=quoted;'-1",
        "created_at": "2026-03-02T09:05:00Z",
        "resolved_at": "",
        "parent_comment_id": said.comment_id,
        "mark": "",
        "status": "",
    }
    rows = read_csv(data)
    assert list(first) == [column.name for column in COMMENTS.columns]
    assert rows[:2] == [first, second]
    wanted = ("comment_id", "frame", "timecode", "end_frame", "mark", "status", "resolved_at")
    assert [[row[name] for name in wanted] for row in rows[2:]] == [
        [point.comment_id, "1801", "00:01:00;03", "", "[0.5, 0.5, 0.0, 0.0]", "not addressed", ""],
        [unjudged.comment_id, "1802", "00:01:00;04", "", "", "open", ""],
    ]
    assert [original(row["body"]) for row in rows] == [said.body, answer.body, "Here", "Open"]
    assert data == b"".join(csv_chunks(store, "comments", Cohort()))


def test_a_pilot_without_comments_has_a_csv_of_headers(store: PilotStore) -> None:
    names = ",".join(column.name for column in COMMENTS.columns)
    assert comments_csv(store, pilot_in_review(store).pilot_id) == f"\ufeff{names}\r\n".encode()


@pytest.mark.parametrize("rate", RATES)
def test_edl_xml_and_fcpxml_are_read_back_with_frames_ranges_colours_and_words(rate: str) -> None:
    pilot = a_pilot(rate)
    frames = [0, 1, 59, 60, 1798, 1799, 1800, 1801, 8999, 9000, 14_000]
    judged = [None, False, True]
    made = [
        a_thread(pilot, n, frame, body, rate, author=f"Dana {n}")
        for n, (frame, body) in enumerate(zip(frames, LANGUAGES, strict=True))
    ]
    threads = [
        Thread(replace(thread.comment, end_frame=thread.comment.frame + n or None, addressed=judged[n % 3]))
        for n, thread in enumerate(made)
    ]
    video = video_of(pilot, threads)
    expected = [
        Read(t.comment.frame, n + 1, COLOURS[t.comment.status], f"Dana {n}", t.comment.body)
        for n, t in enumerate(threads)
    ]
    assert read_xml(markers_xml(video)) == expected
    assert read_fcpxml(markers_fcpxml(video), rate) == expected
    edl = markers_edl(video)
    exact = Fraction(rate)
    zero = timecode_to_frame("01:00:00;00" if rate in DROP_FRAME else HOUR, exact)
    ends = [f" [to {frame_to_timecode(zero + read.first + read.frames - 1, exact)}]" for read in expected]
    located = [
        (read.first, read.colour, f"{read.author}: {read.words}{end if read.frames > 1 else ''}")
        for read, end in zip(expected, ends, strict=True)
    ]
    assert read_edl(edl, rate) == located
    events = list(otio.adapters.read_from_string(edl.decode(), "cmx_3600", rate=float(exact)).find_clips())
    assert [event.source_range.start_time.to_frames() - zero for event in events] == frames
    assert {event.source_range.duration.to_frames() for event in events} == {1}
    assert {event.name for event in events} == {"draft_v2.mp4"}
    if rate not in DROP_FRAME:  # the adapter does not read the locators of these, which are drop-frame
        markers = read_with_otio(edl, "cmx_3600", rate)
        found = [(marker.marked_range.start_time.to_frames() - zero, marker.color, marker.name) for marker in markers]
        assert found == located
    resolve = [RESOLVE.fullmatch(line) for line in edl.decode().split("\n") if line.startswith(" |")]
    assert [(found[1].upper(), found[2], int(found[3])) for found in resolve] == [
        (read.colour, f"{read.author}: {read.words}".replace("|", "/"), read.frames) for read in expected
    ]


@pytest.mark.parametrize("rate", RATES)
def test_player_csv_and_edl_show_one_timecode(store: PilotStore, rate: str) -> None:
    pilot = pilot_in_review(store, rate=rate, seconds=700.0)
    dana = reviewer(store, pilot)
    frames = [0, 1799, 1800, 1801, 3599, 3600, 17_981, 17_982, 17_983]
    frames = [frame for frame in frames if frame < 700 * Fraction(rate) - 1]
    for frame in frames:
        add_comment(store, dana, 1, Anchor(frame), f"Frame {frame}")
    pilot = store.load(pilot.pilot_id)
    shown = [frame_to_timecode(marker.frame, Fraction(rate)) for marker in
             comment_markers(threads_of(store, pilot.pilot_id, 1), Fraction(rate))]  # fmt: skip
    table = read_csv(comments_csv(store, pilot.pilot_id))
    edl = markers_of(store, pilot, 1, "edl", edl_from_first_hour=False).decode()
    assert [row["timecode"] for row in table] == shown
    assert [found[1] for line in edl.split("\n") if (found := LOCATOR.fullmatch(line))] == shown
    drop = rate in DROP_FRAME
    assert f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}\n" in edl
    assert f'tcFormat="{"DF" if drop else "NDF"}"' in markers_of(store, pilot, 1, "fcpxml").decode()
    assert ("<displayformat>DF</displayformat>" in markers_of(store, pilot, 1, "xml").decode()) is drop


def test_ranges_replies_line_breaks_and_shared_frames(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    dana, erik = reviewer(store, pilot), reviewer(store, pilot, "Erik")
    first = add_comment(store, dana, 1, Anchor(50, end_frame=74), "Two\n\nlines | here")
    clock.forward(minutes=1)
    reply(store, team(pilot), first.comment_id, "Yes.\nSoon.")
    add_comment(store, erik, 1, Anchor(50), "The same frame")
    add_comment(store, dana, 1, Anchor(51), "The next frame")
    pilot, threads = store.load(pilot.pilot_id), threads_of(store, pilot.pilot_id, 1)
    edl = markers_edl(video_of(pilot, threads))
    assert edl.decode() == (
        "TITLE: AcmeAI, attempt 1\n"
        "FCM: NON-DROP FRAME\n"
        "\n"
        "001  AX       V     C        01:00:02:00 01:00:02:01 01:00:02:00 01:00:02:01\n"
        "* FROM CLIP NAME:  draft_v1.mp4\n"
        "* LOC: 01:00:02:00 BLUE    Dana Cruz: Two / lines | here [to 01:00:02:24]\n"
        "* LOC: 01:00:02:00 BLUE    Lea Lead: Yes. / Soon.\n"
        " |C:ResolveColorBlue |M:Dana Cruz: Two / lines / here / Lea Lead: Yes. / Soon. |D:25\n"
        "002  AX       V     C        01:00:02:01 01:00:02:02 01:00:02:01 01:00:02:02\n"
        "* FROM CLIP NAME:  draft_v1.mp4\n"
        "* LOC: 01:00:02:00 BLUE    Erik: The same frame\n"
        " |C:ResolveColorBlue |M:Erik: The same frame |D:1\n"
        "003  AX       V     C        01:00:02:02 01:00:02:03 01:00:02:02 01:00:02:03\n"
        "* FROM CLIP NAME:  draft_v1.mp4\n"
        "* LOC: 01:00:02:01 BLUE    Dana Cruz: The next frame\n"
        " |C:ResolveColorBlue |M:Dana Cruz: The next frame |D:1\n"
    )
    zero = 25 * 3600
    assert [marker.marked_range.start_time.to_frames() - zero for marker in read_with_otio(edl, "cmx_3600", "25")] == [
        50, 50, 50, 51,
    ]  # fmt: skip
    expected = [
        Read(50, 25, "BLUE", "Dana Cruz", "Two\n\nlines | here\nLea Lead: Yes.\nSoon."),
        Read(50, 1, "BLUE", "Erik", "The same frame"),
        Read(51, 1, "BLUE", "Dana Cruz", "The next frame"),
    ]
    assert read_xml(markers_of(store, pilot, 1, "xml")) == expected
    assert read_fcpxml(markers_of(store, pilot, 1, "fcpxml"), "25") == expected


def test_an_edl_can_start_at_zero() -> None:
    pilot = a_pilot("30000/1001")
    video = video_of(pilot, [a_thread(pilot, 1, 1800, "Here", "30000/1001")], edl_from_first_hour=False)
    assert read_edl(markers_edl(video), "30000/1001", "00:00:00:00") == [(1800, "BLUE", "Dana Cruz: Here")]
    assert "C        00:01:00;02 00:01:00;03 00:01:00;02 00:01:00;03\n" in markers_edl(video).decode()


def test_the_command_writes_one_pilots_comments(
    store: PilotStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_DATABASE_URL", getattr(store.database, "url", ""))
    pilot = pilot_in_review(store, attempts=2)
    for number, rate in ((3, "25"), (4, "17")):
        next_attempt(store, pilot.pilot_id, rate=rate)
        add_comment(store, team(pilot), number, Anchor(5), "Größer; =1")
    out, command = tmp_path / "out", ["--store", str(store.root), "--export", str(tmp_path / "out")]
    assert main([*command, "--comments", pilot.pilot_id, "--edl-from-zero"]) == 0
    pilot = store.load(pilot.pilot_id)
    attempt = pilot.runs[2].attempt_id
    names = {f"{pilot.pilot_id}_comments.csv", *(f"{attempt}_comments.{suffix}" for suffix in MARKER_FORMATS)}
    told = capsys.readouterr()
    assert set(told.out.split()[3:]) == names == {path.name for path in out.iterdir()}
    assert told.err == (
        "No markers for attempt 4. Editing programs have no frame rate of 17 frames per second, so the markers would "
        "be on wrong frames. Use the CSV instead.\n"
    )
    assert (out / f"{pilot.pilot_id}_comments.csv").read_bytes() == comments_csv(store, pilot.pilot_id)
    for suffix in MARKER_FORMATS:
        written = (out / f"{attempt}_comments.{suffix}").read_bytes()
        assert written == markers_of(store, pilot, 3, suffix, edl_from_first_hour=False)
    assert main([*command, "--edl-from-zero"]) == 2
    assert main([*command, "--comments", "pilot_20260101_00000000"]) == 2
    assert main(["--store", str(store.root), "--list", "--comments", pilot.pilot_id]) == 2


def test_xml_and_fcpxml_name_the_video_its_length_size_and_sound() -> None:
    rate, pilot = "24000/1001", a_pilot("24000/1001", seconds=10.01)
    checks = [
        SlaCheck(code="size", label="Picture size", measured="1080 × 1920", limit="1080 × 1920", passed=True),
        SlaCheck(code="audio_present", label="Sound track", measured="yes", limit="yes", passed=True),
    ]
    path = pilot.runs[0].video_path.replace("draft_v2", "Schnitt 2 – final")
    draft = Draft(iteration=2, video_path=path, duration=10.01, frame_rate=rate, checks=checks)
    measured = pilot.model_copy(deep=True)
    measured.runs[0].video_path, measured.runs[0].drafts = path, [draft]
    name, url = "Schnitt 2 – final.mp4", "Schnitt%202%20%E2%80%93%20final.mp4"
    video = video_of(measured, [a_thread(pilot, 1, 5, "Here", rate)])
    xml = markers_xml(video)
    timeline = otio.adapters.read_from_string(xml.decode(), "fcp_xml")
    (clip,) = timeline.find_clips()
    media = clip.media_reference
    assert (timeline.name, clip.name, media.name, media.target_url) == ("AcmeAI, attempt 1", name, name, url)
    assert (clip.duration().to_frames(), clip.duration().rate) == (240, pytest.approx(24000 / 1001))
    sizes = ElementTree.fromstring(xml).findall(".//samplecharacteristics")
    assert [(size.findtext("width"), size.findtext("height")) for size in sizes] == [("1080", "1920")] * 2
    root = ElementTree.fromstring(markers_fcpxml(video))
    found, asset, clip = (root.find(f".//{tag}").attrib for tag in ("format", "asset", "asset-clip"))
    assert (found["width"], found["height"]) == ("1080", "1920")
    assert (asset["name"], asset["hasAudio"], asset["duration"]) == (name, "1", "240240/24000s")
    assert (clip["name"], clip["duration"]) == (name, "240240/24000s")
    assert root.find(".//media-rep").attrib["src"] == url
    for written in (markers_xml(video_of(pilot, [])), markers_fcpxml(video_of(pilot, []))):
        assert b"width" not in written
        assert b"hasAudio" not in written


def test_a_comment_on_a_video_of_another_rate_is_on_the_same_moment() -> None:
    pilot = a_pilot("50")
    comment = replace(a_thread(pilot, 1, 100, "Here", "25").comment, end_frame=149)
    video = video_of(pilot, [Thread(comment)])
    assert [(marker.first, marker.last) for marker in video.markers] == [(200, 298)]


def test_an_attempt_without_comments_gives_files_that_open() -> None:
    pilot = a_pilot()
    video = video_of(pilot, [])
    assert read_with_otio(markers_edl(video), "cmx_3600", "25") == []
    assert read_xml(markers_xml(video)) == []
    assert read_fcpxml(markers_fcpxml(video), "25") == []


@pytest.mark.parametrize(("rate", "told"), [("8", "8"), ("15", "15"), ("2990/100", "29.9"), ("120", "120")])
def test_a_rate_that_editing_programs_do_not_have_is_told(store: PilotStore, rate: str, told: str) -> None:
    pilot = pilot_in_review(store, rate=rate)
    for suffix in MARKER_FORMATS:
        with pytest.raises(
            InvalidRequest, match=rf"^Editing programs have no frame rate of {told} frames per second, "
        ):
            markers_of(store, pilot, 1, suffix)


def test_a_rate_measured_as_29_97_is_theirs() -> None:
    pilot = a_pilot("2997/100")
    video = video_of(pilot, [a_thread(pilot, 1, 1800, "Here", "2997/100")])
    assert read_fcpxml(markers_fcpxml(video), "30000/1001")[0].first == 1800
    assert read_xml(markers_xml(video))[0].first == 1800
    assert read_edl(markers_edl(video), "2997/100")[0][0] == 1800


ANY_TEXT = st.text(max_size=60).map(clean_text).filter(bool)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=4))
def test_any_text_survives_edl_xml_and_fcpxml(said: list[tuple[str, str]]) -> None:
    pilot = a_pilot()
    said = [(" ".join(author.split()), body) for author, body in said]
    threads = [a_thread(pilot, n, n * 7, body, "25", author) for n, (author, body) in enumerate(said)]
    video = video_of(pilot, threads)
    assert read_xml(markers_xml(video)) == [Read(n * 7, 1, "BLUE", *words) for n, words in enumerate(said)]
    titles = [marker.attrib["value"] for marker in ElementTree.fromstring(markers_fcpxml(video)).iter("marker")]
    assert titles == [f"{author}: {body}" for author, body in said]
    lines = [(author, [line.strip() for line in body.split("\n") if line.strip()]) for author, body in said]
    expected = [(n * 7, "BLUE", f"{author}: {' / '.join(words)}") for n, (author, words) in enumerate(lines)]
    assert read_edl(markers_edl(video), "25") == expected
    markers = read_with_otio(markers_edl(video), "cmx_3600", "25")
    assert [(marker.marked_range.start_time.to_frames() - 90_000, marker.color, marker.name) for marker in markers] == (
        expected
    )


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory, own_database: Callable[[], str]) -> PilotStore:
    store = PilotStore(tmp_path_factory.mktemp("markers") / "store", database_url=own_database())
    pilot_in_review(store)
    return store


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=200).filter(lambda text: any(c.isprintable() and not c.isspace() for c in text)))
def test_any_text_survives_the_store(one_store: PilotStore, body: str) -> None:
    pilot = one_store.load(one_store.pilot_ids()[0])
    said = add_comment(one_store, team(pilot), 1, Anchor(5), body)
    assert said.body == clean_text(body)
    (found,) = [c for c in comments_of(one_store, pilot.pilot_id) if c.comment_id == said.comment_id]
    assert found == said
    assert {row["comment_id"]: original(row["body"]) for row in read_csv(comments_csv(one_store, pilot.pilot_id))}[
        said.comment_id
    ] == said.body
