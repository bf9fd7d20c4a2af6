"""What happened to a pilot is told in words, whatever it was."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pilot_core.models import Event
from pilot_core.settings import ROOT
from pilot_core.web.pilot_page import words

SOURCES = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "pilot_core").rglob("*.py"))]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event_kinds() -> set[str]:
    """Every kind that the code can put on record: where it writes an event, and where it hands a kind on to there."""
    places = {"log": 0, "add_event": 4}
    before: dict[str, int] = {}
    while places != before:
        before = dict(places)
        for tree in SOURCES:
            for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
                given = [argument.arg for argument in function.args.args]
                if "kind" in given and any(
                    isinstance(k, ast.Name) and k.id == "kind" for k in kinds_in(function, before)
                ):
                    places.setdefault(function.name, given.index("kind"))
    return {text for tree in SOURCES for kind in kinds_in(tree, places) for text in texts(kind, tree)}


def kinds_in(tree: ast.AST, places: dict[str, int]) -> Iterator[ast.expr]:
    """The expressions that stand for a kind in calls of those functions."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = call.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        # math.log and the like are no events.
        if name == "log" and isinstance(called, ast.Attribute) and ast.unparse(called.value) not in ("pilot", "self"):
            continue
        if name in places and len(call.args) > places[name]:
            yield call.args[places[name]]


def texts(kind: ast.expr, tree: ast.AST) -> Iterator[str]:
    """What the expression can be: a text, one of two, or a variable that was given one."""
    for node in ast.walk(kind):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.Name):
            for given in (n for n in ast.walk(tree) if isinstance(n, ast.Assign)):
                if any(isinstance(target, ast.Name) and target.id == node.id for target in given.targets):
                    yield from (c.value for c in ast.walk(given.value) if isinstance(c, ast.Constant))


KINDS = sorted(event_kinds())


def test_the_kinds_of_events_are_found_in_the_code() -> None:
    assert {
        "approved",
        "comment_added",
        "comment_not_addressed",
        "created",
        "decision_undone",
        "film_opened",
        "film_watched",
        "flag_accepted",
        "flag_decision_undone",
        "flag_dismissed",
        "imported",
        "link_made",
        "link_opened",
        "link_revoked",
        "override_undone",
        "passphrase_wrong",
        "recommendation_overridden",
        "report_filed",
        "review_decision",
        "reviewer_renamed",
    } <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_event_has_words(kind: str) -> None:
    told = words.did(Event(event_id="event_1", pilot_id="pilot_1", at=NOW, actor="Lea", kind=kind, detail={}))
    assert told != kind.replace("_", " ")
    assert "_" not in told


@pytest.mark.parametrize(
    ("kind", "detail", "told"),
    [
        (
            "recommendation_overridden",
            {"verdict": "STOP", "computed": None, "code": "in_progress", "reason": "Sold."},
            "overrode the recommendation TOO EARLY with STOP: Sold.",
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
            "filed an outcome report as of 1 Feb 2026, 23:59 UTC: TOO EARLY, by rules 2026.11",
        ),
    ],
)
def test_judgements_are_told_with_what_they_rest_on(kind: str, detail: dict[str, object], told: str) -> None:
    event = Event(event_id="event_1", pilot_id="pilot_1", at=NOW, actor="Lea", kind=kind, detail=detail)
    assert words.did(event) == told
