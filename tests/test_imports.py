"""Imports are at the top of each module, except for a few that would slow down the start of everything else."""

import ast
from collections.abc import Iterator

import pytest

from pilot_core.settings import ROOT

FEWER_THAN = 10


def test_few_imports_are_inside_functions_and_each_says_why() -> None:
    found, unexplained = 0, []
    for path in sorted((ROOT / "pilot_core").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for number in local_imports(source):
            found += 1
            if "#" not in lines[number - 1] and not lines[number - 2].lstrip().startswith("#"):
                unexplained.append(f"{path.relative_to(ROOT)}:{number}")
    assert unexplained == []
    assert found < FEWER_THAN


def local_imports(source: str) -> Iterator[int]:
    """Yield the line of each import inside a function, except those for type checkers only."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    yield from sorted({number for function in functions for number in _imports_in(function)})


def _imports_in(node: ast.AST) -> Iterator[int]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child.lineno
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield from _imports_in(child)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import a\nfrom b import c", []),
        ("def f():\n    import a", [2]),
        ("class C:\n    def f(self):\n        if x:\n            import a", [4]),
        ("def f():\n    def g():\n        from a import b", [3]),
        ("def f():\n    if TYPE_CHECKING:\n        import a", []),
    ],
)
def test_imports_inside_functions_are_found(source: str, lines: list[int]) -> None:
    assert list(local_imports(source)) == lines
