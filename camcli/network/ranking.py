"""Whether a network returns its scores in order of their values, instead of in that of classes."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator

import torch
from torch import Tensor, fx

from camcli.errors import CamcliWarning, ModelError
from camcli.network.endings.closing import Closing, closings
from camcli.network.head import head_of, places_of
from camcli.network.nodes import ancestors, descendants, operation_name, packet_of
from camcli.network.trace import TracedNetwork

_aten = torch.ops.aten

_ORDERING = {_aten.argsort, _aten.msort, _aten.sort, _aten.topk}
_PICKING_THE_BEST = _ORDERING | {_aten.amax, _aten.max}
_SPREADS = (0.5, 2.0, 5.0, 12.0)


def require_class_order(traced: TracedNetwork) -> None:
    """Refuse scores that stand in order of their values, as `topk` and `sort` leave them.

    Number k of such scores is the k-th best of an image, whatever class that is. They are known by
    what they do not depend on: shuffle the logits, and they stay the same. An order that is the
    same for all images is one of classes; what is made of a single number, such as the mean of the
    best few, has places of its own. Of a single number that is the best of several, it is told.

    Raises:
        ModelError: The scores have no order of classes.

    """
    maps = head_of(traced).maps
    for end in _ends(traced):
        single = end.result.meta["val"].shape[1] == 1
        chosen_by = _last(_PICKING_THE_BEST if single else _ORDERING, end)
        if chosen_by is None or not _is_shuffled_in_vain(end):
            continue
        if not single:
            raise ModelError(
                "the network returns its scores in order of their values (by "
                f"{operation_name(chosen_by)}), so that each number is of another class in each "
                "image: let it return the scores before they are ordered"
            )
        if end.source in maps and places_of(end.source) == 1:
            _warn_of_the_best(end, chosen_by)


def _ends(traced: TracedNetwork) -> Iterator[Closing]:
    """Yield the ends of a network behind its last learned maps that are given several numbers."""
    maps = head_of(traced).maps
    for end in closings(traced.module, traced.image, traced.batch, traced.logits):
        if end.source is end.result or end.width is None:
            continue
        if end.width == 1 and end.result.meta["val"].shape[1] > 1:
            return
        yield end
        if end.source in maps:
            return


def _last(operations: Collection[object], end: Closing) -> fx.Node | None:
    """Return the last node of an end that calls one of some operations."""
    inside = descendants([end.source]) & ancestors([end.result])
    found = [n for n in end.module.graph.nodes if n in inside and packet_of(n) in operations]
    return found[-1] if found else None


def _is_shuffled_in_vain(end: Closing) -> bool:
    """Return whether the end of a network makes the same of numbers in any order."""
    width = end.width
    assert width is not None
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(len(_SPREADS), width, generator=generator)
    numbers = (numbers * torch.tensor(_SPREADS)[:, None]).to(end.source.meta["val"].device)
    try:
        once, again = end(numbers), end(numbers.roll(1, 1))
    except Exception:  # whatever the user's forward raises for numbers that are not its own
        return False
    return width > 1 and (_same(once, again) or _same_in_no_order(once, again))


def _same(these: Tensor, those: Tensor) -> bool:
    return torch.allclose(these, those, equal_nan=True)


def _same_in_no_order(these: Tensor, those: Tensor) -> bool:
    """Return whether numbers (R, N) are the same in each row, and in each in other places.

    As `topk(sorted=False)` leaves them; what follows the logits moves alike in all rows.
    """
    if not _same(these.sort(1).values, those.sort(1).values):
        return False
    gaps = (these[:, :, None] - those[:, None, :]).abs().amax(0)
    return bool((gaps.amin(0) > 1e-5).any())


def _warn_of_the_best(end: Closing, chosen_by: fx.Node) -> None:
    warnings.warn(
        f"the network returns one number, the best of {end.width} scores (by "
        f"{operation_name(chosen_by)}): it is explained as the score that it is in each image, and "
        "belongs to another class in each. To explain classes, let it return all scores",
        CamcliWarning,
        stacklevel=2,
    )
