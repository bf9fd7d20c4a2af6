"""Lists of pilots for the dashboard: filtered, sorted and paged in the database."""

from datetime import timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.judgements import NO_VERDICT_YET, NOT_COUNTED
from pilot_core.errors import InvalidRequest
from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.schema import MIGRATIONS
from pilot_core.store.queries import lists
from pilot_core.store.queries.lists import ORDERS, PilotFilter, pilot_page, pilot_summaries
from tests.conftest import NOW, HandClock
from tests.pilot_stories import make_pilot


def companies(store: PilotStore, order: str = "newest", **wanted: object) -> list[str]:
    return [pilot.company_name for pilot in pilot_page(store.database, PilotFilter(**wanted), order).pilots]  # type: ignore[arg-type]


def test_every_word_of_a_search_must_stand_in_a_name_or_the_id(store: PilotStore, clock: HandClock) -> None:
    northbeam = make_pilot(store, clock, "Northbeam AI", founder_name="Alice Chen")
    make_pilot(store, clock, "Northwind", founder_name="Bob Fischer")

    assert companies(store, search="north") == ["Northwind", "Northbeam AI"]
    assert companies(store, search="NORTH chen") == ["Northbeam AI"]
    assert companies(store, search=northbeam.pilot_id[-8:]) == ["Northbeam AI"]
    assert companies(store, search="chen fischer") == []


def test_a_search_finds_an_owner_too_and_folds_every_letter(store: PilotStore, clock: HandClock) -> None:
    owned = make_pilot(store, clock, "Northbeam", founder_name="ZOË Ångström")
    store.change(owned.pilot_id, lambda pilot: pilot.assign("Mara Lund", at=clock()))
    make_pilot(store, clock, "Northwind")

    assert companies(store, search="mara zoë ÅNG north") == ["Northbeam"]
    assert companies(store, search="lund northwind") == []


@pytest.mark.parametrize("typed", ["100%", "a_b", "50!", "a\\b", "O'Brien", "x'; DROP TABLE pilots; --"])
def test_what_is_typed_into_the_search_is_looked_for_literally(store: PilotStore, clock: HandClock, typed: str) -> None:
    make_pilot(store, clock, f"{typed} Ltd")
    make_pilot(store, clock, "100 aXb 50 OBrien")

    assert companies(store, search=typed) == [f"{typed} Ltd"]


def test_filters_narrow_a_list_together_and_their_values_add_up(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Approved", "A", brand="wellness")
    make_pilot(store, clock, "Dropped", "m drop", scenario_type="problem_solution")
    make_pilot(store, clock, "Struggling", "m M")
    make_pilot(store, clock, "Waiting", "wait")
    make_pilot(store, clock, "Paused", "m pause", brand="wellness")
    away = make_pilot(store, clock, "Away", "m")
    store.change(away.pilot_id, lambda pilot: pilot.drop("The founder left.", external=True, at=clock()))

    assert companies(store, status=("paused", "completed"), brand=("wellness",)) == ["Paused", "Approved"]
    assert companies(store, outcome=("dropped",)) == ["Away", "Dropped"]
    assert companies(store, scenario=("problem_solution",)) == ["Dropped"]
    assert companies(store, recommendation=("PROCEED", "REVISE")) == ["Struggling", "Dropped", "Approved"]
    assert companies(store, recommendation=(NO_VERDICT_YET,)) == ["Paused", "Waiting"]
    assert companies(store, recommendation=(NOT_COUNTED,)) == ["Away"]
    assert companies(store, recommendation=("no such badge",)) == []


def test_a_list_is_sorted_as_asked_and_by_nothing_else(store: PilotStore, clock: HandClock) -> None:
    first = make_pilot(store, clock, "beta", founder_name="Zoë")
    clock.forward(days=1)
    make_pilot(store, clock, "Alpha", founder_name="adam")
    clock.forward(days=1)
    first.log("noted", clock())
    store.save(first)

    orders = ("newest", "oldest", "last_step", "longest_still", "company", "founder")
    assert {order: companies(store, order)[0] for order in orders} == {
        "newest": "Alpha",
        "oldest": "beta",
        "last_step": "beta",
        "longest_still": "Alpha",
        "company": "Alpha",
        "founder": "Alpha",
    }
    with pytest.raises(InvalidRequest, match="cannot be sorted"):
        companies(store, "pilot_id; DROP TABLE pilots")


def test_a_page_tells_the_whole_count_and_a_page_beyond_the_end_is_the_last(
    store: PilotStore, clock: HandClock
) -> None:
    for number in range(5):
        make_pilot(store, clock, f"Company {number}")
        clock.forward(minutes=1)

    pages = [pilot_page(store.database, PilotFilter(), "oldest", page, per_page=2) for page in (1, 3, 9, -1)]

    assert [page.total for page in pages] == [5, 5, 5, 5]
    assert [[pilot.company_name[-1] for pilot in page.pilots] for page in pages] == [
        ["0", "1"],
        ["4"],
        ["4"],
        ["0", "1"],
    ]
    assert pilot_page(store.database, PilotFilter(search="nobody")).pilots == []


def test_a_count_stops_and_the_list_goes_on_behind_the_last_pilot_counted(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pilots 2 and 3 are alike in all that lists are sorted by.
    for number in (0, 1, 2, 2, 4, 5, 6):
        clock.now = NOW + timedelta(minutes=number)
        make_pilot(store, clock, f"Company {number}", founder_name=f"Founder {number}")
    whole = {order: pilot_page(store.database, PilotFilter(search="comp"), order) for order in ORDERS}
    monkeypatch.setattr(lists, "COUNTED", 3)

    for order, page in whole.items():
        assert (page.total, page.more) == (7, "")
        parts, after = [], ""
        while True:
            one = pilot_page(store.database, PilotFilter(search="comp"), order, per_page=2, after=after)
            other = pilot_page(store.database, PilotFilter(search="comp"), order, 2, per_page=2, after=after)
            assert other.total == one.total
            parts.append(one.pilots + (other.pilots if one.total > 2 else []))
            after = one.more
            if not after:
                break
        assert [len(part) for part in parts] == [3, 3, 1]
        assert [pilot for part in parts for pilot in part] == page.pilots


@pytest.mark.parametrize("after", ["x", "pilot_20240115_abc12345 yesterday", "' OR TRUE --", " "])
def test_a_place_that_is_none_begins_at_the_first_pilot(store: PilotStore, clock: HandClock, after: str) -> None:
    make_pilot(store, clock, "Acme")

    assert pilot_page(store.database, PilotFilter(), "newest", after=after).total == 1


def test_a_line_of_the_list_tells_each_attempt(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Acme", "M m fail")

    [summary] = pilot_summaries(store.database)

    assert summary.decisions == ("major_changes", "minor_changes", "failed")
    assert (summary.attempts_used, summary.total_cost_dollars) == (2, 0.5)


def test_where_a_pilot_stands_is_told_alike_by_each_save_and_by_the_migration(
    store: PilotStore, clock: HandClock
) -> None:
    for number, story in enumerate(
        ("", "wait", "miss", "M{hook_weak} m fail", "A", "m m", "queue", "m pause", "m drop")
    ):
        make_pilot(store, clock, f"Company {number}", story, max_attempts=2 if story == "m m" else 5)
    upgrade = (MIGRATIONS / "0002_overview.sql").read_text()
    columns = [line.split()[5] for line in upgrade.splitlines() if line.startswith("ALTER TABLE")]
    shown = f"SELECT pilot_id, {', '.join(columns)} FROM pilots ORDER BY pilot_id"  # noqa: S608
    saved = store.database.read(lambda c: rows(c, shown))

    def migrate_again(connection: object) -> None:
        connection.execute("UPDATE pilots SET " + ", ".join(f"{name} = NULL" for name in columns))  # type: ignore[attr-defined]  # noqa: S608
        connection.execute(upgrade[upgrade.index("UPDATE pilots") :])  # type: ignore[attr-defined]

    store.database.transaction(migrate_again)

    assert store.database.read(lambda c: rows(c, shown)) == saved
    assert {row["exhausted"] for row in saved} == {True, False}
