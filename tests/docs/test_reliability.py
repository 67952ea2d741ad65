"""The tests that the page of what can go wrong names exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "explanation" / "reliability.md"
_NAMED = re.compile(r"`((?:\w+/)*test_\w+\.py)?(?:::(\w+))?`")


def named_tests(text: str) -> list[tuple[str, str]]:
    """Return (file, test) of each test named; `::test` alone stands in the file named before."""
    found, file = [], ""
    for path, test in _NAMED.findall(text):
        file = path or file
        if path or test:
            found.append((file, test))
    return found


def missing(named: list[tuple[str, str]]) -> list[str]:
    return [
        f"{file}::{test}"
        for file, test in named
        if not (TESTS / file).exists() or (test and test not in functions_of(TESTS / file))
    ]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_exists() -> None:
    named = named_tests(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 50
    assert missing(named) == []


def test_a_test_that_is_gone_is_missed() -> None:
    named = named_tests(
        "`docs/test_reliability.py::test_gone` and `::test_every_test_that_is_named_exists`"
    )
    assert missing(named) == ["docs/test_reliability.py::test_gone"]
