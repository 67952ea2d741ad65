"""Operations element by element: their operands are at one place."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor

from camcli.network.places.arrays import TOLERANCE, compact, is_somewhere, levels, nowhere
from camcli.network.places.registry import Call, Places, named, rule

_NEAR = 0.75


def is_pointwise(operation: torch._ops.OpOverload) -> bool:
    """Return whether each result of an operation is computed of the values at its own position."""
    return torch.Tag.pointwise in operation.tags


@rule(
    *named(
        "hardswish", "prelu", "rsub", "floor_divide", "__and__", "__or__", "fill", "log_sigmoid",
        "logaddexp", "rrelu", "softsign", "float_power", "masked_fill", "where",
        "relu6", "selu", "celu", "mish", "threshold", "hardtanh", "clip",
    )
)  # fmt: skip
def merged(call: Call) -> Places | None:
    """Take the place that the operands agree on.

    Where one is nowhere, as a weight is, the other says. Where one tells places apart that are one
    in the other, such as a mean over a window or a row, it says too. Those that contradict each
    other leave none.
    """
    several = [places for places in call.operands() if is_somewhere(places)]
    if not several:
        return nowhere(call.shape)
    places = reduce(both, several)
    return None if not is_somewhere(places) else places.expand(call.shape)


def both(first: Tensor, second: Tensor) -> Tensor:
    """Return the places that two tensors agree on, compact; see `merged`."""
    first, second = compact(first), compact(second)
    filled = torch.where(first.isnan(), second, first)
    apart = (first - second).abs()  # NaN where either is nowhere, which is larger than nothing
    if not bool((apart > TOLERANCE).any()):
        return filled
    counts = [_number(places) for places in (first, second)]
    if counts[0] != counts[1]:
        return first if counts[0] > counts[1] else second
    return filled if _is_near(first, second) else nowhere(filled.shape)


def _number(places: Tensor) -> int:
    """Return how many different places there are."""
    known = places[~places.isnan()]
    rows, columns = levels(known.real)[1], levels(known.imag)[1]
    return len(torch.unique(rows * (int(columns.max()) + 1) + columns))


def _is_near(first: Tensor, second: Tensor) -> bool:
    """Return whether places differ by less than what lies between neighbours."""
    apart = first - second
    for ahead, off in ((first.real, apart.real), (first.imag, apart.imag)):
        values, _ = levels(ahead[~ahead.isnan()])
        step = float(values.diff().mean()) if len(values) > 1 else TOLERANCE
        if float(off[~off.isnan()].abs().max()) > _NEAR * step:
            return False
    return True
