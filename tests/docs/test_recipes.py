"""A newcomer who follows a recipe of CONTRIBUTING.md has something that works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.recipes import ROOT, copy_of_repository, recipes

RECIPES = recipes()


def test_there_is_a_recipe_for_each_table() -> None:
    expected = ["A method", "A rule", "A model source", "An artefact", "A metric", "An executor"]
    assert list(RECIPES) == expected


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_is_one_file_its_rows_and_one_test(title: str) -> None:
    new = [block.path for block in RECIPES[title] if block.below is None]
    assert [path.partition("/")[0] for path in new] == ["camcli", "tests"]
    assert len({block.path for block in RECIPES[title] if block.below}) == 1


def _awaiting_its_table(title: str) -> Any:
    tables = [ROOT / block.path for block in RECIPES[title] if block.below]
    lacking = not all(table.exists() and _has_table(table, title) for table in tables)
    return pytest.param(title, marks=pytest.mark.xfail(lacking, strict=True, reason="no table yet"))


def _has_table(table: Path, title: str) -> bool:
    words = [block.below for block in RECIPES[title] if block.below]
    return all(word in table.read_text(encoding="utf-8") for word in words)


@pytest.mark.parametrize("title", map(_awaiting_its_table, RECIPES))
def test_a_recipe_works_as_it_stands(title: str, tmp_path: Path) -> None:
    tree = copy_of_repository(tmp_path / "tree")
    for block in RECIPES[title]:
        block.put_into(tree)
    test = RECIPES[title][-1].path
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
