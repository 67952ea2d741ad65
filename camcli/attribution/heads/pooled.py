"""The head of the original CAM, global average pooling and a linear layer, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, fx

from camcli.attribution.contributions import Contributions, relative_gap
from camcli.attribution.heads.general import GeneralHead
from camcli.attribution.objective import Objective
from camcli.attribution.tail import Tail
from camcli.network.nodes import packet_of

_aten = torch.ops.aten
_STILL = {
    _aten.dropout,
    _aten.flatten,
    _aten.view,
    _aten.reshape,
    _aten.squeeze,
    _aten.contiguous,
    _aten.clone,
}


@dataclass(frozen=True)
class PooledTail:
    """logits = W mean_ij A + b.

    The tail is affine in the activation, so DeepLIFT's multipliers are its derivatives, the same
    for every image and everywhere in space: ∂s_c/∂A_k(i, j) = w_ck / (h w). The contributions of
    map k, w_ck mean(A_k), are its exact Shapley value.

    Attributes:
        weight: W, (N, K).
        bias: b, (N,).
    """

    weight: Tensor
    bias: Tensor

    def logits(self, activation: Tensor) -> Tensor:
        """Return the logits (B, N) of an activation (B, K, h, w)."""
        return torch.nn.functional.linear(activation.mean((2, 3)), self.weight, self.bias)

    def multipliers(self, objective: Objective, places: int) -> Tensor:
        """Return the multipliers (B, K, 1, 1) of each image's score, with h w = `places`."""
        return (objective.weights(self.weight) / places)[:, :, None, None]


def match_pooled_tail(tail: fx.GraphModule) -> PooledTail | None:
    """Return the closed form of a tail `activation -> logits`, None where it is something else.

    Recognised are tails of one pooling to a single place and one linear layer, in this order, with
    nothing between but operations that move no value. The activation must be (B, K, h, w).
    """
    placeholders = list(tail.graph.find_nodes(op="placeholder"))
    if len(placeholders) != 1:
        return None
    steps = []
    node = placeholders[0]
    while len(node.users) == 1:
        (node,) = node.users
        if node.op == "output":
            break
        if packet_of(node) not in _STILL:
            steps.append(node)
    if node.op != "output" or len(steps) != 2:
        return None
    pooling, linear = steps
    if not _pools_everything(pooling) or packet_of(linear) is not _aten.linear:
        return None
    weight = getattr(tail, str(linear.args[1].target))
    bias = linear.args[2] if len(linear.args) > 2 else None
    if isinstance(bias, fx.Node):
        return PooledTail(weight, getattr(tail, str(bias.target)))
    return PooledTail(weight, torch.zeros(len(weight), device=weight.device, dtype=weight.dtype))


def _pools_everything(node: fx.Node) -> bool:
    if packet_of(node) is _aten.adaptive_avg_pool2d:
        return node.args[1] in ([1, 1], (1, 1), 1)
    if packet_of(node) is _aten.mean and len(node.args) > 1:
        return node.args[1] in ([2, 3], (2, 3), [-1, -2], (-1, -2), [-2, -1], (-2, -1))
    return False


class PooledContributions(Contributions):
    """Contributions through average pooling and a linear layer alone."""

    def __init__(
        self, tail: PooledTail, activation: Tensor, objective: Objective, score_change: Tensor
    ) -> None:
        """Take the activation and its tail.

        Args:
            tail: What lies behind the activation.
            activation: A, (B, K, h, w).
            objective: The score of each image.
            score_change: (B,), Δ = F(A) - F(0).

        """
        self._score_change = score_change
        self._per_map = tail.multipliers(objective, activation[0, 0].numel())
        self._maps = activation

    @cached_property
    def maps(self) -> Tensor:
        """The contribution of every place in space, (B, K, h, w)."""
        return self._per_map * self._maps

    @cached_property
    def coefficients(self) -> Tensor:
        """The contribution of each channel map as a whole, Σ_ij C_k: (B, K)."""
        return self._per_map[:, :, 0, 0] * self._maps.sum((2, 3))

    @property
    def evidence(self) -> Tensor:
        """What all channels together contribute, Σ_k C_k, signed: (B, h, w)."""
        return self.maps.sum(1)

    @property
    def completeness_error(self) -> Tensor:
        """|ΣC - Δ| / max(|Δ|, Σ|C|), (B,)."""
        # A vector norm is far slower over channels-last.
        sizes = self._per_map[:, :, 0, 0].abs() * self._maps.abs().sum((2, 3))
        return relative_gap(self.coefficients.sum(1), sizes.sum(1), self._score_change)


class PooledHead(GeneralHead):
    """A general head whose logits and contributions come from the closed form."""

    def __init__(
        self, pooled: PooledTail, tail: Tail, activation: Tensor, bypass: Sequence[Tensor]
    ) -> None:
        """Take what the trunk returned; see `GeneralHead`."""
        super().__init__(tail, activation, bypass)
        self._pooled = pooled

    @cached_property
    def logits(self) -> Tensor:
        """See `Head.logits`."""
        return self._pooled.logits(self._activation)

    def contributions(self, objective: Objective) -> PooledContributions:
        """See `Head.contributions`."""
        change = objective.scores(self.logits - self._pooled.bias)
        return PooledContributions(self._pooled, self._activation, objective, change)
