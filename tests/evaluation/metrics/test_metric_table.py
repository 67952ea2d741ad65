"""The declarations of metrics, and the table that shows them."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import camcli.evaluation
from camcli.evaluation.metrics import METRICS
from camcli.evaluation.metrics.agreement import AGREEMENT, AgreementInput
from camcli.evaluation.metrics.complexity import COMPLEXITY, ComplexityInput
from camcli.evaluation.metrics.faithfulness import FAITHFULNESS, matched_clamped_drop_in_deletion
from camcli.evaluation.metrics.family import Family
from camcli.evaluation.metrics.localisation import LOCALISATION, LocalisationInput
from camcli.evaluation.scorer import PerturbationScorer

FAMILIES: tuple[Family[Any], ...] = (FAITHFULNESS, COMPLEXITY, LOCALISATION, AGREEMENT)
DECLARED = [metric for family in FAMILIES for metric in family.metrics]
# Rows and summaries hold the two curves under these names as well, beside the areas under them.
CURVES = {"insertion", "deletion"}


def test_the_columns_keep_their_keys_and_their_order() -> None:
    known = [
        "matched_drop",
        "matched_increase",
        "matched_drop_in_deletion",
        "insertion",
        "deletion",
        "drop",
        "increase",
        "drop_in_deletion",
        "clamped_drop_in_deletion",
        "energy",
        "energy_on_others",
        "pointing",
        "shap_error",
        "shap_scaled_error",
        "shap_cosine",
        "shap_rank",
        "gini",
        "entropy",
    ]
    assert [metric.key for metric in METRICS if metric.key in known] == known


def test_every_metric_is_a_column_but_the_one_that_only_rows_hold() -> None:
    assert {metric.key for metric in DECLARED} - {metric.key for metric in METRICS} == {
        matched_clamped_drop_in_deletion.key
    }
    assert all(metric in DECLARED for metric in METRICS)


def test_keys_and_titles_are_unique_and_every_metric_names_its_source() -> None:
    assert len({metric.key for metric in DECLARED}) == len(DECLARED)
    assert len({metric.title for metric in DECLARED}) == len(DECLARED)
    for metric in DECLARED:
        assert metric.source, metric.key
        assert metric.family in {family.name for family in FAMILIES}


def test_a_key_is_written_where_its_metric_is_declared_and_nowhere_else() -> None:
    declared = [metric for metric in DECLARED if metric.key not in CURVES]
    expected = Counter({metric.key: 1 + (metric.key == metric.title) for metric in declared})
    found = Counter(
        node.value
        for path in Path(camcli.evaluation.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in expected
    )
    assert found == expected


@pytest.mark.parametrize("row", range(3))
def test_figures_lie_within_their_bounds(
    row: int, network: nn.Module, images: Tensor, maps: Tensor, classes: tuple[int, ...]
) -> None:
    scorer = PerturbationScorer(network, steps=3)
    one = maps[row : row + 1]
    mask = torch.zeros_like(one, dtype=torch.bool)
    mask[:, 4:9, 5:15] = True
    numbers = torch.randn(2, 1, 30, generator=torch.Generator().manual_seed(row))
    given: tuple[Any, ...] = (
        scorer.score_map(scorer.baseline_scores(images[row], classes[row]), maps[row]),
        ComplexityInput(one),
        LocalisationInput(one, mask, ~mask),
        AgreementInput(*numbers),
    )
    for family, record in zip(FAMILIES, given, strict=True):
        figures = family.measure(record)
        assert list(figures) == [metric.key for metric in family.metrics]
        for metric in family.metrics:
            low, high = metric.bounds
            assert low <= figures[metric.key] <= high, metric.key
