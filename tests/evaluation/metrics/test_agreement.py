from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch

from camcli.evaluation.metrics.agreement import (
    AGREEMENT,
    AgreementInput,
    cosine_similarity,
    rank_correlation,
    relative_error,
    scaled_error,
)
from tests.reference import slow_metrics


def test_agreement_of_coefficients() -> None:
    generator = torch.Generator().manual_seed(5)
    truth = torch.randn(4, 30, generator=generator)
    found = truth + 0.5 * torch.randn(4, 30, generator=generator)
    found[:, :5] = found[:, :1]  # ties
    rho = [scipy.stats.spearmanr(a, b).statistic for a, b in zip(found, truth, strict=True)]
    np.testing.assert_allclose(rank_correlation(found, truth), rho)
    assert relative_error(2 * truth, truth).tolist() == pytest.approx([1.0] * 4)
    assert scaled_error(2 * truth, truth).tolist() == pytest.approx([0.0] * 4, abs=1e-6)
    assert cosine_similarity(-truth, truth).tolist() == pytest.approx([-1.0] * 4)
    for row in range(4):
        scales = np.linspace(0, 2, 20001)[:, None]
        errors = np.linalg.norm(scales * found[row].numpy() - truth[row].numpy(), axis=1)
        best = errors.min() / np.linalg.norm(truth[row])
        assert float(scaled_error(found, truth)[row]) == pytest.approx(best, abs=1e-4)


def test_agreement_agrees_with_the_slow_reference() -> None:
    generator = torch.Generator().manual_seed(6)
    shapley = torch.randn(1, 20, generator=generator)
    coefficients = shapley + 0.8 * torch.randn(1, 20, generator=generator)
    coefficients[0, :4] = coefficients[0, 0]  # ties
    pair = coefficients[0].numpy(), shapley[0].numpy()
    assert AGREEMENT.measure(AgreementInput(coefficients, shapley)) == pytest.approx(
        {
            "shap_error": slow_metrics.relative_error(*pair),
            "shap_scaled_error": slow_metrics.scaled_error(*pair),
            "shap_cosine": slow_metrics.cosine(*pair),
            "shap_rank": slow_metrics.rank_correlation(*pair),
        },
        abs=1e-6,
    )
