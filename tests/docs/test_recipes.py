"""A newcomer who follows a recipe of CONTRIBUTING.md has something that works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.recipes import copy_of_repository, recipes

RECIPES = recipes()


def test_there_is_a_recipe_for_each_table() -> None:
    assert list(RECIPES) == [
        "A method",
        "A rule",
        "A model source",
        "A target",
        "An artefact",
        "A metric",
        "An executor",
    ]


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_is_one_file_its_rows_and_one_test(title: str) -> None:
    new = [block.path for block in RECIPES[title] if block.below is None]
    assert [path.partition("/")[0] for path in new] == ["camcli", "tests"]
    assert len({block.path for block in RECIPES[title] if block.below}) == 1


@pytest.mark.slow
def test_the_recipes_work_as_they_stand_one_beside_the_other(tmp_path: Path) -> None:
    tree = copy_of_repository(tmp_path / "tree")
    blocks = [block for recipe in RECIPES.values() for block in recipe]
    for block in blocks:
        block.put_into(tree)
    tests = [block.path for block in blocks if block.path.startswith("tests/")]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(RECIPES)} passed" in run.stdout
