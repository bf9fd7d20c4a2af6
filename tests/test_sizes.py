"""Files and functions are short enough to read, or their docstring gives the reason."""

import ast
from collections.abc import Iterator

from pilot_core.settings import ROOT

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60
PARAMETERS = 6

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for path in sorted((ROOT / "pilot_core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{path.relative_to(ROOT)}: {node.name}", node


def parameters(function: Function) -> int:
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    of_class = bool(named) and named[0].arg in ("self", "cls")
    return len(named) + bool(given.vararg) + bool(given.kwarg) - of_class


def test_no_file_is_longer_than_400_lines() -> None:
    files = (ROOT / "pilot_core").rglob("*.py")
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path.name: length for path, length in lengths.items() if length > LINES_OF_A_FILE} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = {name: (node.end_lineno or 0) - node.lineno + 1 for name, node in functions()}
    assert {name: length for name, length in lengths.items() if length > LINES_OF_A_FUNCTION} == {}


def test_a_function_with_more_than_6_parameters_says_why_in_its_docstring() -> None:
    many = [(name, node) for name, node in functions() if parameters(node) > PARAMETERS]
    assert many
    assert [name for name, node in many if "parameters" not in (ast.get_docstring(node) or "")] == []
