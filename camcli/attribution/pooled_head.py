"""The head of the original CAM, global average pooling and a linear layer, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, fx

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
class PooledHead:
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

    def multipliers(self, classes: Tensor, places: int) -> Tensor:
        """Return the multipliers (B, K, 1, 1) of each image's class, with h w = `places`."""
        return (self.weight[classes] / places)[:, :, None, None]


def match_pooled_head(tail: fx.GraphModule) -> PooledHead | None:
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
        return PooledHead(weight, getattr(tail, str(bias.target)))
    return PooledHead(weight, torch.zeros(len(weight), device=weight.device, dtype=weight.dtype))


def _pools_everything(node: fx.Node) -> bool:
    if packet_of(node) is _aten.adaptive_avg_pool2d:
        return node.args[1] in ([1, 1], (1, 1), 1)
    if packet_of(node) is _aten.mean and len(node.args) > 1:
        return node.args[1] in ([2, 3], (2, 3), [-1, -2], (-1, -2), [-2, -1], (-2, -1))
    return False
