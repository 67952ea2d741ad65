"""SHAP-CAM: coefficients that are sampled Shapley values of the activation maps."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.methods._ops.presence import scores_of_presence
from camcli.methods._ops.sampling import generators
from camcli.methods._ops.weighted_sum import weighted_sum
from camcli.methods.base import Method, Saliency
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class ShapCam(Method):
    """map = ReLU(Σ_k α_k A_k), α_k the mean over orderings π of F(maps up to k) - F(maps before k).

    Maps that have not come yet in π are zeros. Every ordering is drawn together with its reverse
    (antithetic sampling), whose errors partly cancel; the standard error of α_k is that of the
    mean over the independent pairs. In every ordering the α add up to F(A) - F(0). Costs K + 1
    passes through the tail for each ordering: a yardstick rather than a method for many images.

    Strumbelj and Kononenko, "Explaining prediction models and individual predictions with feature
    contributions", KAIS 2014; antithetic sampling: Mitchell, Cooper, Frank, Holmes, "Sampling
    Permutations for Shapley Value Estimation", JMLR 2022, arXiv 2104.12199.
    """

    name = "shap-cam"
    signed = True

    pairs: int = field(
        default=10, metadata={"description": "orderings drawn, each with its reverse; at least 2"}
    )
    seed: int = field(default=0, metadata={"description": "of the orderings"})

    def __post_init__(self) -> None:
        if self.pairs < 2:
            raise ValueError("a standard error needs at least 2 pairs of orderings")

    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Average over sampled orderings; see `Method.explain`."""
        draws = generators(probe.images, self.seed)
        samples = torch.stack([self._pair(probe, objective, draws) for _ in range(self.pairs)])
        coefficients = samples.mean(0).to(probe.activation)
        error = samples.std(0).to(probe.activation) / self.pairs**0.5
        return Saliency(
            weighted_sum(coefficients, probe.activation),
            coefficients=coefficients,
            standard_error=error,
        )

    def _pair(self, probe: Probe, objective: Objective, draws: list[torch.Generator]) -> Tensor:
        """Return the mean marginal contributions (B, K) in an ordering and its reverse."""
        channels = probe.activation.shape[1]
        orders = torch.stack([torch.randperm(channels, generator=draw) for draw in draws])
        orders = orders.to(objective.device)
        forward = marginal_contributions(probe, objective, orders)
        backward = marginal_contributions(probe, objective, orders.flip(1))
        return (forward + backward) / 2


def marginal_contributions(probe: Probe, objective: Objective, orders: Tensor) -> Tensor:
    """Return what each map adds to the score when the maps appear in the given orders.

    Args:
        probe: The batch.
        objective: What to score in each image.
        orders: int64 (B, K), a permutation of the maps for each image.

    Returns:
        float64 (B, K), by map.

    """
    channels = orders.shape[1]
    position = orders.argsort(1)
    steps = torch.arange(channels + 1, device=orders.device)
    presence = position[:, None, :] < steps[None, :, None]
    scores = scores_of_presence(probe, presence, objective).double()
    return scores.diff(dim=1).gather(1, position)
