"""Which layers of a network to look at when one depth is not enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from torch import fx

from camcli.graph.nodes import ancestors, descendants, is_symbolic_int, shape_of
from camcli.graph.split import find_layer, layout_of, module_outputs
from camcli.graph.trace import TracedNetwork

_MOST_BLOCKS = 4


def depths_of(traced: TracedNetwork, layer: str) -> tuple[str, ...]:
    """Return the ends of the stages and the blocks of the last stage, shallowest first.

    A stage is what lies between two changes of resolution, from the stem up to the target layer,
    which is the deepest. Where a network is one long stage, its last four blocks are taken. Depths
    other than the target layer are places through which everything must pass, so that what they
    contribute is the whole score.

    Args:
        traced: The network.
        layer: The target layer.

    Raises:
        LayerError: There is no such layer.

    """
    target = find_layer(traced, layer)
    before = ancestors([target]) - {target}
    passes = [(path, node) for path, node in _passes(traced) if node in before]
    stages: list[list[str]] = []
    shape = None
    for path, node in _without_nested(passes):
        if _resolution(traced, node) != shape:
            shape = _resolution(traced, node)
            stages.append([])
        stages[-1].append(path)
    last = stages.pop() if shape == _resolution(traced, target) else []
    return (*(stage[-1] for stage in stages), *_blocks(last), layer)


def _passes(traced: TracedNetwork) -> Iterator[tuple[str, fx.Node]]:
    """Yield the module outputs that no path goes round: one between every two weighted steps.

    Of a convolution, its normalisation and its activation that is the last, before any pooling.
    """
    names: dict[fx.Node, str] = {}
    for path, node in module_outputs(traced).items():
        names[node] = min(names.get(node, path), path, key=len)
    group: list[tuple[str, fx.Node]] = []
    for node, is_pass in _main_path(traced):
        if _is_weighted(node) and group:
            yield _last_of_first_resolution(traced, group)
            group = []
        if is_pass and node in names and layout_of(traced, node) is not None:
            group.append((names[node], node))
    if group:
        yield _last_of_first_resolution(traced, group)


def _last_of_first_resolution(
    traced: TracedNetwork, group: Sequence[tuple[str, fx.Node]]
) -> tuple[str, fx.Node]:
    first = _resolution(traced, group[0][1])
    return [entry for entry in group if _resolution(traced, entry[1]) == first][-1]


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
    """Tell whether a node multiplies by a matrix of weights."""
    parameters = (source for source in node.all_input_nodes if source.op == "get_attr")
    return any(len(shape_of(parameter) or ()) >= 2 for parameter in parameters)


def _without_nested(passes: Sequence[tuple[str, fx.Node]]) -> list[tuple[str, fx.Node]]:
    """Leave out what lies inside a module whose own output is there."""
    paths = {path for path, _ in passes}
    return [
        (path, node)
        for path, node in passes
        if not any(path.startswith(f"{other}.") for other in paths)
    ]


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
