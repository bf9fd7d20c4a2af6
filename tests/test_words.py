"""Every kind of event is described in words."""

import ast
from datetime import UTC, datetime

import pytest

from pilot_core.domain.events import SENTENCES, Event, EventKind, describe
from pilot_core.settings import ROOT

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOURCES = [*(ROOT / "pilot_core").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]


def test_every_kind_of_event_has_a_sentence() -> None:
    assert set(SENTENCES) == set(EventKind)


@pytest.mark.parametrize("kind", EventKind)
def test_a_sentence_is_made_even_where_an_event_has_no_details(kind: EventKind) -> None:
    sentence = describe(Event(event_id="event_1", pilot_id="pilot_1", at=NOW, actor="Lea", kind=kind))
    assert sentence
    assert "_" not in sentence


def test_nothing_writes_an_event_whose_kind_is_only_a_text() -> None:
    """mypy checks that everything written is an ``EventKind``."""
    written = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in SOURCES
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).endswith((".log", "add_event", "_note"))
        and not ast.unparse(call.func).startswith(("log.", "logging.", "math.", "np."))
        and any(isinstance(given, ast.Constant) and given.value in set(EventKind) for given in call.args)
    ]
    assert written == []


def test_a_kind_that_only_an_old_store_knows_is_shown_as_it_is() -> None:
    assert describe(Event(event_id="e", pilot_id="p", at=NOW, actor="Lea", kind="moved_house")) == "moved house"


@pytest.mark.parametrize(
    ("kind", "detail", "told"),
    [
        (
            "recommendation_overridden",
            {"verdict": "STOP", "computed": None, "code": "in_progress", "reason": "Sold."},
            "overrode the recommendation NO VERDICT YET with STOP: Sold.",
        ),
        (
            "recommendation_overridden",
            {"verdict": "STOP", "computed": "REVISE", "code": "stuck", "reason": "Sold.", "waits": True},
            "asked to override the recommendation REVISE with STOP: Sold.",
        ),
        (
            "override_confirmed",
            {"verdict": "STOP", "by": "Lea", "reason": "I saw it."},
            "confirmed the override with STOP by Lea: I saw it.",
        ),
        (
            "override_undone",
            {"verdict": "STOP", "reason": "Not sold.", "waits": True},
            "took back the request to override with STOP: Not sold.",
        ),
        ("override_undone", {"verdict": "STOP", "reason": "Not sold."}, "took back the override with STOP: Not sold."),
        (
            "flag_accepted",
            {"flag": "hook_weak", "quote": "hook is weak", "attempt_number": 2},
            "accepted the flag “Hook is weak” on attempt 2, suggested by “hook is weak”",
        ),
        (
            "flag_dismissed",
            {"flag": "hook_weak", "attempt_number": 2},
            "dismissed the flag “Hook is weak” on attempt 2",
        ),
        (
            "flag_decision_undone",
            {"flag": "hook_weak", "attempt_number": 2, "accepted": True},
            "took back the accepted flag “Hook is weak” on attempt 2",
        ),
        (
            "report_filed",
            {"recommendation": "PROCEED", "rules_version": "2026.11", "as_of": "2026-03-02T09:00:00Z"},
            "filed an outcome report: PROCEED, by rules 2026.11",
        ),
        (
            "report_filed",
            {"recommendation": None, "rules_version": "2026.11", "as_of": "2026-02-01T23:59:59Z"},
            "filed an outcome report as of 1 Feb 2026, 23:59 UTC: NO VERDICT YET, by rules 2026.11",
        ),
    ],
)
def test_judgements_are_told_with_what_they_rest_on(kind: str, detail: dict[str, object], told: str) -> None:
    event = Event(event_id="event_1", pilot_id="pilot_1", at=NOW, actor="Lea", kind=kind, detail=detail)
    assert describe(event) == told
