"""What errors of either engine mean to a transaction."""

import duckdb
import psycopg
import pytest
from psycopg import errors

from pilot_core.store.engine import duckdb_errors, postgres_errors
from pilot_core.store.engine.failures import WriteFailure


def test_duckdb_calls_a_second_update_of_one_row_a_conflict() -> None:
    first = duckdb.connect(":memory:")
    first.execute("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)")
    second = first.cursor()
    for connection in (first, second):
        connection.begin()
    first.execute("UPDATE t SET n = 2")
    with pytest.raises(duckdb.Error) as raised:
        second.execute("UPDATE t SET n = 3")
    assert duckdb_errors.write_failure(raised.value) is WriteFailure.CONFLICT


def test_duckdb_calls_a_second_row_of_one_key_taken() -> None:
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
    with pytest.raises(duckdb.Error) as raised:
        connection.execute("INSERT INTO t VALUES (1)")
    assert duckdb_errors.write_failure(raised.value) is WriteFailure.KEY_TAKEN


def test_a_full_disk_is_no_conflict_and_the_system_gives_the_reason() -> None:
    full = duckdb.TransactionException('Could not write file "a.duckdb": No space left on device')
    assert duckdb_errors.write_failure(full) is WriteFailure.UNAVAILABLE
    assert duckdb_errors.system_reason(full) == "No space left on device"


def test_the_holder_of_a_locked_file_is_named() -> None:
    error = duckdb.IOException("Could not set lock: Conflicting lock is held in /usr/bin/python3 (PID 71) by user x")
    assert duckdb_errors.lock_holder(error) == ("python3", "71")
    assert duckdb_errors.lock_holder(duckdb.IOException("no such file")) is None


def test_a_wrong_query_is_a_fault_of_the_program_on_either_engine() -> None:
    assert duckdb_errors.write_failure(duckdb.CatalogException("no such table")) is None
    assert postgres_errors.write_failure(errors.UndefinedTable("no such table")) is None


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (errors.SerializationFailure("could not serialize access"), WriteFailure.CONFLICT),
        (errors.UniqueViolation("duplicate key"), WriteFailure.KEY_TAKEN),
        (errors.DiskFull("no space"), WriteFailure.UNAVAILABLE),
        (psycopg.OperationalError("server closed the connection"), WriteFailure.UNAVAILABLE),
    ],
)
def test_postgresql_errors_are_told_apart_by_their_class(error: psycopg.Error, meaning: WriteFailure) -> None:
    assert postgres_errors.write_failure(error) is meaning
