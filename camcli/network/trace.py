"""Trace a module once, with `torch.export`, into a functional graph from images to logits."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram

from camcli.errors import ModelError
from camcli.network.endings.meaning import Probabilities
from camcli.network.functional import keep_batch, make_functional
from camcli.network.independence import require_independence
from camcli.network.invocation import Invocation, Invoked, evaluating
from camcli.network.nodes import outputs_of_modules, shape_of
from camcli.network.places import Reading, follow
from camcli.network.regions import has_regions, inline_regions
from camcli.network.rehearsal import rehearse
from camcli.network.scores import Scores, find_scores
from camcli.network.untraceable import untraceable


@dataclass(frozen=True)
class TracedNetwork:
    """A network as one functional graph.

    Attributes:
        module: The graph's module; it shares the network's parameters.
        image: The node of the images, (B, 3, H, W).
        scores: Which of its outputs the scores are.
        examples: Two images, (2, 3, H, W).
        returned: What the network itself makes of them, as the scores read it: (2, N).
        invocation: How the network itself is run to compute what the graph computes.

    """

    module: fx.GraphModule
    image: fx.Node
    scores: Scores
    examples: Tensor
    returned: Tensor
    invocation: Invocation

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

    @cached_property
    def outputs(self) -> dict[str, fx.Node]:
        """The last tensor traced in each module, by its path."""
        return outputs_of_modules(self.module, self.image, self.logits)

    @cached_property
    def readings(self) -> dict[fx.Node, Reading]:
        """How the output of each module lies in space."""
        return follow(self.module, self.image, set(self.outputs.values()))


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
    rehearsal = rehearse(network, example)
    program = _export(network, rehearsal.invocation, example)
    inline_regions(program.graph_module)
    module = program.module(check_guards=False)
    if has_regions(module.graph) or not make_functional(module.graph):
        module = _decomposed(program, network).module(check_guards=False)
    assert isinstance(module, fx.GraphModule)
    _name_modules_as_the_network_does(module.graph)
    image = next(node for node in module.graph.nodes if node.op == "placeholder")
    batch = (shape_of(image) or (0,))[0]
    if not isinstance(batch, torch.SymInt):
        raise ModelError(
            "the network fixes its batch size while it is traced, so images cannot be batched; "
            "look for an int(x.shape[0]) or a view with a constant first size in its forward"
        )
    keep_batch(module.graph)
    structure = program.call_spec.out_spec
    assert structure is not None
    scores = find_scores(module, structure, rehearsal.outputs, output, probabilities)
    require_independence(scores, rehearsal, network)
    returned = scores.read(rehearsal.outputs)
    return TracedNetwork(module, image, scores, rehearsal.images, returned, rehearsal.invocation)


def _export(network: nn.Module, invocation: Invocation, example: Tensor) -> ExportedProgram:
    with evaluating(network), _plain_attention(), _quiet():
        invoked = Invoked(network, invocation).eval()
        try:
            return torch.export.export(
                invoked, (example,), dynamic_shapes=({0: Dim.AUTO},), strict=False
            )
        except Exception as error:  # whatever the user's forward raises while it is traced
            raise untraceable(error, network) from error


def _decomposed(program: ExportedProgram, network: nn.Module) -> ExportedProgram:
    with _quiet():
        try:
            decomposed: ExportedProgram = program.run_decompositions({})
        except Exception as error:  # what the exporter took is not always taken here
            raise untraceable(error, network) from error
    return decomposed


def _name_modules_as_the_network_does(graph: fx.Graph) -> None:
    """Take the module that invokes the network out of the paths of modules."""
    for node in graph.nodes:
        stack = node.meta.get("nn_module_stack") or {}
        node.meta["nn_module_stack"] = {
            key: (path.removeprefix("network").removeprefix("."), kind)
            for key, (path, kind) in stack.items()
            if path
        }


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
