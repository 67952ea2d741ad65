"""The lasso against scikit-learn's."""

from __future__ import annotations

import torch
from sklearn.linear_model import Lasso

from camcli.methods._ops.lasso import lasso


def test_lasso_is_scikit_learns() -> None:
    generator = torch.Generator().manual_seed(3)
    features = (torch.rand(4, 40, 30, generator=generator) < 0.5).double()
    truth = torch.randn(4, 30, generator=generator).double() * (torch.arange(30) % 3 == 0)
    noise = 0.1 * torch.randn(4, 40, generator=generator).double()
    values = torch.einsum("bmk,bk->bm", features, truth) + 2 + noise
    weights = torch.rand(4, 40, generator=generator).double() + 0.1
    found = lasso(features, values, weights, 0.01)
    for row in range(4):
        model = Lasso(alpha=0.01, tol=1e-10, max_iter=100_000)
        model.fit(features[row].numpy(), values[row].numpy(), weights[row].numpy())
        torch.testing.assert_close(found[row], torch.from_numpy(model.coef_), rtol=1e-4, atol=1e-5)
    assert (found == 0).any()
