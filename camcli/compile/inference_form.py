"""The trunk without what only training needs: batch-norm folded, channels last, one precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, fx

from camcli.network.nodes import packet_of

_aten = torch.ops.aten
_CONVOLUTIONS = {_aten.conv1d, _aten.conv2d, _aten.conv3d}
_BATCH_NORMS = {_aten.batch_norm, _aten._native_batch_norm_legit_no_training}


class InferenceTrunk:
    """A trunk in inference form: images (B, 3, H, W) -> (activation, *bypass), all float32 outside.

    Batch-norm behind a convolution is folded into its weights, tensors are kept channels-last, and
    everything between input and output is computed in one precision. The trunk given is not
    changed.
    """

    def __init__(
        self,
        trunk: Callable[..., object],
        dtype: torch.dtype = torch.float32,
        batch_dims: Sequence[int] = (),
    ) -> None:
        """Prepare a trunk.

        Args:
            trunk: The graph module that `split` gives, float32.
            dtype: What to compute in.
            batch_dims: For each of its outputs the dimension that counts the images; by default
                the first.
        """
        assert isinstance(trunk, fx.GraphModule)
        self.dtype = dtype
        outputs = trunk.graph.output_node().args[0]
        assert isinstance(outputs, Sequence)
        self.batch_dims = tuple(batch_dims) or (0,) * len(outputs)
        self.module = _sharing_tensors(trunk)
        fold_batch_norms(self.module)
        self.module.to(dtype)
        for name, tensor in self.module.named_buffers():
            if tensor.dim() == 4:
                last = tensor.contiguous(memory_format=torch.channels_last)
                setattr(self.module, name, last)

    def prepared(self, images: Tensor) -> Tensor:
        """Return images as `module` takes them: in its precision, channels last."""
        return images.to(self.dtype, memory_format=torch.channels_last)

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the trunk on float32 images."""
        return tuple(out.float() for out in self.module(self.prepared(images)))


@torch.no_grad()
def fold_batch_norms(trunk: fx.GraphModule) -> None:
    """Fold every batch-norm that follows a convolution, and only it, into the convolution.

    With γ, β, μ, σ² of the norm, W' = W γ/√(σ²+ε) and b' = β + (b - μ) γ/√(σ²+ε), all but
    the product with W in float64. The tensors that were there are not written to.
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


def _sharing_tensors(trunk: fx.GraphModule) -> fx.GraphModule:
    """Return a module of its own with a copy of the graph, but the same tensors."""
    graph = fx.Graph()
    graph.output(graph.graph_copy(trunk.graph, {}))
    return fx.GraphModule(trunk, graph)


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
    """Tell a constant, or none, from what is computed: under autocast, kernels are converted."""
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
