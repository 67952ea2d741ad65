"""Cut a traced network at its target layer into a trunk and a tail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, fx, nn

from camcli.errors import LayerError, ModelError
from camcli.network.cut import TailBuilder, batch_dim, build_trunk, bypasses_of
from camcli.network.endings.meaning import Probabilities
from camcli.network.graph_digest import graph_digest
from camcli.network.invocation import evaluating
from camcli.network.layout import Layout
from camcli.network.nodes import shape_of
from camcli.network.outputs import find_spatial_layer
from camcli.network.precision import names_of
from camcli.network.trace import TracedNetwork

LayoutCheck = Literal["confirmed", "inconclusive"]


@dataclass(frozen=True)
class Tap:
    """A layer in the tail whose activation is read as well.

    Attributes:
        layer: Its module path.
        layout: How its activation holds its channel maps.
        node: The tail's node that holds it.

    """

    layer: str
    layout: Layout
    node: fx.Node


@dataclass(frozen=True, eq=False)
class SplitNetwork:
    """A network cut in two behind one layer: `tail(*trunk(images))` are its logits.

    Every cut is a thing of its own: two are never equal, and what is computed from one may be kept
    under it.

    Attributes:
        layer: The module path of the cut.
        layout: How the activation at the cut holds its channel maps.
        trunk: Images (B, 3, H, W) -> (activation, *bypass).
        tail: (activation, *bypass) -> logits (B, N).
        bypasses: Names of the tensors that go round the cut, through a residual connection for
            one; the tail takes them as constants.
        batch_dims: The dimension that counts the images in each of (activation, *bypass).
        image_size: (H, W) of the network's input.
        classes: N.
        probabilities: What turns the logits into probabilities.
        taps: Deeper layers to read in the same pass through the tail.
        graph: A digest of what the whole network computes, whatever the cut.
        replaced: The precisions that the network's forward asks for and does not get: it is
            computed in float32 instead.
        layout_check: Whether changes of the image's corners have confirmed the layout, None where
            that has not been tried.

    """

    layer: str
    layout: Layout
    trunk: Callable[[Tensor], tuple[Tensor, ...]]
    tail: fx.GraphModule
    bypasses: tuple[str, ...]
    batch_dims: tuple[int, ...]
    image_size: tuple[int, int]
    classes: int
    probabilities: Probabilities = "softmax"
    taps: tuple[Tap, ...] = ()
    graph: str = ""
    replaced: tuple[str, ...] = ()
    layout_check: LayoutCheck | None = None

    def predict(self, images: Tensor) -> Tensor:
        """Return the logits (B, N) of images (B, 3, H, W)."""
        logits: Tensor = self.tail(*self.trunk(images))
        return logits


def split(traced: TracedNetwork, layer: str, taps: Sequence[str] = ()) -> SplitNetwork:
    """Cut a traced network behind the module `layer`.

    Args:
        traced: The network.
        layer: Where to cut.
        taps: Layers behind it to read in the same pass.

    Raises:
        LayerError: There is no such module, its output does not reach the logits, or it has no
            extent in space; the message names modules that would serve.

    """
    cut, layout = find_spatial_layer(traced, layer)
    bypass = bypasses_of(traced, cut)
    builder = TailBuilder(traced, cut, bypass)
    image_shape, logits_shape = shape_of(traced.image), shape_of(traced.logits)
    assert image_shape is not None
    assert logits_shape is not None
    return SplitNetwork(
        layer=layer,
        layout=layout,
        trunk=build_trunk(traced, [cut, *bypass]),
        tail=builder.build(),
        bypasses=tuple(node.name for node in bypass),
        batch_dims=tuple(batch_dim(traced, node) for node in (cut, *bypass)),
        image_size=(int(image_shape[2]), int(image_shape[3])),
        classes=int(logits_shape[1]),
        probabilities=traced.scores.probabilities,
        taps=tuple(_tap(traced, path, layer, builder) for path in taps),
        graph=graph_digest(traced.module),
        replaced=names_of(traced.invocation.replaced),
    )


def _tap(traced: TracedNetwork, path: str, layer: str, builder: TailBuilder) -> Tap:
    node, layout = find_spatial_layer(traced, path)
    if node not in builder.copies:
        raise LayerError(f"the layer {path!r} does not lie behind {layer!r}: name them in order")
    return Tap(path, layout, builder.copies[node])


@torch.no_grad()
def check_split(
    halves: SplitNetwork, traced: TracedNetwork, network: nn.Module, images: Tensor
) -> float:
    """Check that trunk, tail and what was cut off together are the network, in evaluation mode.

    Returns and raises what `check_scores` does.

    """
    with evaluating(network):
        expected = traced.scores.read(traced.invocation(network, images.clone()))
    return check_scores(halves, traced, halves.predict(images), expected)


def check_scores(
    halves: SplitNetwork, traced: TracedNetwork, scores: Tensor, expected: Tensor
) -> float:
    """Check that what a cut network makes of images is what the network itself does.

    Args:
        halves: The network in two.
        traced: As it was traced.
        scores: `tail(*trunk(x))` of images x, (B, N).
        expected: `network(x)`, (B, N).

    Returns:
        max |p(tail(*trunk(x))) - network(x)| / max |network(x)|, p being the softmax or sigmoid of
        the network's own that was cut off, if any: the probability of a row is the network's.

    Raises:
        ModelError: `tail(*trunk(x))` differs from `network(x)` by more than rounding.

    """
    found = traced.scores.closing(scores)
    precision = torch.finfo(expected.dtype).eps if expected.is_floating_point() else 0.0
    rounding = max(1e-4, 2 * precision)
    # Weights that are not finite make such scores in both; the manifest's rows report them.
    finite = torch.isfinite(expected)
    scale = max(float(expected[finite].abs().max()) if finite.any() else 0.0, 1e-6)
    worst = float(torch.where(finite, found - expected, 0.0).abs().max())
    if not (worst <= rounding * scale and torch.equal(torch.isfinite(found), finite)):
        raise ModelError(
            f"the network does not compute the same when cut at {halves.layer!r}: its scores "
            f"differ by {worst:.2g} where the largest is {scale:.2g}. Does its forward use random "
            "numbers, or state that changes from call to call?"
        )
    return worst / scale
