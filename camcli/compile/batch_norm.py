"""Batch-norm behind a convolution, folded into the convolution's weights."""

from __future__ import annotations

import torch
from torch import Tensor, fx

from camcli.network.nodes import packet_of

_aten = torch.ops.aten
_CONVOLUTIONS = {_aten.conv1d, _aten.conv2d, _aten.conv3d}
_BATCH_NORMS = {_aten.batch_norm, _aten._native_batch_norm_legit_no_training}


@torch.no_grad()
def fold_batch_norms(trunk: fx.GraphModule) -> None:
    """Fold every batch-norm that is the only user of a convolution into that convolution.

    With γ, β, μ, σ² of the norm, W' = W γ/√(σ²+ε) and b' = β + (b - μ) γ/√(σ²+ε), all but the
    product with W in float64. The graph is changed in place; existing tensors are not written to.
    """
    for norm in list(trunk.graph.nodes):
        convolution = norm.args[0] if packet_of(norm) in _BATCH_NORMS else None
        if (
            isinstance(convolution, fx.Node)
            and packet_of(convolution) in _CONVOLUTIONS
            and len(convolution.users) == 1
            and all(map(_is_constant, [*convolution.args[1:3], *norm.args[1:5]]))
        ):
            _fold(trunk, convolution, norm)
    trunk.graph.eliminate_dead_code()
    trunk.delete_all_unused_submodules()
    _drop_unused_buffers(trunk)
    trunk.recompile()


def _fold(trunk: fx.GraphModule, convolution: fx.Node, norm: fx.Node) -> None:
    source, kernel_node, *rest = convolution.args
    bias_node, settings = (rest[0], rest[1:]) if rest else (None, [])
    kernel = _tensor(trunk, kernel_node)
    gamma = _constant(trunk, norm.args[1], 1.0)
    beta = _constant(trunk, norm.args[2], 0.0)
    mean = _constant(trunk, norm.args[3], 0.0)
    variance = _constant(trunk, norm.args[4], 1.0)
    scale = gamma / torch.sqrt(variance + _epsilon(norm))
    shift = beta + (_constant(trunk, bias_node, 0.0) - mean) * scale
    per_kernel = scale.to(kernel.dtype).view(-1, *[1] * (kernel.dim() - 1))
    with trunk.graph.inserting_before(convolution):
        weight = _new_buffer(trunk, f"{convolution.name}_weight", kernel * per_kernel)
        bias = _new_buffer(trunk, f"{convolution.name}_bias", shift.float())
    convolution.args = (source, weight, bias, *settings)
    if packet_of(norm) is _aten._native_batch_norm_legit_no_training:
        for output in list(norm.users):
            output.replace_all_uses_with(convolution)
    norm.replace_all_uses_with(convolution)


def _is_constant(argument: object) -> bool:
    """Return whether an argument is a weight or none; under autocast, kernels are computed."""
    return not isinstance(argument, fx.Node) or argument.op == "get_attr"


def _epsilon(norm: fx.Node) -> float:
    is_native = packet_of(norm) is _aten._native_batch_norm_legit_no_training
    return float(norm.args[6 if is_native else 7])  # type: ignore[arg-type]


def _constant(trunk: fx.GraphModule, node: object, default: float) -> Tensor:
    """Return the buffer that a node names, in float64; the default where it names none."""
    if not isinstance(node, fx.Node):
        return torch.tensor(default, dtype=torch.float64)
    return _tensor(trunk, node).double()


def _tensor(trunk: fx.GraphModule, node: object) -> Tensor:
    assert isinstance(node, fx.Node)
    tensor: Tensor = getattr(trunk, str(node.target))
    return tensor


def _new_buffer(trunk: fx.GraphModule, name: str, value: Tensor) -> fx.Node:
    trunk.register_buffer(f"folded_{name}", value)
    return trunk.graph.get_attr(f"folded_{name}")


def _drop_unused_buffers(trunk: fx.GraphModule) -> None:
    used = {node.target for node in trunk.graph.nodes if node.op == "get_attr"}
    for name, _ in list(trunk.named_buffers()):
        if name not in used:
            delattr(trunk, name)
