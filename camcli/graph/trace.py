"""Trace a module once, with `torch.export`, into a functional graph from images to logits."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram

from camcli.errors import ModelError
from camcli.graph.functional import make_functional
from camcli.graph.nodes import packet_of, shape_of

_aten = torch.ops.aten
_SOFTMAX = {_aten.softmax, _aten._softmax, _aten.log_softmax, _aten._log_softmax}
_TORCH_FOLDER = str(Path(torch.__file__).parent)


@dataclass(frozen=True)
class TracedNetwork:
    """A network as one functional graph.

    Attributes:
        module: The graph's module; it shares the network's parameters.
        image: The node of the images, (B, 3, H, W).
        logits: The node of the scores before any softmax, (B, N).
        closing: What the network does to its logits before it returns them: nothing, or the
            softmax that was cut off.

    """

    module: fx.GraphModule
    image: fx.Node
    logits: fx.Node
    closing: Callable[[Tensor], Tensor]

    @property
    def batch(self) -> torch.SymInt:
        """The symbol that stands for the batch size in the shapes of the nodes."""
        shape = shape_of(self.image)
        assert shape is not None
        assert isinstance(shape[0], torch.SymInt)
        return shape[0]


def trace(network: nn.Module, example: Tensor) -> TracedNetwork:
    """Export `network`, in evaluation mode, as a functional graph with a dynamic batch size.

    The network is left as it was: its mode, parameters, gradients and hooks are not touched.

    Args:
        network: Maps images (B, 3, H, W) to scores (B, N).
        example: At least two images, float32, on the network's device.

    Raises:
        ModelError: The network does not export, works for one batch size only, or does not
            return one tensor (B, N); the message names the module and line that stopped it.

    """
    program = _export(network, example)
    module = program.module(check_guards=False)
    if not make_functional(module.graph):
        module = program.run_decompositions({}).module(check_guards=False)
    assert isinstance(module, fx.GraphModule)
    image = next(node for node in module.graph.nodes if node.op == "placeholder")
    if not isinstance((shape_of(image) or [0])[0], torch.SymInt):
        raise ModelError(
            "the network fixes its batch size while it is traced, so images cannot be batched; "
            "look for an int(x.shape[0]) or a view with a constant first size in its forward"
        )
    logits, closing = _without_softmax(_output_node(module.graph))
    return TracedNetwork(module, image, logits, closing)


def _export(network: nn.Module, example: Tensor) -> ExportedProgram:
    with evaluating(network), _plain_attention():
        try:
            return torch.export.export(
                network, (example,), dynamic_shapes=({0: Dim.AUTO},), strict=False
            )
        except Exception as error:  # whatever the user's forward raises while it is traced
            raise ModelError(_export_complaint(error, network)) from error


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, and each of its modules back into its own after."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Keep `nn.MultiheadAttention` from vanishing into one fused operation without a rule."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def _export_complaint(error: Exception, network: nn.Module) -> str:
    reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    names = {
        id(module): name or "the network's own forward" for name, module in network.named_modules()
    }
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module_name = names.get(id(frame.f_locals.get("self")))
        file = frame.f_code.co_filename
        if module_name and not file.startswith(_TORCH_FOLDER):
            place = f" in {module_name} ({file}, line {line})"
    return (
        f"the network cannot be traced by torch.export: {type(error).__name__}{place}: {reason}\n"
        "camcli needs a forward without control flow that depends on the pixels' values; replace "
        "such a branch by torch.where or torch.cond, or wrap the part that is fixed at inference"
    )


def _output_node(graph: fx.Graph) -> fx.Node:
    (output,) = (node for node in graph.nodes if node.op == "output")
    results: list[Any] = [node for node in output.all_input_nodes if shape_of(node) is not None]
    shapes = [tuple(str(size) for size in shape_of(node) or ()) for node in results]
    if len(results) != 1 or len(shapes[0]) != 2:
        raise ModelError(
            "the network must return one tensor of scores (images, classes); it returns "
            f"{len(results)} tensor(s) of shape {', '.join(map(str, shapes)) or 'none'}"
        )
    result: fx.Node = results[0]
    return result


def _without_softmax(scores: fx.Node) -> tuple[fx.Node, Callable[[Tensor], Tensor]]:
    if packet_of(scores) not in _SOFTMAX:
        return scores, lambda logits: logits
    softmax: Callable[..., Tensor] = scores.target  # type: ignore[assignment]
    logits, *rest = scores.args
    assert isinstance(logits, fx.Node)
    return logits, lambda values: softmax(values, *rest, **scores.kwargs)
