"""LIME-CAM: coefficients of a sparse linear model of the score around the activation."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods._ops.lasso import lasso
from camcli.methods._ops.presence import scores_of_presence
from camcli.methods._ops.sampling import generators
from camcli.methods.linear_cam import LinearCam
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class LimeCam(LinearCam):
    """map = ReLU(Σ_k α_k A_k), α the lasso's coefficients of the score on the maps' presence.

    In each sample z every map is kept or replaced by zeros with probability 1/2 and F(z ⊙ A) is
    scored; samples weigh exp(-d²/2), with d = 1 - cos(A, z ⊙ A). Costs a pass through the tail for
    each sample.

    Ribeiro, Singh, Guestrin, "'Why Should I Trust You?': Explaining the Predictions of Any
    Classifier", KDD 2016, arXiv 1602.04938; as coefficients of a CAM: Jung and Oh, ICCV 2021,
    arXiv 2102.05228, section 4.1.
    """

    name = "lime-cam"
    signed = True

    samples: int | None = field(
        default=None, metadata={"description": "drawn for each image; by default K, the maps'"}
    )
    penalty: float = field(default=0.01, metadata={"description": "of the lasso"})
    seed: int = field(default=0, metadata={"description": "of the samples"})

    def __post_init__(self) -> None:
        if self.samples is not None and self.samples < 1:
            raise ValueError("at least one sample is needed")
        if self.penalty < 0:
            raise ValueError("a penalty is not negative")

    def coefficients(self, probe: Probe, objective: Objective) -> Tensor:
        """Fit the linear model; see `LinearCam.coefficients`."""
        presence = self._draw(probe)
        scores = scores_of_presence(probe, presence, objective)
        weights = proximity(probe.activation, presence)
        return lasso(presence, scores, weights, self.penalty).to(probe.activation)

    def _draw(self, probe: Probe) -> Tensor:
        channels = probe.activation.shape[1]
        size = (self.samples or channels, channels)
        draws = generators(probe.images, self.seed)
        kept = torch.stack([torch.rand(size, generator=draw) < 0.5 for draw in draws])
        return kept.to(probe.activation)


def proximity(activation: Tensor, presence: Tensor) -> Tensor:
    """Return exp(-d²/2), d = 1 - cos(A, z ⊙ A): (B, M) of A (B, K, h, w) and z (B, M, K).

    The cosine of A with a part of itself is the root of the part's share of Σ A²; that of
    nothing is 0.
    """
    energy = activation.double().square().sum((2, 3))
    share = torch.einsum("bmk,bk->bm", presence.double(), energy)
    whole = energy.sum(1, keepdim=True)
    cosine = torch.where(whole > 0, share / whole, 0.0).clamp(0, 1).sqrt()
    return torch.exp(-((1 - cosine) ** 2) / 2)
