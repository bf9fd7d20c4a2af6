"""Lists on PostgreSQL: their indexes, and a database in which one of them cannot be created."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from pilot_core import PilotStore
from pilot_core.domain.pilot import PilotRun
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.postgres_lists import ORDERED, add_list_indexes
from pilot_core.store.queries.lists import ORDERS, SEARCHED, PilotFilter, pilot_page
from pilot_core.store.queries.search import search_terms
from tests import postgres

NewPilot = Callable[..., PilotRun]
NO_INDEX = "lists of pilots in postgresql://{} work without an index and may be slow: {}"


@pytest.fixture
def url(postgres_server: postgres.Server, postgres_template: str) -> Iterator[str]:
    """Yield the address of a database with an empty store."""
    with postgres_server.database(postgres_template) as address:
        yield address


def plan(store: PilotStore, query: str, given: list[object]) -> str:
    """Return PostgreSQL's plan for the query, where an index is used if one can be."""

    def explained(connection: Connection) -> str:
        connection.execute("SET LOCAL enable_seqscan = off")
        return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {query}", given).fetchall())

    return store.database.read(explained)


@pytest.mark.parametrize("search", ["chen", "a_b!", "chen north"])
def test_a_search_is_answered_by_the_trigram_index(url: str, tmp_path: Path, search: str) -> None:
    store = PilotStore(tmp_path, database_url=url)
    terms, given = search_terms(search, SEARCHED)

    found = plan(store, f"SELECT pilot_id FROM pilots WHERE {' AND '.join(terms)}", given)  # noqa: S608

    # Of several words it may look up one, and compare the others with the pilots found.
    assert "Seq Scan" not in found
    assert found.count("Bitmap Index Scan on pilots_by_words") >= len(SEARCHED)


def test_every_order_of_a_list_is_read_from_an_index(url: str, tmp_path: Path) -> None:
    store = PilotStore(tmp_path, database_url=url)
    used = set()
    for order in ORDERS.values():
        found = plan(store, f"SELECT pilot_id FROM pilots ORDER BY {order}, pilot_id LIMIT 25", [])  # noqa: S608
        used |= {name for name in ORDERED if f" {name} " in found}

    assert used == set(ORDERED)


def test_a_store_that_is_older_than_the_indexes_gets_them_when_it_opens(url: str, tmp_path: Path) -> None:
    store = PilotStore(tmp_path, database_url=url)
    names = ["pilots_by_words", *ORDERED]
    store.database.transaction(lambda c: c.execute(f"DROP INDEX {', '.join(names)}; DROP EXTENSION pg_trgm"))

    # As two servers do that start at once.
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda _: add_list_indexes(store.database), range(2)))

    asked = "SELECT indexname FROM pg_indexes WHERE tablename = 'pilots'"
    there = {name for (name,) in store.database.read(lambda c: c.execute(asked).fetchall())}
    assert there >= set(names)


def test_where_the_extension_cannot_be_created_lists_are_searched_without_it_and_the_log_says_so(
    postgres_server: postgres.Server, tmp_path: Path, new_pilot: NewPilot, caplog: pytest.LogCaptureFixture
) -> None:
    with postgres_server.database() as address:
        name = address.rpartition("/")[2]
        guest = f"guest_{name}"
        postgres_server.run(f"CREATE ROLE {guest} LOGIN")
        as_guest = address.replace("//pilot:", f"//{guest}:")
        with psycopg.connect(address, autocommit=True) as owner:
            owner.execute(f"GRANT CREATE ON SCHEMA public TO {guest}")
        with caplog.at_level(logging.WARNING):
            store = PilotStore(tmp_path, database_url=as_guest)
        store.save(new_pilot(company_name="Northwind"), "Lea")
        store.save(new_pilot(company_name="Fjord"), "Lea")

        page = pilot_page(store.database, PilotFilter(search="north"))

    assert [pilot.company_name for pilot in page.pilots] == ["Northwind"]
    place = f"127.0.0.1:{postgres_server.port}/{name}"
    reason = "the extension pg_trgm is not installed, and this user may not install it"
    assert [record.getMessage() for record in caplog.records] == [NO_INDEX.format(place, reason)]
