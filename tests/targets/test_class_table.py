"""Classes are named by index, or by name however it is spelt."""

from __future__ import annotations

import pytest

from camcli.errors import TargetError
from camcli.targets.class_names import folded
from camcli.targets.class_table import ClassTable, UnknownClassError

TABLE = ClassTable(5, ("tench", "great white shark", "crane", "cock", "crane"))
NUMBERED = ClassTable(5, ("1", "10", "11", "2", "3"))
ALIKE = ClassTable(4, ("cat", "Cat", "dog_house", "Dog"))
WITH_IDS = ClassTable(3, ("crane", "hen", "crane"), ("n02012849", "n01514859", "n03126707"))


@pytest.mark.parametrize(
    ("word", "index"),
    [
        ("2", 2),
        (" 4 ", 4),
        ("tench", 0),
        ("Great_White  shark", 1),
        (" COCK", 3),
        ("index:2", 2),
        ("class:cock", 3),
        (" class: Cock ", 3),
    ],
)
def test_a_word_names_a_class_by_index_or_name(word: str, index: int) -> None:
    assert TABLE.index_of(word) == index


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("tensh", "there is no class 'tensh'; did you mean 'tench'"),
        ("class:tensh", "there is no class 'tensh'; did you mean 'tench'"),
        ("class:3", "there is no class '3'"),
        ("crane", "write index:2 .'crane'. or index:4 .'crane'."),
        ("5", "there is no class 5: the network has 5"),
        ("index:5", "there is no class 5: the network has 5"),
        ("index:cock", "'cock' is no class index"),
        ("index:-1", "'-1' is no class index"),
        ("index:", "'' is no class index"),
        ("-1", "there is no class '-1'"),
        ("²", "there is no class '²'"),
        ("9" * 5000, "there is no class '9999"),
    ],
)
def test_a_word_that_names_no_single_class_is_refused(word: str, reason: str) -> None:
    with pytest.raises(TargetError, match=reason):
        TABLE.index_of(word)


@pytest.mark.parametrize(
    ("word", "index"), [("2", 3), ("10", 1), ("class:2", 3), ("index:2", 2), ("index:0", 0)]
)
def test_a_number_is_the_class_of_that_name_before_an_index(word: str, index: int) -> None:
    assert NUMBERED.index_of(word) == index


@pytest.mark.parametrize("labels", [("1", "10"), ("00", "01"), ("-1", "+1"), ("0.5", "1.5")])
def test_a_number_that_is_no_name_is_no_index_beside_numbers(labels: tuple[str, ...]) -> None:
    reading = f"no class is called '0', and index 0 is the class '{labels[0]}': write index:0"
    with pytest.raises(TargetError) as caught:
        ClassTable(2, labels).index_of("0")
    assert reading in str(caught.value)
    with pytest.raises(TargetError, match="no class is called '7', and there is no index 7"):
        ClassTable(2, labels).index_of("7")


@pytest.mark.parametrize(("word", "index"), [("cat", 0), ("Cat", 1), ("DOG", 3), ("dog house", 2)])
def test_a_name_written_alike_counts_before_one_that_differs_in_case(word: str, index: int) -> None:
    assert ALIKE.index_of(word) == index


def test_a_spelling_of_several_names_is_refused() -> None:
    with pytest.raises(TargetError, match=r"write index:0 \('cat'\) or index:1 \('Cat'\)"):
        ALIKE.index_of("CAT")


def test_of_many_classes_with_a_name_some_are_shown() -> None:
    with pytest.raises(TargetError, match=r"index:4 \('x'\) \(or one of 3 more\)$"):
        ClassTable(8, ("x",) * 8).index_of("x")


def test_a_class_with_the_name_of_a_spelling_is_not_taken_for_it() -> None:
    table = ClassTable(4, ("cat", "class:cat", "index:0", "class:dog"))
    with pytest.raises(TargetError, match="write class:class:cat or class:cat"):
        table.index_of("class:cat")
    with pytest.raises(TargetError, match="write class:index:0 or class:cat"):
        table.index_of("index:0")
    assert table.index_of("class:class:cat") == 1
    assert table.index_of("class:index:0") == 2
    assert table.index_of("class:dog") == 3


def test_names_need_labels() -> None:
    unnamed = ClassTable(5, None)
    assert (unnamed.index_of("4"), unnamed.index_of("index:4"), unnamed.name_of(4)) == (4, 4, None)
    assert not unnamed.names("4")
    for word in ("tench", "class:4"):
        with pytest.raises(TargetError, match=r"an index from 0 to 4, or the names .model\.labels"):
            unnamed.index_of(word)


@pytest.mark.parametrize("word", ["n03126707", "N03126707 "])
def test_an_id_names_a_class_that_shares_its_name(word: str) -> None:
    assert WITH_IDS.index_of(word) == WITH_IDS.index_named(word) == 2
    assert [WITH_IDS.is_named(index, word) for index in range(3)] == [False, False, True]
    assert [WITH_IDS.is_named(index, "Crane") for index in range(3)] == [True, False, True]


def test_an_id_without_ids_is_answered_with_what_it_is() -> None:
    with pytest.raises(UnknownClassError, match=r"WordNet id.*names are not ImageNet's"):
        TABLE.index_of("n03126707")


@pytest.mark.parametrize(
    ("word", "is_name"),
    [("-cat", True), ("-CAT", True), ("cat", False), ("0", False), ("index:0", False)],
)
def test_a_word_is_known_for_a_name_as_it_stands(word: str, is_name: bool) -> None:
    assert ClassTable(2, ("-cat", "dog")).names(word) is is_name


def test_spellings_of_a_name_fold_to_one() -> None:
    assert folded(" Great_White  SHARK ") == folded("great white shark") == "great white shark"
    assert folded("great-white shark") != folded("great white shark")
    assert folded("cafe\N{COMBINING ACUTE ACCENT}") == folded("CAFÉ")


def test_the_other_class_of_a_single_score_is_told_how_to_be_asked_for() -> None:
    with pytest.raises(TargetError, match=r"the network has 1\. What speaks .* is -0; .*two names"):
        ClassTable(1, None).index_of("1")
    with pytest.raises(TargetError, match=r"the network has 1$"):
        ClassTable(1, ("cat",)).index_of("1")
