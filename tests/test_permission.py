"""Permission is asked by the act, of the person, now: each cell of the table, and each way in which it can end."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import Actor, Source, Way
from pilot_core.domain.roles import PERMISSIONS, ActKind, Role, permission_table
from pilot_core.errors import AccessDenied, LinkRefused, PilotNotFound
from pilot_core.review.links import revoke_link
from pilot_core.services import keys, pilots
from pilot_core.settings import ROOT
from pilot_core.web.access import page_guard
from tests import deeds
from tests.conftest import HandClock
from tests.deeds import CASES, DEEDS, Deed, Place
from tests.reviewing import LEAD, pilot_in_review, reviewer

Case = tuple[ActKind, Callable[[Place], Deed]]
NAMED = [deed.__name__ for _, deed in CASES]

MAY = {
    Role.STRANGER: set(),
    Role.VIEWER: set(),
    Role.PROGRAM: {ActKind.RENDER, ActKind.IMPORT, ActKind.FILE_REPORT},
    Role.REVIEWER: {
        ActKind.WATCH,
        ActKind.RENAME,
        ActKind.KEEP_WORDS,
        ActKind.DECIDE,
        ActKind.UNDO_DECISION,
        ActKind.COMMENT,
        ActKind.EDIT_COMMENT,
        ActKind.JUDGE_COMMENT,
    },
    Role.LEAD: set(ActKind) - {ActKind.WATCH, ActKind.RENAME, ActKind.KEEP_WORDS, ActKind.DECIDE, ActKind.RENDER},
    Role.COMMAND_LINE: set(ActKind) - {ActKind.WATCH, ActKind.RENAME, ActKind.KEEP_WORDS, ActKind.DECIDE},
}
"""Written by hand, so that a change of a permission is a change of a test."""


def test_the_table_is_as_it_is_meant_and_as_security_md_shows_it() -> None:
    assert {role: set(permissions.acts) for role, permissions in PERMISSIONS.items()} == MAY
    assert permission_table() in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert set(DEEDS) == set(ActKind), "each act has a way to do it in tests/deeds.py"


filled, at = deeds.filled, deeds.at


@pytest.mark.parametrize(
    ("kind", "deed", "role"),
    [
        pytest.param(kind, deed, role, id=f"{deed.__name__}-{role}")
        for kind, deed in CASES
        for role in MAY
        if kind in MAY[role]
    ],
)
def test_who_may_do_something_does_it(at: Place, kind: ActKind, deed: Callable[[Place], Deed], role: Role) -> None:
    act = deed(at)
    before = at.rows()
    act(at.actors[role])
    assert at.rows() != before or kind is ActKind.FEED or deed.__name__ == "resume_reminders"


@pytest.mark.parametrize(("kind", "deed"), CASES, ids=NAMED)
def test_who_may_not_is_refused_and_leaves_nothing(at: Place, kind: ActKind, deed: Callable[[Place], Deed]) -> None:
    act = deed(at)
    before = at.rows()
    for role in MAY:
        if kind not in MAY[role]:
            with pytest.raises(PilotNotFound if role is Role.REVIEWER else AccessDenied):
                act(at.actors[role])
            assert at.rows() == before, role


@pytest.mark.parametrize(("kind", "deed"), CASES, ids=NAMED)
def test_to_a_reviewer_what_is_not_a_review_of_their_pilot_does_not_exist(
    at: Place, kind: ActKind, deed: Callable[[Place], Deed]
) -> None:
    act = deed(at)
    stranger_here = reviewer(at.store, pilot_in_review(at.store)).actor
    before = at.rows()
    # A grant of another pilot reaches its own pilot's review only, so a forged speaker is what an attacker would send.
    forged = Actor(stranger_here, Source(Way.GRANT, Role.REVIEWER, stranger_here.source.secret, at.pilot_id))
    with pytest.raises((LinkRefused, PilotNotFound)) as refused:
        act(forged)
    assert "overrid" not in str(refused.value)
    assert at.rows() == before


def revoked(at: Place, clock: HandClock) -> None:
    keys.revoke_key(at.store, at.key_id, LEAD)


def expired(at: Place, clock: HandClock) -> None:
    clock.forward(days=31)


def lowered(at: Place, clock: HandClock) -> None:
    sql = "UPDATE sign_in_keys SET role = 'viewer' WHERE key_id = ?"
    at.store.database.transaction(lambda c: c.execute(sql, [at.key_id]))


LEADS = [case for case in CASES if case[0] in MAY[Role.LEAD]]
REVIEWS = [case for case in CASES if case[0] in MAY[Role.REVIEWER]]


@pytest.mark.parametrize("ends", [revoked, expired, lowered])
@pytest.mark.parametrize(("kind", "deed"), LEADS, ids=[deed.__name__ for _, deed in LEADS])
def test_a_lead_whose_key_ended_or_whose_role_was_lowered_does_nothing_more(
    at: Place,
    clock: HandClock,
    kind: ActKind,
    deed: Callable[[Place], Deed],
    ends: Callable[[Place, HandClock], None],
) -> None:
    act = deed(at)
    ends(at, clock)
    before = at.rows()
    with pytest.raises(AccessDenied):
        act(at.actors[Role.LEAD])
    assert at.rows() == before


@pytest.mark.parametrize("ends", ["revoked", "expired"])
@pytest.mark.parametrize(("kind", "deed"), REVIEWS, ids=[deed.__name__ for _, deed in REVIEWS])
def test_a_reviewer_whose_link_ended_does_nothing_more(
    at: Place, clock: HandClock, kind: ActKind, deed: Callable[[Place], Deed], ends: str
) -> None:
    act = deed(at)
    if ends == "revoked":
        revoke_link(at.store, at.link_id, LEAD)
    else:
        clock.forward(days=15)
    before = at.rows()
    with pytest.raises(LinkRefused):
        act(at.actors[Role.REVIEWER])
    assert at.rows() == before


def test_a_name_alone_is_no_actor(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    with pytest.raises(AccessDenied, match="not known who does this"):
        pilots.pause(store, pilot.pilot_id, "Waiting", "Mara")  # type: ignore[arg-type]
    with pytest.raises(AccessDenied, match="not known who does this"):
        keys.invite(store, "Somebody", "lead", "Mara")  # type: ignore[arg-type]


def test_where_visitors_are_served_nobody_acts_as_the_command_line_by_leaving_out_who(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    assert pilots.pause(store, pilot.pilot_id, "Waiting").status == "paused"
    page_guard.guard(store)
    with pytest.raises(AccessDenied, match="not known who does this"):
        pilots.resume(store, pilot.pilot_id)
    assert pilots.resume(store, pilot.pilot_id, LEAD).status == "active"


# No act is left out

ROOMS = ("services", "review", "messages", "erasure", "rendering")
WRITES = {"transaction", "change", "save"}
BY_THE_PROGRAM = {
    "services.acts.remove_expired_keys": "clears keys of forms",
    "services.documents.write_documents": "writes what follows from the rows",
    "services.documents.write_due_documents": "writes what follows from the rows",
    "services.owed_reports.settle_due_reports": "files what a completed pilot owes",
    "erasure.files.remove_files": "does what an erasure decided",
    "erasure.files.rewrite_database_file": "does what an erasure decided",
    "services.keys.sign_in": "the key is the permission",
    "services.keys.sign_out": "ends the session of the cookie it is given",
    "review.links.open_link": "the link is the permission",
    "review.unsent.remove_expired": "clears what was never sent",
    "messages.outbox.opt_out": "the link is the permission",
}
"""Functions that write without an actor, and why."""
THE_SERVER_S = ("messages.sender", "messages.deadlines", "messages.letters", "messages.capability_links", "rendering.")
"""Modules of what the server does by itself; :data:`CALLED_BY_PEOPLE` are the ones in them that people call."""
CALLED_BY_PEOPLE = ("rendering.begin.",)


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for room in ROOMS:
        for file in sorted((ROOT / "pilot_core" / room).glob("*.py")):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef):
                    yield f"{room}.{file.stem}.{node.name}", node


@cache
def called(node: ast.AST) -> set[str]:
    calls = (found.func for found in ast.walk(node) if isinstance(found, ast.Call))
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    return names | {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def reaching(seeds: set[str], all_functions: dict[str, ast.FunctionDef]) -> set[str]:
    """Return the functions that call one of the seeds, directly or through others of these rooms."""
    found = {name for name, node in all_functions.items() if called(node) & seeds}
    while True:
        short = {name.rpartition(".")[2] for name in found if name.count(".")}
        more = {name for name, node in all_functions.items() if called(node) & {s for s in short if s.startswith("_")}}
        if more <= found:
            return found
        found |= more


def asks(node: ast.FunctionDef) -> bool:
    return any(
        isinstance(found, ast.Attribute) and getattr(found.value, "id", "") == "ActKind" for found in ast.walk(node)
    )


def test_each_function_that_writes_takes_who_acts_and_asks_for_a_permission() -> None:
    found = dict(functions())
    writing = {name for name in reaching(WRITES, found) if not name.rpartition(".")[2].startswith("_")}
    writing = {name for name in writing if not name.startswith(THE_SERVER_S) or name.startswith(CALLED_BY_PEOPLE)}
    assert len(writing) > 35
    assert set(BY_THE_PROGRAM) <= writing, "named here and writing nothing"
    takes_nobody = []
    for name in sorted(writing - set(BY_THE_PROGRAM)):
        given = {argument.arg for argument in (*found[name].args.args, *found[name].args.kwonlyargs)}
        helpers = [node for other, node in found.items() if other.rpartition(".")[2] in called(found[name])]
        if not given & {"actor", "by", "speaker", "grant", "act"} or not any(map(asks, (found[name], *helpers))):
            takes_nobody.append(name)
    assert takes_nobody == []


def test_each_act_of_the_table_is_asked_for_somewhere() -> None:
    files = [*(ROOT / "pilot_core").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files if path.name != "roles.py")
    assert [kind for kind in ActKind if f"ActKind.{kind.name}" not in text] == []


def test_pages_and_routes_make_the_actor_from_the_visitor_in_one_place() -> None:
    web = ROOT / "pilot_core" / "web"
    sources = {path.relative_to(web).as_posix(): path.read_text(encoding="utf-8") for path in Path(web).rglob("*.py")}
    makers = ("Actor(", "at_command_line", "program(")
    assert [name for name, text in sources.items() if any(maker in text for maker in makers)] == ["access/who.py"]
