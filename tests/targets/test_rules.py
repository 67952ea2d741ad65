"""Each kind of target is one class in the table, which is all that spells and reads it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from camcli.config import Config
from camcli.errors import TargetError
from camcli.models.prompts import Prompt, PromptPlan
from camcli.records import ImageRef
from camcli.targets import rules
from camcli.targets.class_table import ClassTable
from camcli.targets.plan import TargetPlan, rule_of
from camcli.targets.rules import usage
from camcli.targets.rules.base import Rule, Vocabulary
from camcli.targets.rules.fixed import Fixed

TABLE = ClassTable(5, ("tench", "great white shark", "crane", "cock", "crane"))
REF = ImageRef(0, Path("birds/cock/1.jpg"), "1.jpg")
LOGITS = torch.tensor([0.1, 3.0, -1.0, 2.0, 0.5])
PROMPTS = PromptPlan((Prompt("a dog", ("a dog",)), Prompt("a cat", ("a cat",))), (0, 1))


@dataclass(frozen=True)
class Weakest(Rule):
    """A kind of target that camcli does not have."""

    @classmethod
    def parse(cls, spec: str, vocabulary: Vocabulary) -> Rule | None:  # noqa: ARG003
        return cls() if spec == "weakest" else None

    def classes(self, ref: ImageRef, logits: torch.Tensor) -> Sequence[int]:
        return [int(logits.argmin())]


def test_a_new_kind_is_one_class_and_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetError):
        TargetPlan(["weakest"], TABLE)
    monkeypatch.setattr(rules, "RULES", {"weakest": f"{__name__}:Weakest", **rules.RULES})
    chosen = TargetPlan(["weakest", "top1"], TABLE).choose(REF, LOGITS)
    assert [target.index for target in chosen] == [2, 1]
    assert "weakest" in usage()
    with pytest.raises(TargetError, match="a target is weakest, "):
        TargetPlan(["weakesst"], TABLE)


def test_the_rows_are_the_kinds_and_any_word_is_tried_last() -> None:
    kinds = list(rules.rules())
    assert len(set(kinds)) == len(rules.RULES)
    assert all(issubclass(kind, Rule) for kind in kinds)
    assert kinds[-1] is Fixed


def test_spelling_the_kinds_imports_none_of_them() -> None:
    script = (
        "import sys\n"
        "from camcli.targets import rules\n"
        "rules.usage()\n"
        "loaded = {name for name in sys.modules if name.startswith('camcli.targets.')}\n"
        "assert loaded == {'camcli.targets.rules'}, loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("spec", "expected", "many"),
    [
        ("top1", [1], False),
        ("top2", [1, 3], True),
        ("positive", [0, 1, 3, 4], True),
        ("folder", [3], False),
        ("prompts", [0, 1], True),
        ("2", [2], False),
        ("cock", [3], False),
    ],
)
def test_what_each_kind_asks_for(spec: str, expected: list[int], many: bool) -> None:
    rule = rule_of(spec, Vocabulary(TABLE, PROMPTS))
    assert (rule.classes(REF, LOGITS), rule.many) == (expected, many)


@pytest.mark.parametrize("word", ["top1", "positive", "folder", "prompts"])
def test_a_class_wins_over_the_rule_that_has_its_name(word: str) -> None:
    named = ClassTable(5, ("a", "b", word, "d", "cock"))
    plain, class_, rule = (
        rule_of(spec, Vocabulary(named, PROMPTS)).classes(REF, LOGITS)
        for spec in (word, f"class:{word}", f"@{word}")
    )
    assert plain == class_ == [2]
    asked = {"top1": [1], "positive": [0, 1, 3, 4], "folder": [4], "prompts": [0, 1]}
    assert rule == asked[word]


@pytest.mark.parametrize("word", ["top1", "positive", "folder", "prompts"])
def test_a_word_that_is_a_class_but_for_its_case_is_refused(word: str) -> None:
    named = ClassTable(2, ("a", word.title()))
    with pytest.raises(TargetError, match=f"write class:{word.title()} or @{word}$"):
        rule_of(word, Vocabulary(named, PROMPTS))
    assert rule_of(word.title(), Vocabulary(named)).classes(REF, LOGITS) == [1]


def test_a_default_is_a_rule_whatever_the_classes_are_called() -> None:
    named = ClassTable(5, ("@top1", "top1", "TOP1", "d", "e"))
    assert rule_of(Config().targets[0], Vocabulary(named)).classes(REF, LOGITS) == [1]
    assert rule_of("class:@top1", Vocabulary(named)).classes(REF, LOGITS) == [0]


def test_a_file_may_have_the_name_of_a_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("top1").write_text("image,class\n1.jpg,tench\n")
    assert rule_of("@./top1", Vocabulary(TABLE)).classes(REF, LOGITS) == [0]
    assert rule_of("@top1", Vocabulary(TABLE)).classes(REF, LOGITS) == [1]


@pytest.mark.parametrize(("spec", "place"), [("2", 1), ("index:2", 2), ("A cat", 2), ("3", 0)])
def test_prompts_are_named_as_classes_are(spec: str, place: int) -> None:
    texts = ("3", "2", "a cat")
    plan = PromptPlan(tuple(Prompt(text, (text,)) for text in texts), (0, 1, 2))
    assert rule_of(spec, Vocabulary(ClassTable(3, texts), plan)).classes(REF, LOGITS) == [place]


def test_positive_targets_of_a_single_score_are_not_many() -> None:
    assert not rule_of("positive", Vocabulary(ClassTable(1, None))).many


def test_an_image_without_a_positive_score_has_no_target() -> None:
    rule = rule_of("positive", Vocabulary(TABLE))
    with pytest.raises(TargetError, match=r"no class has a positive score in 1\.jpg"):
        rule.classes(REF, -LOGITS.abs())


def test_positive_probabilities_are_those_above_a_half() -> None:
    rule = rule_of("positive", Vocabulary(ClassTable(3, None), even=0.5))
    assert rule.classes(REF, torch.tensor([0.6, 0.4, 0.9])) == [0, 2]


def test_scores_without_probabilities_have_no_positive_ones() -> None:
    with pytest.raises(TargetError, match=r"model\.probabilities is none"):
        rule_of("positive", Vocabulary(ClassTable(3, None), even=None))


def test_prompts_need_a_dual_encoder() -> None:
    with pytest.raises(TargetError, match="there are no prompts to be targets"):
        rule_of("prompts", Vocabulary(TABLE))


def test_only_a_word_that_may_be_a_misspelt_kind_is_answered_with_all_kinds() -> None:
    with pytest.raises(TargetError, match="did you mean 'tench'"):
        rule_of("tensh", Vocabulary(TABLE))
    for spec in ("crane", "9", "top9"):
        with pytest.raises(TargetError) as caught:
            rule_of(spec, Vocabulary(TABLE))
        assert "a target is" not in str(caught.value)
