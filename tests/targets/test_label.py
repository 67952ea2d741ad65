"""`label`: what an image's source says of its class."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from camcli.errors import ImageError
from camcli.records import ImageRef
from camcli.targets.class_table import ClassTable
from camcli.targets.plan import TargetPlan

LOGITS = torch.tensor([0.1, 3.0, -1.0])
PLAN = TargetPlan(["label"], ClassTable(3, ("tench", "2", "crane")))


def _chosen(label: int | str | None) -> int:
    (target,) = PLAN.choose(ImageRef(0, Path("a.jpg"), "a.jpg", label), LOGITS)
    return target.index


def test_a_number_is_an_index_and_a_word_a_name() -> None:
    assert [_chosen(label) for label in (2, "2", "crane", "index:0")] == [2, 1, 2, 0]


@pytest.mark.parametrize(
    ("label", "said"),
    [(None, "gives it no label"), (3, "the network has 3"), ("bird", "no class 'bird'")],
)
def test_an_image_whose_label_names_no_class_fails(label: int | str | None, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        _chosen(label)
