"""The trunk without what only training needs: batch-norm folded, channels last, one precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, fx

from camcli.compile.batch_norm import fold_batch_norms


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


def _sharing_tensors(trunk: fx.GraphModule) -> fx.GraphModule:
    """Return a module of its own with a copy of the graph, but the same tensors."""
    graph = fx.Graph()
    graph.output(graph.graph_copy(trunk.graph, {}))
    return fx.GraphModule(trunk, graph)
