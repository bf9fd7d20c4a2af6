"""Rules of the code that neither ruff, mypy nor lint-imports checks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pilot_core.settings import ROOT

CORE = ROOT / "pilot_core"
STORE = CORE / "store"
SQL = re.compile(
    r"\s*\(*(SELECT|INSERT INTO|UPDATE \S+ SET|DELETE FROM|COPY|WITH \w+ AS|VALUES|ON CONFLICT|RETURNING"
    r"|CREATE( OR REPLACE)?( TEMPORARY| TEMP| UNIQUE)* (TABLE|INDEX|VIEW)|DROP (TABLE|INDEX|VIEW)|ALTER TABLE"
    r"|ATTACH|DETACH|PRAGMA|VACUUM|ANALYZE|TRUNCATE|SET \w+ ="
    r"|FROM|(LEFT |INNER |CROSS )?JOIN|WHERE|AND|OR|UNION|GROUP BY|ORDER BY)\s"
)
"""The start of a SQL statement or clause. SQL is written in capitals in this code."""
RUNS_SQL = {"execute", "executemany", "executescript", "sql"}
"""Connection methods that run a statement."""
ON_A_CONNECTION = {
    "backups": "asks a copy of the database, inside a backup",
    "contradictions": "asks the store and a copy of it, in a backup",
    "deadlines": "messages.deadlines asks it together with the outbox, in one reading",
    "inbox": "part of the overview's one reading",
    "measures": "reads the cohort's temporary tables, which last as long as their connection",
    "series": "reads the cohort's temporary tables, which last as long as their connection",
}
"""Modules of store/queries whose functions take a connection, each with the reason."""


def modules(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def statements(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every string or part of an f-string that starts like SQL."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield node.lineno, " ".join(node.value.split())[:60]


def executions(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every call of a method that runs SQL, and every import of a function that does."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNS_SQL:
            yield node.lineno, f".{node.func.attr}(…)"
        if isinstance(node, ast.ImportFrom) and node.module == "pilot_core.store.engine.connection":
            yield from ((node.lineno, name.name) for name in node.names if name.name in ("rows", "insert"))


def outside_store() -> list[tuple[str, ast.Module]]:
    return [(name, module) for name, module in modules(CORE) if not name.startswith("pilot_core/store/")]


def test_sql_is_written_in_the_store_alone() -> None:
    assert [(name, *found) for name, module in outside_store() for found in statements(module)] == []


def test_sql_is_run_in_the_store_alone() -> None:
    assert [(name, *found) for name, module in outside_store() for found in executions(module)] == []


def test_the_rules_would_find_the_sql_of_the_store() -> None:
    found = dict(modules(STORE / "queries"))
    for name in ("lists", "cohorts", "exports", "backups"):
        module = found[f"pilot_core/store/queries/{name}.py"]
        assert list(statements(module)), name
        assert list(executions(module)), name


def parameter_types(folder: Path) -> Iterator[tuple[str, str, set[str]]]:
    """Yield each public function at the top of a module: module, name, and the annotations of its parameters."""
    for name, module in modules(folder):
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                yield Path(name).stem, node.name, {ast.unparse(each.annotation) for each in given if each.annotation}


def test_no_function_of_a_table_module_takes_a_database() -> None:
    found = [
        (module, name)
        for module, name, types in parameter_types(STORE / "tables")
        if {"Database", "PilotStore"} & types
    ]

    assert found == []


def test_functions_of_a_query_module_take_a_database_or_all_of_them_a_connection() -> None:
    asked = list(parameter_types(STORE / "queries"))

    assert {module for module, _, types in asked if "Connection" in types} == set(ON_A_CONNECTION)
    assert [(module, name) for module, name, types in asked if module in ON_A_CONNECTION and "Database" in types] == []


def test_a_query_module_on_a_connection_says_so() -> None:
    found = dict(modules(STORE / "queries"))
    for name in ON_A_CONNECTION:
        assert "connection" in (ast.get_docstring(found[f"pilot_core/store/queries/{name}.py"]) or ""), name
