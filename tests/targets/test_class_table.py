"""Classes are named by index, or by name however it is spelt."""

from __future__ import annotations

import pytest

from camcli.errors import TargetError
from camcli.targets.class_names import folded
from camcli.targets.class_table import ClassTable

TABLE = ClassTable(5, ("tench", "great white shark", "crane", "cock", "crane"))


@pytest.mark.parametrize(
    ("word", "index"),
    [("2", 2), (" 4 ", 4), ("tench", 0), ("Great_White  shark", 1), (" COCK", 3)],
)
def test_a_word_names_a_class_by_index_or_name(word: str, index: int) -> None:
    assert TABLE.index_of(word) == index


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("tensh", "there is no class 'tensh'; did you mean 'tench'"),
        ("crane", "belongs to several classes: give the index, 2 or 4"),
        ("5", "there is no class 5: the network has 5"),
        ("-1", "there is no class '-1'"),
    ],
)
def test_a_word_that_names_no_single_class_is_refused(word: str, reason: str) -> None:
    with pytest.raises(TargetError, match=reason):
        TABLE.index_of(word)


def test_names_need_labels() -> None:
    unnamed = ClassTable(5, None)
    assert (unnamed.index_of("4"), unnamed.name_of(4)) == (4, None)
    with pytest.raises(TargetError, match="give an index from 0 to 4"):
        unnamed.index_of("tench")


def test_spellings_of_a_name_fold_to_one() -> None:
    assert folded(" Great_White  SHARK ") == folded("great white shark") == "great white shark"
    assert folded("great-white shark") != folded("great white shark")
