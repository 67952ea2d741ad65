from __future__ import annotations

import torch

from camcli.evaluation.report.bootstrap import bootstrap


def test_bootstrap_covers_the_true_mean_about_as_often_as_it_says() -> None:
    generator = torch.Generator().manual_seed(7)
    covered = 0
    for _ in range(200):
        estimate = bootstrap(torch.rand(40, generator=generator))
        covered += estimate.low <= 0.5 <= estimate.high
    assert 175 <= covered <= 199


def test_bootstrap_leaves_out_what_has_no_value() -> None:
    estimate = bootstrap(torch.tensor([1.0, float("nan"), 3.0]))
    assert (estimate.mean, estimate.count) == (2.0, 2)
    nothing = bootstrap(torch.tensor([float("nan")]))
    assert nothing.count == 0
    assert nothing.mean != nothing.mean
