"""Targets that ask for what speaks against a class, and the two classes of a single logit."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from camcli.config import TargetConfig
from camcli.errors import ConfigError, ImageError, TargetError
from camcli.network.endings.meaning import Probabilities
from camcli.records import ImageRef
from camcli.targets.class_axis import ClassAxis, TwoSides
from camcli.targets.class_table import ClassTable
from camcli.targets.class_target import ClassTarget
from camcli.targets.classes import classes_of
from camcli.targets.plan import TargetPlan

TABLE = ClassTable(4, ("tench", "cat", "-cat", "cock"))
LOGITS = torch.tensor([0.1, 3.0, -1.0, 2.0])
REF = ImageRef(0, Path("birds/cock/1.jpg"), "birds/cock/1.jpg")
CPU = torch.device("cpu")


def mapping(word: str, sign: str = "negative") -> TargetConfig:
    return TargetConfig.model_validate({"class": word, "sign": sign})


def against(index: int) -> ClassTarget:
    return ClassTarget(index, "negative")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("-tench", [against(0)]),
        (" - Tench ", [against(0)]),
        ("-3", [against(3)]),
        ("-top2", [against(1), against(3)]),
        ("-folder", [against(3)]),
        ("-positive", [against(0), against(1), against(3)]),
        (mapping("cat"), [against(1)]),
        (mapping("3"), [against(3)]),
        (mapping("cat", "positive"), [ClassTarget(1)]),
    ],
)
def test_any_target_can_be_negated(spec: str | TargetConfig, expected: list[ClassTarget]) -> None:
    assert TargetPlan([spec], TABLE).choose(REF, LOGITS) == expected


def test_every_class_of_a_listing_can_be_negated(tmp_path: Path) -> None:
    listing = tmp_path / "t.csv"
    listing.write_text("image,class_name\n1.jpg,tench\n1.jpg,cock\n")
    plan = TargetPlan([f"-@{listing}"], TABLE)
    assert plan.many
    assert plan.choose(REF, LOGITS) == [against(0), against(3)]


@pytest.mark.parametrize("column", ["target", "class", "class_name", "label"])
def test_a_cell_of_a_listing_can_be_negated(tmp_path: Path, column: str) -> None:
    listing = tmp_path / "t.csv"
    listing.write_text(f"image,{column}\n1.jpg,- tench\n1.jpg,-cat\n1.jpg,-3\n1.jpg,cock\n")
    plan = TargetPlan([f"@{listing}"], TABLE)
    expected = [against(0), ClassTarget(2), against(3), ClassTarget(3)]  # one is called -cat
    assert plan.choose(REF, LOGITS) == expected
    assert plan.signs == {"positive", "negative"}
    assert plan.about_a_difference
    opposite = TargetPlan([f"-@{listing}"], TABLE)
    assert opposite.choose(REF, LOGITS)[:2] == [ClassTarget(0), against(2)]


def test_what_speaks_against_may_stand_beside_the_label(tmp_path: Path) -> None:
    listing = tmp_path / "t.csv"
    listing.write_text("image,target,label\n1.jpg,-tench,tench\n")
    assert TargetPlan([f"@{listing}"], TABLE).choose(REF, LOGITS) == [against(0)]
    listing.write_text("image,target,label\n1.jpg,tench,-tench\n")
    with pytest.raises(TargetError, match="are different targets"):
        TargetPlan([f"@{listing}"], TABLE)


@pytest.mark.parametrize(("column", "cell"), [("class_index", "-3"), ("versus", "-tench")])
def test_columns_that_take_no_sign_refuse_one(tmp_path: Path, column: str, cell: str) -> None:
    listing = tmp_path / "t.csv"
    listing.write_text(f"image,class,{column}\n1.jpg,cock,{cell}\n".replace("class,class", "class"))
    with pytest.raises(TargetError):
        TargetPlan([f"@{listing}"], TABLE, versus=f"@{listing}")


def test_a_class_whose_name_begins_with_a_minus_is_that_class() -> None:
    assert TargetPlan(["-cat"], TABLE).choose(REF, LOGITS) == [ClassTarget(2)]
    assert TargetPlan(["--cat"], TABLE).choose(REF, LOGITS) == [against(2)]
    assert TargetPlan([mapping("-cat")], TABLE).choose(REF, LOGITS) == [against(2)]


def test_for_and_against_are_two_targets_and_each_is_explained_once() -> None:
    plan = TargetPlan(["top1", "-top1", "cat", mapping("cat")], TABLE)
    assert plan.choose(REF, LOGITS) == [ClassTarget(1), against(1)]
    assert plan.many
    assert not TargetPlan(["-top1"], TABLE).many
    assert TargetPlan(["-top2"], TABLE).many


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("-tensh", r"'-tensh': there is no class 'tensh'; did you mean 'tench'"),
        ("-9", r"'-9': there is no class 9"),
        ("-", r"'-': there is no class ''"),
        ("-top9", "the network has 4"),
        ("-prompts", "there are no prompts"),
        (mapping("tensh"), r"'tensh': there is no class 'tensh'; did you mean 'tench'"),
        (mapping("top1"), r"there is no class 'top1'"),
    ],
)
def test_a_negated_target_that_cannot_be_meant_is_refused(
    spec: str | TargetConfig, reason: str
) -> None:
    with pytest.raises(TargetError, match=reason):
        TargetPlan([spec], TABLE)


def test_signs_say_which_evidence_is_asked_for() -> None:
    assert TargetPlan(["top1"], TABLE).signs == {"positive"}
    assert TargetPlan(["-top1", mapping("cat", "positive")], TABLE).signs == {
        "negative",
        "positive",
    }


def test_a_class_of_its_own_logit_is_scored_by_it() -> None:
    objective = ClassAxis().objective([ClassTarget(3), against(1)], CPU)
    logits = torch.stack([LOGITS, LOGITS])
    assert objective.scores(logits).tolist() == [2.0, -3.0]


@pytest.mark.parametrize(
    ("target", "score"),
    [
        (ClassTarget(1), 0.7),
        (against(1), -0.7),
        (ClassTarget(0), -0.7),
        (against(0), 0.7),
    ],
)
def test_a_single_logit_speaks_for_the_second_class_and_against_the_first(
    target: ClassTarget, score: float
) -> None:
    objective = TwoSides().objective([target], CPU)
    assert objective.scores(torch.tensor([[0.7]])).item() == pytest.approx(score)


def test_both_sides_of_a_logit_are_scored_and_share_the_probability() -> None:
    logits = torch.tensor([[0.7], [-2.0]])
    assert torch.equal(TwoSides().scores(logits), torch.tensor([[-0.7, 0.7], [2.0, -2.0]]))
    found = TwoSides().probabilities(torch.sigmoid(logits))
    torch.testing.assert_close(found, torch.sigmoid(torch.tensor([[-0.7, 0.7], [2.0, -2.0]])))


@pytest.mark.parametrize(("logit", "best"), [(0.7, 1), (-0.7, 0)])
def test_the_best_of_two_sides_goes_by_the_sign_of_the_logit(logit: float, best: int) -> None:
    table, axis = classes_of(1, ("cock", "hen"), None, "sigmoid")
    one = torch.tensor([logit])
    for spec in ("top1", "positive"):
        plan = TargetPlan([spec], table, axis=axis)
        assert plan.choose(REF, one) == [ClassTarget(best)]
    assert TargetPlan(["folder"], table, axis=axis).choose(REF, one) == [ClassTarget(0)]
    assert TargetPlan(["1", "-hen"], table, axis=axis).choose(REF, one) == [
        ClassTarget(1),
        against(1),
    ]
    with pytest.raises(ImageError, match="no class has a positive score"):
        TargetPlan(["positive"], table, axis=axis).choose(REF, torch.zeros(1))


def test_a_network_that_gives_the_probability_is_even_at_one_half() -> None:
    table, axis = classes_of(1, ("no", "yes"), None, "identity")
    torch.testing.assert_close(axis.scores(torch.tensor([0.2])), torch.tensor([0.8, 0.2]))
    plan = TargetPlan(["top1"], table, axis=axis)
    assert plan.choose(REF, torch.tensor([0.2])) == [ClassTarget(0)]
    assert plan.choose(REF, torch.tensor([0.6])) == [ClassTarget(1)]


def test_which_name_a_single_logit_speaks_for_is_told() -> None:
    told: list[str] = []
    table, axis = classes_of(1, ("no", "yes"), None, "sigmoid", told.append)
    assert (table.size, isinstance(axis, TwoSides)) == (2, True)
    (line,) = told
    assert "speaks for 'yes', class 1, and against 'no', class 0" in line


@pytest.mark.parametrize(("logits", "labels"), [(1, ("face",)), (1, None), (2, ("no", "yes"))])
def test_otherwise_each_logit_is_a_class(logits: int, labels: tuple[str, ...] | None) -> None:
    told: list[str] = []
    table, axis = classes_of(logits, labels, None, "sigmoid", told.append)
    assert (table.size, type(axis), told) == (logits, ClassAxis, [])


@pytest.mark.parametrize(
    ("logits", "reason"), [(1, "3 class names.*1 class; .*one name, or two"), (2, "3.*2 classes$")]
)
def test_other_numbers_of_names_are_refused(logits: int, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        classes_of(logits, ("a", "b", "c"), None, "sigmoid")


def test_two_names_for_a_number_that_says_nothing_of_them_are_refused() -> None:
    with pytest.raises(ConfigError, match="nothing says which values favour which"):
        classes_of(1, ("no", "yes"), None, "none")
    table, axis = classes_of(1, ("yes",), None, "none")
    assert (table.size, axis.even) == (1, None)


@pytest.mark.parametrize("probabilities", ["softmax", "sigmoid", "exp", "identity", "none"])
def test_an_axis_knows_which_score_is_even(probabilities: Probabilities) -> None:
    _, axis = classes_of(2, None, None, probabilities)
    evens = {"softmax": 0.0, "sigmoid": 0.0, "exp": math.log(0.5), "identity": 0.5, "none": None}
    assert axis.even == evens[probabilities]
