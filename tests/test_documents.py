"""Every text that a founder or lead reads in a document.

Golden files are whole documents: read one before replacing it.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import meta
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pilot_core import PilotStore, catalog
from pilot_core.documents.checklists import approval_checklist, publish_checklist
from pilot_core.documents.engine import environment
from pilot_core.documents.founder import PilotRunbookBuilder, generate_founder_artifacts, render_founder_documents
from pilot_core.documents.names import FOUNDER_DOCUMENTS, REVIEW_PACK_TEXTS
from pilot_core.documents.programme import generate_programme_report
from pilot_core.documents.report import render_report
from pilot_core.documents.review_pack import render_review_pack_texts
from pilot_core.documents.text import line, md_text
from pilot_core.domain.attempt import Change, Draft, PilotRunAttempt, Shot, SlaCheck
from pilot_core.domain.brief import Brief
from pilot_core.domain.feedback import Feedback, FeedbackMode
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.insight.report import OutcomeReport, build_report
from pilot_core.services.pilots import create_pilot

GOLDEN = Path(__file__).parent / "golden"
START = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
BRIEF = Brief(
    product="Acme Notes",
    message="Your meetings write themselves",
    proof_points=["Saves 4 hours a week", "Used by 210 teams"],
    call_to_action="Try it free",
)
LENGTH = SlaCheck(code="length", label="Length", measured="48 s", limit="30–60 s", passed=True)
LOUDNESS = SlaCheck(
    code="loudness",
    label="Loudness",
    measured="−22 LUFS",
    limit="−19 to −13 LUFS",
    passed=False,
    sentence="Loudness is −22 LUFS; it must be between −19 and −13 LUFS.",
)
BLACK = SlaCheck(code="black", label="Longest black", measured="–", limit="0.5 s", passed=None)
SHOTS = [
    Shot(beat="hook", start=0, end=3.4, text="Still taking notes?"),
    Shot(beat="problem", start=3.4, end=10, text="Hours lost"),
    Shot(beat="cta", start=10, end=48.04, text="Try it free\n[link]"),
]
FIRST_DRAFT = Draft(
    iteration=1,
    video_path="a1/draft_v1.mp4",
    captions_path="a1/captions_v1.vtt",
    duration=48.04,
    shots=SHOTS,
    notes=["Opens with a question, because the brand is bold."],
    checks=[LENGTH, LOUDNESS, BLACK],
)
SECOND_DRAFT = Draft(
    iteration=2,
    video_path="a2/draft_v2.mp4",
    duration=40.8,
    shots=SHOTS[:2],
    changes=[
        Change(
            text="Opens with a number instead of a question, complete at 0.9 s instead of 2.2 s (weak hook).",
            flags=["hook_weak"],
        ),
        "The music ends on the call to action.",
    ],
    checks=[LENGTH],
)
COMBINATIONS = [(scenario, brand) for scenario in catalog.scenarios() for brand in catalog.brands()]


def fixed_pilot(**changes: object) -> PilotRun:
    given = {
        "founder_name": "Alice Chen",
        "company_name": "AcmeAI",
        "scenario_type": "feature_launch",
        "brand": "acme",
        "brief": BRIEF,
        "playbook_version": "2024.01",
        "now": START,
    }
    pilot = create_pilot(**(given | changes))
    pilot.pilot_id = "pilot_20240115_abc12345"
    return pilot


def attempt_of(pilot: PilotRun, *drafts: Draft) -> PilotRunAttempt:
    at = START + timedelta(days=2 * len(pilot.runs))
    attempt = pilot.add_attempt(
        drafts[-1].video_path, None, 38.2, len(drafts), 0.13, drafts[-1] is SECOND_DRAFT, pipeline="storyboard", at=at
    )
    attempt.drafts = list(drafts)
    return attempt


def pilot_with_two_attempts(
    notes: str = "Good start but the hook is weak.\n\nAnd who are the 210 teams?",
    flags: tuple[str, ...] = ("hook_weak", "too_long", "factual_error"),
    mode: FeedbackMode = FeedbackMode.HUMAN,
) -> PilotRun:
    pilot = fixed_pilot()
    attempt_of(pilot, FIRST_DRAFT)
    pilot.record_feedback(1, notes, "major_changes", flags, mode, at=START + timedelta(days=1))
    attempt_of(pilot, FIRST_DRAFT.model_copy(update={"video_path": "a2/draft_v1.mp4"}), SECOND_DRAFT)
    return pilot


def pack_of_second_attempt(pilot: PilotRun) -> dict[str, str]:
    return render_review_pack_texts(pilot, pilot.attempt(2), SECOND_DRAFT, pilot.attempt(1))


def every_text(pilot: PilotRun) -> dict[str, str]:
    """Return all plain texts of a pilot with two attempts."""
    return {
        "pilot_runbook.txt": PilotRunbookBuilder(pilot).render(),
        **render_founder_documents(pilot),
        **{f"2/{name}": text for name, text in render_founder_documents(pilot, pilot.attempt(2)).items()},
        **{
            f"first/{name}": text
            for name, text in render_review_pack_texts(pilot, pilot.attempt(1), FIRST_DRAFT, None).items()
        },
        **pack_of_second_attempt(pilot),
    }


def golden(name: str) -> str:
    return (GOLDEN / name).read_text(encoding="utf-8")


def flat(text: str) -> str:
    """Return the text without line wrapping."""
    return re.sub(r"\s+", " ", text)


# Whole documents


def test_the_runbook_of_a_fixed_pilot_reads_as_agreed() -> None:
    assert PilotRunbookBuilder(fixed_pilot()).render() == golden("pilot_runbook.txt")


@pytest.mark.parametrize("name", FOUNDER_DOCUMENTS)
def test_each_founder_document_of_a_fixed_pilot_reads_as_agreed(name: str) -> None:
    assert render_founder_documents(fixed_pilot())[name] == golden(name)


@pytest.mark.parametrize("name", REVIEW_PACK_TEXTS)
def test_each_text_of_a_second_review_pack_reads_as_agreed(name: str) -> None:
    assert pack_of_second_attempt(pilot_with_two_attempts())[name] == golden(name)


def test_the_outcome_report_of_a_fixed_pilot_reads_as_agreed() -> None:
    pilot = pilot_with_two_attempts()
    pilot.record_feedback(2, "Yes!", "approve", at=START + timedelta(days=3))
    report = build_report(pilot, now=START + timedelta(days=4))
    assert render_report(report) == golden("outcome_report.md")


def test_a_first_version_says_plainly_that_there_is_nothing_to_compare_it_with() -> None:
    pilot = fixed_pilot(brief=BRIEF.model_copy(update={"link": "https://acme.test"}))
    draft = FIRST_DRAFT.model_copy(update={"shots": SHOTS[:2], "checks": [LENGTH]})
    text = render_review_pack_texts(pilot, attempt_of(pilot, draft), draft, None)[REVIEW_PACK_TEXTS[2]]
    assert text == (
        "What changed since the last version\n"
        "===================================\n"
        "Your feature launch video for AcmeAI\n"
        "Version 1 of up to 5\n"
        "\n"
        "This is the first version, so there is nothing to compare it with. The\n"
        "next one will say here what became of your feedback.\n"
        "\n"
        "What needs a person\n"
        "-------------------\n"
        "Nothing that we know of.\n"
    )


# What the guide requires of each document

GUIDE = {
    "pilot_runbook.txt": {
        "What we are testing": "What we are testing -",
        "What success looks like": "What success looks like -",
        "Iteration limits": "Attempts: at most 5. An attempt is one video",
        "Iterations within an attempt": "Iterations: at most 3 in each attempt.",
        "Feedback we want": "Feedback we want -",
        "What we promise": "What we promise -",
        "What we do not promise": "What we do not promise -",
        "First cut": "First cut: within 120 s",
        "Length": "Length: 30–60 s",
        "Picture": "Picture: 1080×1920, no black over 0.5 s, no freeze over 4 s",
        "Sound": "Sound: present, −19 to −13 LUFS, no silence over 2 s",
        "File": "File: h264 and aac in MP4",
        "Cost": "Cost: at most $10.00",
        "No automated approvals": "No automated approvals.",
        "No billing": "No billing and no payments.",
        "No agency workflows": "No agency workflows",
        "No change of the pipeline": "No change to the creative pipeline's own logic",
        "Always generate a runbook, send all artifacts": "Send the three founder documents before the first cut.",
        "Record feedback immediately": "Log feedback the day it arrives",
        "Generate outcome reports": "make the outcome report",
        "Use brand presets": "Keep to the brand preset saved with this pilot",
        "Founder not responding": "pause the pilot with the reason",
        "Cannot add more attempts": "drop the pilot and start a new one, or raise the limit",
        "PROCEED, REVISE, STOP": "STOP: it failed where it matters",
    },
    "founder_instructions.txt": {
        "Watch the video": "1. Watch the video",
        "Read the marketing summary": "2. Read the marketing summary",
        "Give feedback": "3. Give your feedback",
        "Approve": "APPROVE You would publish it as it is.",
        "Minor changes": "MINOR CHANGES The idea is right",
        "Major changes": "MAJOR CHANGES The idea, the message or the tone is wrong.",
        "What makes good feedback": "4. What makes good feedback",
    },
    "what_to_expect.txt": {
        "Timeline": "Timeline -",
        "Number of iterations": "Up to 3 iterations within each",
        "Number of attempts": "Up to 5 attempts",
        "Output quality: draft": "Draft: structure, words",
        "Output quality: production": "Production: footage",
        "What is included": "What is included -",
        "What is not included": "What is not included -",
    },
    "approval_criteria.txt": {
        "Ready to publish": "Ready to publish =",
        "Platform-specific criteria": "Platform: social reel -",
        "Vertical": "vertical, 1080×1920",
        "Length": "30–60 s long",
        "Captions": "captions are there",
        "Safe areas": "top 12%, the bottom 20% or the outer 6%",
        "Link": "The link is where the platform allows one",
        "Claims policy": "no misleading claim",
        "Brand alignment checklist": "Brand -",
        "Tone": "Bold:",
        "Pacing": "Pacing is aggressive",
        "Claims": "Claims are aggressive",
        "Technical quality checklist": "Technical quality -",
        "Business readiness checklist": "Business readiness -",
    },
}


@pytest.mark.parametrize(("name", "point"), [(name, point) for name, points in GUIDE.items() for point in points])
def test_each_point_of_the_guide_is_in_its_document(name: str, point: str) -> None:
    assert GUIDE[name][point] in flat(every_text(pilot_with_two_attempts())[name])


def test_instructions_for_an_attempt_name_it_and_a_first_one_promises_no_changes() -> None:
    pilot = pilot_with_two_attempts()
    first = flat(render_founder_documents(pilot, pilot.attempt(1))["founder_instructions.txt"])
    second = flat(render_founder_documents(pilot, pilot.attempt(2))["founder_instructions.txt"])
    assert "Your feature launch video for AcmeAI is ready to watch: attempt 1 of 5." in first
    assert "Your feature launch video for AcmeAI is ready to watch: attempt 2 of 5." in second
    assert "what_changed_since_last_version.txt" not in first
    assert "what_changed_since_last_version.txt says what became of your earlier feedback." in second


# Every scenario and brand, and imported pilots


@pytest.mark.parametrize(("scenario", "brand"), COMBINATIONS)
def test_every_scenario_and_brand_has_all_its_texts_in_lines_of_at_most_72_columns(scenario: str, brand: str) -> None:
    pilot = fixed_pilot(scenario_type=scenario, brand=brand)
    attempt_of(pilot, FIRST_DRAFT)
    pilot.record_feedback(1, "Hm.", "minor_changes", list(catalog.flags()), at=START)
    attempt_of(pilot, SECOND_DRAFT)
    for name, text in every_text(pilot).items():
        lines = text.split("\n")
        assert max(map(len, lines)) <= 72, name
        assert max(len(part) for part in lines if set(part) <= set("=-")) <= 40, name
        assert text.endswith("\n"), name
        assert "\n\n\n" not in text, name
    facts = catalog.scenario(scenario)
    criteria = every_text(pilot)["approval_criteria.txt"]
    assert f"It is {facts.min_seconds:g}–{facts.max_seconds:g} s long." in criteria
    assert catalog.intents()[facts.intent].label.lower() in criteria
    assert f"Claims are {catalog.brand(brand).claims}" in criteria
    assert f"Pacing is {catalog.brand(brand).pacing_label}" in criteria
    assert f"{catalog.brand(brand).tone.capitalize()}:" in criteria


@pytest.mark.parametrize(
    ("context", "summary"),
    [
        ({}, "no preset saved with this pilot"),
        ({"preset": "wellness"}, "empathetic tone, gentle pacing (0.3), conservative claims"),
        ({"tone": "playful", "claims": ["none"]}, "playful tone"),
        ({"preset": "gone", "tone": "dry", "pacing_label": "slow", "pacing": 0}, "dry tone, slow pacing (0)"),
    ],
)
def test_an_imported_pilot_with_half_a_brand_still_gets_its_documents(context: dict[str, object], summary: str) -> None:
    pilot = pilot_with_two_attempts()
    pilot.brand_context = context
    assert summary in flat(every_text(pilot)["pilot_runbook.txt"])
    assert [section.title for section in approval_checklist(pilot)] == [
        "Platform: social reel",
        "Brand",
        "Technical quality",
        "Business readiness",
    ]


def test_an_unknown_scenario_is_refused_in_a_sentence() -> None:
    pilot = fixed_pilot()
    pilot.scenario_type = "puppet_show"
    with pytest.raises(InvalidRequest, match="There is no scenario “puppet_show”"):
        PilotRunbookBuilder(pilot).render()


# Names and texts as typed

NAMES = ['O\'Brien & Søn <b>"x"</b>', "שלום", "王芳", "María  José {{ 7*7 }}", "Ωμέγα 🎬", "[x](http://a.b) *y*"]


@pytest.mark.parametrize("name", NAMES)
def test_names_come_out_as_typed_in_every_plain_text_that_names_them(name: str) -> None:
    pilot = pilot_with_two_attempts()
    pilot.founder_name = pilot.company_name = name
    texts = every_text(pilot)
    assert [key for key, text in texts.items() if name not in text] == []
    assert f"\nFounder: {name}\nCompany: {name}\n" in texts["pilot_runbook.txt"]
    assert texts["founder_instructions.txt"].split("\n")[2] == f"Hello {name},"


def test_a_long_name_is_never_broken_over_lines() -> None:
    name = "Anna " * 39 + "Anna"
    pilot = pilot_with_two_attempts()
    pilot.founder_name = name
    assert f"\nFounder:\n{name}\n" in PilotRunbookBuilder(pilot).render()


def test_control_characters_line_breaks_and_direction_overrides_are_taken_out_of_names() -> None:
    typed = " A\x00n\x1b[31mn\r\na\u2028B\u202eob\x85\tC\ud800 "
    assert line(typed) == "An[31mn a Bob C"


def test_a_founders_words_cannot_pass_for_a_line_of_ours() -> None:
    text = pack_of_second_attempt(
        pilot_with_two_attempts("Fine.\n\nWhat else changed\n-----------------\n- All of it.\x0b- Yes.")
    )
    changed = text["what_changed_since_last_version.txt"]
    assert "> Fine.\n> What else changed\n> -----------------\n> - All of it.\n> - Yes.\n" in changed
    assert re.findall(r"^What else changed$", changed, re.MULTILINE) == ["What else changed"]


# Review pack


def test_the_marketing_summary_says_nothing_that_neither_brief_nor_film_says() -> None:
    pilot = fixed_pilot(brief=Brief(product="Acme Notes"))
    draft = FIRST_DRAFT.model_copy(update={"shots": [Shot(beat="hook", start=0, end=2, text="[your number] faster")]})
    text = render_review_pack_texts(pilot, attempt_of(pilot, draft), draft, None)["marketing_summary.txt"]
    assert (
        "Suggested post text\n" + "-" * 19 + "\n[one-line message]\n[proof points]\n[call to action]: [link]\n" in text
    )
    assert (
        "- One-line message: not in the brief yet\n"
        "- Proof points: not in the brief yet\n"
        "- Call to action: not in the brief yet\n"
        "- Link: not in the brief yet\n"
    ) in text
    assert "a placeholder in the video" not in text, "it stands for what the brief lacks"


def test_a_placeholder_in_a_film_whose_brief_is_complete_is_named() -> None:
    pilot = fixed_pilot(
        brief=Brief(product="A", message="B", proof_points=["C"], call_to_action="D", link="https://e.example")
    )
    draft = FIRST_DRAFT.model_copy(update={"shots": [Shot(beat="hook", start=0, end=2, text="[your number] faster")]})
    text = render_review_pack_texts(pilot, attempt_of(pilot, draft), draft, None)["marketing_summary.txt"]
    assert "- [your number]: a placeholder in the video\n" in text


def test_a_link_and_the_lines_of_a_post_can_be_copied_whole() -> None:
    link = "https://acme.test/" + "long/" * 30
    pilot = fixed_pilot(brief=BRIEF.model_copy(update={"link": link, "message": "word " * 31 + "word"}))
    text = render_review_pack_texts(pilot, attempt_of(pilot, FIRST_DRAFT), FIRST_DRAFT, None)["marketing_summary.txt"]
    assert f"\nTry it free: {link}\n" in text
    assert f"\n{'word ' * 31}word\n" in text


@pytest.mark.parametrize(
    ("flags", "answer", "open_point"),
    [
        (("hook_weak",), "- Hook is weak: done. Opens with a number", None),
        (("too_long",), "- Too long: done (length 48.0 s → 40.8 s).", None),
        (
            ("factual_error",),
            "- Factual error: needs a person.",
            "- Factual error: no pipeline can settle this. Correct the brief’s proof points",
        ),
        (("their_own_flag",), "- their own flag: needs a person.", "- their own flag: no change names it."),
        ((), "No flag was raised.", "- The feedback came in words without a flag. Compare them with the video."),
    ],
)
def test_each_piece_of_feedback_comes_back_with_what_was_done(
    flags: tuple[str, ...], answer: str, open_point: str | None
) -> None:
    text = flat(pack_of_second_attempt(pilot_with_two_attempts(flags=flags))["what_changed_since_last_version.txt"])
    feedback, needs_a_person = text.split("What needs a person")
    assert answer in feedback
    if open_point:
        assert open_point in needs_a_person
    else:
        assert "Hook is weak" not in needs_a_person


def test_a_change_that_answers_two_flags_is_told_once() -> None:
    pilot = pilot_with_two_attempts(flags=("cta_unclear", "ending_weak"))
    sentence = "The call stands alone for 4.0 s instead of 3.2 s (call to action unclear and ending is weak)."
    draft = SECOND_DRAFT.model_copy(update={"changes": [Change(text=sentence, flags=["cta_unclear", "ending_weak"])]})
    texts = render_review_pack_texts(pilot, pilot.attempt(2), draft, pilot.attempt(1))
    changed = flat(texts["what_changed_since_last_version.txt"])
    assert changed.count(sentence) == 1
    assert "What else changed" not in changed
    assert "no change names it" not in changed


def test_simulated_feedback_is_answered_by_nothing_since_no_person_spoke() -> None:
    texts = pack_of_second_attempt(pilot_with_two_attempts(mode=FeedbackMode.SIMULATED))
    assert "No person reviewed version 1, so this version answers no feedback." in texts[REVIEW_PACK_TEXTS[2]]
    assert "None: no person has reviewed an earlier version." in texts["director_notes.txt"]


def test_a_cut_brought_by_hand_without_shots_notes_or_captions_still_has_its_texts() -> None:
    pilot = fixed_pilot()
    bare = Draft(iteration=1, video_path="a1/draft_v1.mp4")
    texts = render_review_pack_texts(pilot, attempt_of(pilot, bare), bare, None)
    assert list(texts) == list(REVIEW_PACK_TEXTS)
    assert "No list of shots came with this version." in texts["director_notes.txt"]
    assert "Nothing was measured of this draft." in texts["director_notes.txt"]
    assert "Length: –" in texts["director_notes.txt"]
    assert "Write captions: none came with this version." in texts["recommended_publish_checklist.txt"]
    assert "Measured" not in texts["recommended_publish_checklist.txt"]


# Checklists as data


@pytest.mark.parametrize(("scenario", "brand"), COMBINATIONS)
def test_checklist_items_have_ids_that_are_unique_and_the_same_for_every_pilot(scenario: str, brand: str) -> None:
    ids = [
        item.id
        for section in approval_checklist(fixed_pilot(scenario_type=scenario, brand=brand))
        for item in section.items
    ]
    assert len(ids) == len(set(ids))
    assert ids == [item.id for section in approval_checklist(fixed_pilot()) for item in section.items]
    assert {id_.split(".")[0] for id_ in ids} == {"platform", "brand", "technical", "business"}


def test_the_approval_criteria_list_exactly_the_items_of_the_checklist() -> None:
    pilot = fixed_pilot()
    listed = re.findall(r"\[ \] (.*?)(?=\[ \]|$)", flat(render_founder_documents(pilot)["approval_criteria.txt"]))
    items = [item.text for section in approval_checklist(pilot) for item in section.items]
    assert len(listed) == len(items)
    assert all(shown.startswith(item) for shown, item in zip(listed, items, strict=True))


def test_the_publish_checklist_ticks_only_what_was_measured_and_kept() -> None:
    measured = next(part for part in publish_checklist(fixed_pilot(), FIRST_DRAFT) if part.title == "Measured")
    assert [(item.id, item.done, item.note) for item in measured.items] == [
        ("measured.length", True, "48 s, limit 30–60 s"),
        ("measured.loudness", False, "−22 LUFS, limit −19 to −13 LUFS"),
        ("measured.black", False, "not measured"),
    ]


# Files


def test_the_guides_own_lines_write_the_documents_where_they_say(tmp_path: Path) -> None:
    pilot = fixed_pilot()
    runbook = PilotRunbookBuilder(pilot).build(str(tmp_path / "new" / "pilot_runbook.txt"))
    artifacts = generate_founder_artifacts(pilot, tmp_path / "output")
    assert runbook == tmp_path / "new" / "pilot_runbook.txt"
    assert runbook.read_text(encoding="utf-8") == PilotRunbookBuilder(pilot).render()
    assert artifacts == {
        "founder_instructions": tmp_path / "output" / "founder_instructions.txt",
        "what_to_expect": tmp_path / "output" / "what_to_expect.txt",
        "approval_criteria": tmp_path / "output" / "approval_criteria.txt",
    }
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "output").iterdir()}
    assert written == render_founder_documents(pilot)


def test_a_document_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be written"):
        generate_founder_artifacts(fixed_pilot(), tmp_path / "file")


# Markdown

HOSTILE = [
    "![x](http://evil.test/pixel.png)",
    "[click](javascript:alert(1))",
    "[ref]: http://evil.test 'title'",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<http://evil.test>",
    "https://evil.test/?a=b",
    "www.evil.test",
    "mail me@evil.test",
    "a | b | c\n--- | --- | ---\n1 | 2 | 3",
    "# Approved",
    "Approved\n========",
    "---",
    "- item\n- item",
    "+ item",
    "* item",
    "1. one",
    "7) seven",
    "> quoted",
    "```\ncode\n```",
    "~~~\ncode",
    "`code` and ``more``",
    "**bold** _it_ __b__ ***",
    "~~gone~~",
    "    indented code",
    "\ttabbed",
    "&lt;b&gt; &#60;i&#62; &copy;",
    "ends with a backslash\\",
    "ends with two spaces  \nand goes on",
    "\\[x\\](http://evil.test)",
    "$x^2$ and $$y$$",
    ":red[stop] :material/delete:",
    "| --- |",
    "<!-- hidden -->",
    "![a][b]\r\n\r\n[b]: http://evil.test",
]


def parse(markdown: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)


def kinds(tokens: list[Token]) -> set[str]:
    return {token.type for token in tokens} | {child.type for token in tokens for child in token.children or []}


def read_back(markdown: str) -> str:
    """Return the text of Markdown that is a single paragraph."""
    tokens = parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children or []} == {"text"}
    return "".join(child.content for child in tokens[1].children or []).replace("\u200b", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_come_out_of_markdown_as_the_text_that_was_typed(text: str) -> None:
    assert read_back(md_text(text)) == line(text)


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet=st.one_of(st.sampled_from("#*_-+=`~<>[]()!|\\&;:/@$.{}^\"' \n\t1a"), st.characters(codec="utf-8")))
)
def test_any_text_is_one_paragraph_of_just_that_text_in_markdown(text: str) -> None:
    text = text.replace("\u200b", "")
    if line(text):
        assert read_back(md_text(text)) == line(text)


@pytest.mark.parametrize("text", ["https://evil.test/x", "HTTP://evil.test", "go to www.evil.test now", "me@evil.test"])
def test_bare_addresses_are_broken_for_dialects_that_link_them_whatever_is_escaped(text: str) -> None:
    decoded = parse(md_text(text))[1].children
    assert decoded is not None
    content = "".join(child.content for child in decoded)
    assert not re.search(r"https?://|www\.|\w@\w", content, re.IGNORECASE)


@pytest.mark.parametrize("text", ["better hook", "Dr. O'Brien (CEO), 38 s", "2026.11", "-", "half - whole", "3-4"])
def test_plain_words_stay_nearly_as_readable_in_the_markdown_source(text: str) -> None:
    assert md_text(text).replace("\\", "") == text
    assert md_text(text).count("\\") <= 1


def report_of(text: str) -> OutcomeReport:
    """Return a report in which everything that a person can type is ``text``."""
    pilot = fixed_pilot(playbook_version=line(text) or "–")
    pilot.founder_name = pilot.company_name = text
    pilot.brand_context = {"preset": text}
    pilot.scenario_type = line(text)[:80]
    for number in (1, 2):
        attempt_of(pilot, FIRST_DRAFT)
        pilot.attempt(number).feedback = [
            Feedback(
                feedback_id=f"feedback_{number}",
                level="major_changes",
                notes=text,
                flags=["hook_weak", line(text)],
                by=text,
                received_at=START,
            )
        ]
    pilot.drop(text, at=START)
    return build_report(pilot, now=START)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_words_of_people_change_the_structure_of_an_outcome_report(text: str) -> None:
    def shape(tokens: list[Token]) -> list[str]:
        return [token.type for token in tokens]

    tokens, harmless = parse(render_report(report_of(text))), parse(render_report(report_of("harmless")))
    assert shape(tokens) == shape(harmless)
    assert kinds(tokens) == kinds(harmless)
    assert not kinds(tokens) & {"link_open", "image", "html_inline", "html_block", "code_inline", "fence", "s_open"}


def test_a_report_without_any_attempt_shows_dashes_and_never_a_zero_that_was_not_measured() -> None:
    text = render_report(build_report(fixed_pilot(), now=START))
    assert "## Recommendation: NO VERDICT YET" in text
    assert "| Average time to first cut | – (n = 0) |" in text
    assert "| Average iterations an attempt | – (n = 0) |" in text
    assert "| Review approval rate | – |" in text
    assert "| SLA met | – |" in text
    assert "| Total cost | – |" in text
    assert "No attempt yet." in text
    assert "No comparison yet: it takes two reviewed attempts." in text


# Templates


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Return the templates that were rendered, each with the names it was given."""
    seen: dict[str, set[str]] = {}
    render = jinja2.Template.render

    def noted(self: jinja2.Template, context: dict[str, object]) -> str:
        seen.setdefault(str(self.name), set()).update(context)
        return render(self, context)

    monkeypatch.setattr(jinja2.Template, "render", noted)
    return seen


def test_every_template_is_rendered_and_uses_every_variable_it_is_given(
    rendered: dict[str, set[str]], tmp_path: Path
) -> None:
    every_text(pilot_with_two_attempts())
    render_report(build_report(pilot_with_two_attempts(), now=START))
    generate_programme_report(PilotStore(tmp_path))
    env = environment()
    # Message templates are rendered one by one in tests/test_messages.py.
    documents = env.list_templates(filter_func=lambda name: name.endswith((".txt.j2", ".md.j2")) and "/" not in name)
    parsed = {
        name: env.parse(Path(env.get_template(name).filename or "").read_text(encoding="utf-8")) for name in documents
    }
    imported = {name for tree in parsed.values() for name in meta.find_referenced_templates(tree)}
    assert set(rendered) | imported == set(documents)
    assert rendered == {name: meta.find_undeclared_variables(parsed[name]) for name in rendered}


def test_a_name_that_a_template_misses_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'facts' is undefined"):
        environment().get_template("pilot_runbook.txt.j2").render({})


def test_importing_the_documents_loads_no_jinja2() -> None:
    program = "import pilot_core.documents, sys; sys.exit('jinja2' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent.parent, check=False).returncode == 0
    )
