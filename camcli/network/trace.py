"""Trace a module once, with `torch.export`, into a functional graph from images to logits."""

from __future__ import annotations

import io
import logging
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, fx, nn
from torch._ops import HigherOrderOperator
from torch.export import Dim, ExportedProgram

from camcli.errors import ModelError
from camcli.network.endings.meaning import Probabilities
from camcli.network.functional import make_functional
from camcli.network.nodes import shape_of
from camcli.network.scores import Scores, find_scores

_TORCH_FOLDER = str(Path(torch.__file__).parent)


@dataclass(frozen=True)
class TracedNetwork:
    """A network as one functional graph.

    Attributes:
        module: The graph's module; it shares the network's parameters.
        image: The node of the images, (B, 3, H, W).
        scores: Which of its outputs the scores are.

    """

    module: fx.GraphModule
    image: fx.Node
    scores: Scores

    @property
    def logits(self) -> fx.Node:
        """The node of the scores before any softmax or sigmoid, (B, N)."""
        return self.scores.logits

    @property
    def batch(self) -> torch.SymInt:
        """The symbol that stands for the batch size in the shapes of the nodes."""
        shape = shape_of(self.image)
        assert shape is not None
        assert isinstance(shape[0], torch.SymInt)
        return shape[0]


def trace(
    network: nn.Module,
    example: Tensor,
    output: str | None = None,
    probabilities: Probabilities | None = None,
) -> TracedNetwork:
    """Export `network`, in evaluation mode, as a functional graph with a dynamic batch size.

    The network is left as it was: its mode, parameters, gradients and hooks are not touched.

    Args:
        network: Maps images (B, 3, H, W) to scores (B, N), alone or among other outputs.
        example: At least two images, float32, on the network's device.
        output: The scores' key among several outputs; see `find_scores`.
        probabilities: What turns the scores into probabilities, where that is known.

    Raises:
        ModelError: The network does not run or export, the message names the module and line
            that stopped it; works for one batch size only; or returns no scores.

    """
    program = _export(network, example)
    module = program.module(check_guards=False)
    if _has_regions(module.graph) or not make_functional(module.graph):
        module = _decomposed(program, network).module(check_guards=False)
    assert isinstance(module, fx.GraphModule)
    image = next(node for node in module.graph.nodes if node.op == "placeholder")
    batch = (shape_of(image) or (0,))[0]
    if not isinstance(batch, torch.SymInt):
        raise ModelError(
            "the network fixes its batch size while it is traced, so images cannot be batched; "
            "look for an int(x.shape[0]) or a view with a constant first size in its forward"
        )
    structure = program.call_spec.out_spec
    assert structure is not None
    scores = find_scores(module, structure, example, output, probabilities)
    return TracedNetwork(module, image, scores)


def _export(network: nn.Module, example: Tensor) -> ExportedProgram:
    with evaluating(network), _plain_attention(), _quiet():
        try:
            return torch.export.export(
                network, (example,), dynamic_shapes=({0: Dim.AUTO},), strict=False
            )
        except Exception as error:  # whatever the user's forward raises while it is traced
            _refuse_what_does_not_run(network, example)
            raise ModelError(_export_complaint(error, network)) from error


def _has_regions(graph: fx.Graph) -> bool:
    """Return whether parts of a network are graphs of their own, as under `torch.autocast`."""
    return any(isinstance(node.target, HigherOrderOperator) for node in graph.nodes)


def _decomposed(program: ExportedProgram, network: nn.Module) -> ExportedProgram:
    with _quiet():
        try:
            decomposed: ExportedProgram = program.run_decompositions({})
        except Exception as error:  # what the exporter took is not always taken here
            raise ModelError(_export_complaint(error, network)) from error
    return decomposed


def _refuse_what_does_not_run(network: nn.Module, example: Tensor) -> None:
    """Raise `ModelError` where the network fails without being traced, too."""
    try:
        with torch.no_grad():
            network(example)
    except Exception as error:  # whatever the user's forward raises
        height, width = example.shape[2:]
        place, reason = _place_of(error, network), _first_line(error)
        raise ModelError(
            f"the network does not run on images of {height}x{width} pixels: "
            f"{type(error).__name__}{place}: {reason}\n"
            "Where it is made for another size, set preprocess.crop (and preprocess.resize)"
        ) from error


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


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's log and its listings on stderr back: the exception says what matters."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with redirect_stderr(io.StringIO()), warnings.catch_warnings():
            # PyTorch 2.11 warns itself of its own tree specifications.
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logging.disable(before)


def _export_complaint(error: Exception, network: nn.Module) -> str:
    place, reason = _place_of(error, network), _first_line(error)
    return (
        f"the network cannot be traced by torch.export: {type(error).__name__}{place}: {reason}\n"
        "camcli needs a forward without control flow that depends on the pixels' values; replace "
        "such a branch by torch.where or torch.cond, or wrap the part that is fixed at inference"
    )


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _place_of(error: Exception, network: nn.Module) -> str:
    """Return ` in MODULE (FILE, line N)`, the innermost of the network's own code, or nothing."""
    names = {
        id(module): name or "the network's own forward" for name, module in network.named_modules()
    }
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module_name = names.get(id(frame.f_locals.get("self")))
        file = frame.f_code.co_filename
        if module_name and not file.startswith(_TORCH_FOLDER):
            place = f" in {module_name} ({file}, line {line})"
    return place
