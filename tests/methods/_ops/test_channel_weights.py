from __future__ import annotations

import torch

from camcli.methods._ops.channel_weights import grad_cam_plus_plus_weights


def test_grad_cam_plus_plus_weights_are_those_of_the_paper() -> None:
    """The score is exp(s): its derivatives are g, g² and g³ times exp(s), which all share."""
    generator = torch.Generator().manual_seed(0)
    activation = torch.rand(2, 5, 4, 3, generator=generator, dtype=torch.float64)
    gradient = torch.randn(2, 5, 4, 3, generator=generator, dtype=torch.float64) * 0.01
    gradient[0, 0] = 0
    found = grad_cam_plus_plus_weights(gradient, activation)
    for b in range(2):
        for k in range(5):
            expected = 0.0
            for i in range(4):
                for j in range(3):
                    g = float(gradient[b, k, i, j])
                    if g > 0:
                        total = float(activation[b, k].sum())
                        expected += g * g**2 / (2 * g**2 + total * g**3)
            assert abs(float(found[b, k]) - expected) < 1e-12
