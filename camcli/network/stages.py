"""Which layers of a network to look at when one depth is not enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import fx

from camcli.network.nodes import ancestors, descendants, is_symbolic_int, packet_of, shape_of
from camcli.network.outputs import find_layer, layout_of, module_outputs
from camcli.network.trace import TracedNetwork

_aten = torch.ops.aten
_MOST_BLOCKS = 4
_POOLS = {_aten.max_pool2d, _aten.avg_pool2d}


def stage_layers(traced: TracedNetwork, layer: str) -> tuple[str, ...]:
    """Return the ends of the stages and the blocks of the last stage, shallowest first.

    A stage is what lies between two changes of resolution, from the stem up to the target layer,
    which is the deepest. The first ends behind its pooling, if it has one: its own resolution is
    expensive, and so fine that it leaves holes in the map of a product. Where a
    network is one long stage, its last four blocks are taken. Depths other than the target layer
    are places through which everything must pass, so that what they contribute is the whole score.

    Args:
        traced: The network.
        layer: The target layer.

    Raises:
        LayerError: There is no such layer.

    """
    target = find_layer(traced, layer)
    before = ancestors([target]) - {target}
    stages: list[list[_Step]] = []
    resolution = None
    for step in _without_nested([step for step in _steps(traced) if step.node in before]):
        if step.resolution != resolution:
            resolution = step.resolution
            stages.append([])
        stages[-1].append(step)
    last = stages.pop() if resolution == _resolution(traced, target) else []
    first = [stage[-1].behind_pooling for stage in stages[:1]]
    ends = [stage[-1].path for stage in stages[1:]]
    return (*first, *ends, *_blocks([step.path for step in last]), layer)


@dataclass(frozen=True)
class _Step:
    """A weighted step of the network: a convolution, its normalisation, its activation.

    Attributes:
        path: The module at its end.
        node: That module's output.
        resolution: (h, w) that the step works at.
        behind_pooling: The module at its end, a pooling that follows included.

    """

    path: str
    node: fx.Node
    resolution: tuple[int, int]
    behind_pooling: str


def _steps(traced: TracedNetwork) -> Iterator[_Step]:
    """Yield the weighted steps that no path goes round, in order."""
    names: dict[fx.Node, str] = {}
    for path, node in module_outputs(traced).items():
        names[node] = min(names.get(node, path), path, key=len)
    group: list[fx.Node] = []
    for node, is_pass in _main_path(traced):
        if _is_weighted(node) and group:
            yield _step(traced, names, group)
            group = []
        if is_pass and node in names and layout_of(traced, node) is not None:
            group.append(node)
    if group:
        yield _step(traced, names, group)


def _step(traced: TracedNetwork, names: Mapping[fx.Node, str], group: Sequence[fx.Node]) -> _Step:
    resolution = _resolution(traced, group[0])
    end = [node for node in group if _resolution(traced, node) == resolution][-1]
    pools = [node for node in group if packet_of(node) in _POOLS]
    return _Step(names[end], end, resolution, names[pools[-1] if pools else end])


def _main_path(traced: TracedNetwork) -> Iterator[tuple[fx.Node, bool]]:
    """Yield every node between images and logits, and whether all paths lead through it."""
    useful = descendants([traced.image]) & ancestors([traced.logits])
    nodes = [n for n in traced.module.graph.nodes if n in useful and not is_symbolic_int(n)]
    position = {node: place for place, node in enumerate(nodes)}
    furthest = 0
    for place, node in enumerate(nodes):
        yield node, furthest <= place
        furthest = max([furthest, *(position[user] for user in node.users if user in position)])


def _is_weighted(node: fx.Node) -> bool:
    """Return whether a node multiplies by a matrix of weights."""
    parameters = (source for source in node.all_input_nodes if source.op == "get_attr")
    return any(len(shape_of(parameter) or ()) >= 2 for parameter in parameters)


def _without_nested(steps: Sequence[_Step]) -> list[_Step]:
    """Leave out what lies inside a module whose own output is there."""
    paths = {step.path for step in steps}
    return [step for step in steps if not any(step.path.startswith(f"{other}.") for other in paths)]


def _blocks(paths: Sequence[str]) -> list[str]:
    """Return the blocks of a stage: the modules at the level where most of them are."""
    levels = Counter(path.count(".") for path in paths)
    if not levels:
        return []
    level = min(levels, key=lambda depth: (-levels[depth], depth))
    blocks = [path for path in paths if path.count(".") == level]
    return blocks[-(_MOST_BLOCKS - 1) :]


def _resolution(traced: TracedNetwork, node: fx.Node) -> tuple[int, int]:
    layout = layout_of(traced, node)
    assert layout is not None
    return layout.height, layout.width
