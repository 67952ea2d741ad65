"""What `--versus` compares the explained class with."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from camcli.config import TargetConfig
from camcli.errors import ImageError, TargetError
from camcli.records import ImageRef
from camcli.targets.class_axis import BesideEmptyPrompt, ClassAxis, TwoSides
from camcli.targets.class_table import ClassTable
from camcli.targets.class_target import ClassTarget, Rival
from camcli.targets.plan import TargetPlan

TABLE = ClassTable(5, ("tench", "cat", "cock", "runner-up", "dog"))
LOGITS = torch.tensor([0.1, 3.0, -1.0, 2.0, 1.0])
REF = ImageRef(0, Path("birds/cock/1.jpg"), "birds/cock/1.jpg")
CPU = torch.device("cpu")


def chosen(versus: str, target: str = "top1", table: ClassTable = TABLE) -> list[ClassTarget]:
    return TargetPlan([target], table, versus=versus).choose(REF, LOGITS)


@pytest.mark.parametrize(
    ("versus", "target", "index", "rival"),
    [
        ("@runner-up", "top1", 1, 3),
        ("@runner-up", "dog", 4, 1),
        ("runner-up", "top1", 1, 3),  # the class of that name
        ("tench", "top1", 1, 0),
        ("TENCH", "top1", 1, 0),
        ("index:2", "top1", 1, 2),
        ("nearest1", "dog", 4, 0),
        ("nearest1", "top1", 1, 3),
    ],
)
def test_a_class_is_compared_with_another(versus: str, target: str, index: int, rival: int) -> None:
    assert chosen(versus, target) == [ClassTarget(index, "positive", (Rival(rival),))]


def test_the_nearest_classes_share_by_their_probabilities() -> None:
    (found,) = chosen("nearest3")
    assert [rival.index for rival in found.rivals] == [3, 4, 0]
    parts = [math.exp(value) for value in (2.0, 1.0, 0.1)]
    shares = [part / sum(parts) for part in parts]
    assert [rival.weight for rival in found.rivals] == pytest.approx(shares)


def test_a_file_names_others_in_equal_parts(tmp_path: Path) -> None:
    listing = tmp_path / "pairs.csv"
    listing.write_text("image,class,versus\n1,cat,dog\n1,cat,index:0\n")
    (found,) = TargetPlan([f"@{listing}"], TABLE, versus=f"@{listing}").choose(REF, LOGITS)
    assert found == ClassTarget(1, "positive", (Rival(4, 0.5), Rival(0, 0.5)))
    assert len(TargetPlan([f"@{listing}"], TABLE, versus=f"@{listing}").file_uses()) == 2


def test_what_speaks_against_a_difference_is_its_negative() -> None:
    (found,) = chosen("dog", "-cat")
    assert found == ClassTarget(1, "negative", (Rival(4),))
    objective = ClassAxis().objective([found], CPU)
    assert objective.scores(LOGITS[None]).tolist() == [1.0 - 3.0]


def test_a_mapping_has_its_own_and_the_others_the_common_one() -> None:
    own = TargetConfig.model_validate({"class": "cat", "versus": "dog"})
    plan = TargetPlan([own, "tench"], TABLE, versus="cock")
    assert plan.choose(REF, LOGITS) == [
        ClassTarget(1, "positive", (Rival(4),)),
        ClassTarget(0, "positive", (Rival(2),)),
    ]
    assert plan.about_a_difference
    assert not TargetPlan(["cat"], TABLE).about_a_difference


@pytest.mark.parametrize(
    ("versus", "reason"),
    [
        (
            "tensh",
            r"versus 'tensh': there is no class 'tensh'; did you mean 'tench'.*runner-up, nea",
        ),
        ("nearest5", "the network has 5 classes"),
        ("nearest0", "the network has 5 classes"),
        ("empty-prompt", "the network has classes, and the empty prompt is beside prompts"),
        ("Runner-Up", None),
        ("@gone.csv", "cannot read gone.csv"),
    ],
)
def test_what_is_no_other_class_is_refused(versus: str, reason: str | None) -> None:
    if reason is None:
        assert chosen(versus)[0].rivals == (Rival(3),)
        return
    with pytest.raises(TargetError, match=reason):
        chosen(versus)


def test_a_word_that_may_be_a_class_or_the_rule_is_refused_with_both_readings() -> None:
    table = ClassTable(3, ("Runner-Up", "cat", "dog"))
    with pytest.raises(TargetError, match=r"write class:Runner-Up or @runner-up"):
        chosen("runner-up", table=table)


def test_a_class_that_is_called_like_a_rule_is_that_class_even_where_the_rule_is_none() -> None:
    table = ClassTable(3, ("nearest9", "cat", "dog"))
    assert chosen("nearest9", "dog", table)[0].rivals == (Rival(0),)


def test_a_class_has_nothing_beyond_itself() -> None:
    with pytest.raises(
        ImageError, match=r"the explained class of birds/cock/1\.jpg is cat, which --versus names"
    ):
        chosen("cat", "top1")


@pytest.mark.parametrize("target", ["cat", "-cat", "index:1"])
def test_a_class_that_is_named_twice_is_refused_at_once(target: str) -> None:
    with pytest.raises(TargetError, match="cat is compared with itself"):
        TargetPlan(["top1", target], TABLE, versus="cat")


def test_of_several_targets_the_one_that_others_are_compared_with_is_left_out() -> None:
    assert [target.index for target in chosen("cat", "top3")] == [3, 4]


def test_the_two_sides_of_one_logit_differ_by_twice_the_logit() -> None:
    (found,) = TargetPlan(["1"], ClassTable(2, ("no", "yes")), None, TwoSides(), "no").choose(
        REF, torch.tensor([0.7])
    )
    score = TwoSides().objective([found], CPU).scores(torch.tensor([[0.7]]))
    assert score.item() == pytest.approx(1.4)


def test_targets_of_one_batch_may_have_different_numbers_of_others() -> None:
    targets = [ClassTarget(0), ClassTarget(1, rivals=(Rival(4, 0.25), Rival(2, 0.75)))]
    scores = ClassAxis().objective(targets, CPU).scores(torch.stack([LOGITS, LOGITS]))
    assert scores.tolist() == pytest.approx([0.1, 3.0 - 0.25 * 1.0 + 0.75 * 1.0])


def test_the_empty_prompt_is_compared_with_and_never_chosen() -> None:
    table = ClassTable(2, ("a house", "a fish"), beside="the empty prompt")
    axis = BesideEmptyPrompt()
    logits = torch.tensor([1.0, 2.0, 5.0])
    plan = TargetPlan(["top2"], table, axis=axis, versus="empty-prompt")
    rival = (Rival(2),)
    targets = plan.choose(REF, logits)
    assert targets == [ClassTarget(1, "positive", rival), ClassTarget(0, "positive", rival)]
    assert axis.objective(targets, CPU).scores(logits.expand(2, 3)).tolist() == [-3.0, -4.0]
    nearest = TargetPlan(["a fish"], table, axis=axis, versus="runner-up").choose(REF, logits)
    assert nearest == [ClassTarget(1, "positive", (Rival(0),))]
    assert table.name_of(2) == "the empty prompt"
