"""What each module of a traced network outputs: the answer to "which layer?"."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from camcli.network.cut import bypasses_of
from camcli.network.layout import Layout
from camcli.network.nodes import shape_of
from camcli.network.outputs import layers_of, module_outputs
from camcli.network.trace import TracedNetwork


@dataclass(frozen=True)
class Layer:
    """A module whose output reaches the scores.

    Attributes:
        path: Its path; `@1` for the second call of a module that is called more than once.
        shape: Of its output, None for the batch.
        layout: How the output holds channel maps, None where it has no extent in space.
        bypasses: How many tensors go round a cut there; None where there is no layout.

    """

    path: str
    shape: tuple[int | None, ...]
    layout: Layout | None
    bypasses: int | None


def describe_layers(traced: TracedNetwork) -> list[Layer]:
    """Describe every module whose output reaches the scores, each ahead of those within it."""
    nodes, layouts = module_outputs(traced), layers_of(traced)
    return [
        Layer(
            path=path,
            shape=tuple(
                None if isinstance(size, torch.SymInt) else size
                for size in shape_of(nodes[path]) or ()
            ),
            layout=layouts[path],
            bypasses=len(bypasses_of(traced, nodes[path])) if layouts[path] else None,
        )
        for path in _parents_first(list(nodes))
    ]


def _parents_first(paths: list[str]) -> list[str]:
    """Order paths as a tree; siblings stay in the order in which they first finish."""
    place: dict[str, int] = {}
    for number, path in enumerate(paths):
        parts = path.split(".")
        for depth in range(1, len(parts) + 1):
            place.setdefault(".".join(parts[:depth]), number)

    def key(path: str) -> list[int]:
        parts = path.split(".")
        return [place[".".join(parts[:depth])] for depth in range(1, len(parts) + 1)]

    return sorted(paths, key=key)
