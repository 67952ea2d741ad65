"""Run a network before it is traced: whether it takes images, and how it computes."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from camcli.errors import CamcliWarning, ModelError
from camcli.network.culprit import culprit_of
from camcli.network.invocation import Invocation, argument_of_images, evaluating
from camcli.network.precision import HALVES, InSinglePrecision, names_of
from camcli.network.unfit import unfit
from camcli.system.wording import counted_as


@dataclass(frozen=True)
class Rehearsal:
    """What a network did on two images.

    Attributes:
        invocation: How to run it.
        images: The two, (2, 3, H, W).
        outputs: Its tensors for both, by path.
        alone: The same for the first on its own.

    """

    invocation: Invocation
    images: Tensor
    outputs: dict[str, Tensor]
    alone: dict[str, Tensor]


@torch.no_grad()
def rehearse(network: nn.Module, example: Tensor) -> Rehearsal:
    """Find out how to run a network, and run it.

    What it casts to half precision, or computes under `torch.autocast`, it is to compute in
    float32, where contributions add up; a warning says by how much that changes the scores.

    Raises:
        ModelError: It does not run on such images, with what kind of input it seems to be made
            for; or it draws random numbers.

    """
    keyword = argument_of_images(network)
    # Unlike each other, so that what one does to the other shows.
    images = torch.cat([example[:1], 3 * example[1:2] + 1])
    with evaluating(network):
        before = _states()
        invocation, outputs = _first_run(network, keyword, images)
        if _states() != before:
            # The first time of all, weights may be drawn that are not known before.
            with _without_chance():
                outputs = invocation(network, images.clone())
        alone = _alone(network, invocation, images)
        if invocation.replaced:
            _tell_of(invocation, outputs, network, images)
    if alone.keys() != outputs.keys():
        raise ModelError(
            f"the network returns {counted_as(len(outputs), 'tensor')} for two images and "
            f"{len(alone)} for one: let it return one tensor for all images, as torch.stack "
            "makes of a list"
        )
    return Rehearsal(invocation, images, outputs, alone)


def _first_run(
    network: nn.Module, keyword: str | None, example: Tensor
) -> tuple[Invocation, dict[str, Tensor]]:
    """Return the way to run a network in which it computes in float32, and what it returned.

    Where that fails, double precision is replaced as well: of a network whose weights were double,
    and are float32 now, the forward may cast to double still. Where that fails too, as it may for
    what PyTorch cannot intercept, the network runs as it is.
    """
    for replaced in (HALVES, HALVES | {torch.float64}):
        precision = InSinglePrecision(replaced, example.device)
        try:
            with precision:
                outputs = Invocation(keyword)(network, example.clone())
        except Exception:
            continue
        return Invocation(keyword, frozenset(precision.met)), outputs
    plain = Invocation(keyword)
    try:
        return plain, plain(network, example.clone())
    except (torch.OutOfMemoryError, ModelError):
        raise
    except Exception as error:  # whatever the user's forward raises
        raise unfit(error, network, plain, example) from error


def _alone(network: nn.Module, invocation: Invocation, example: Tensor) -> dict[str, Tensor]:
    try:
        return invocation(network, example[:1].clone())
    except Exception as error:  # whatever the user's forward raises
        culprit = culprit_of(error, network)
        raise ModelError(
            f"the network runs on two images and not on one: {culprit.kind}{culprit.place}: "
            f"{culprit.reason}"
        ) from error


@contextmanager
def _without_chance() -> Iterator[None]:
    """Refuse what draws random numbers inside."""
    before = _states()
    yield
    drawn = [name for name, state in _states().items() if state != before[name]]
    if drawn:
        raise ModelError(
            f"the network draws random numbers ({' and '.join(drawn)}) in evaluation mode, so an "
            "image has no one map: let its forward draw them only where self.training is true"
        )


def _states() -> dict[str, bytes]:
    """Return the state of everything that a forward usually draws random numbers from."""
    states = {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "random": repr(random.getstate()).encode(),
        "numpy.random": repr(np.random.get_state(legacy=False)).encode(),  # noqa: NPY002
    }
    if torch.cuda.is_initialized():
        states["torch.cuda"] = torch.cuda.get_rng_state().numpy().tobytes()
    return states


def _tell_of(
    invocation: Invocation, outputs: dict[str, Tensor], network: nn.Module, example: Tensor
) -> None:
    """Warn that a network computes in another precision than it asks for, where that matters."""
    names = " or ".join(names_of(invocation.replaced))
    try:
        plain = Invocation(invocation.keyword)(network, example.clone())
    except Exception:
        plain = {}
    change = max((_change(plain[name], outputs[name]) for name in plain), default=None)
    if change == 0:
        return
    by = "" if change is None else f"; its outputs change by at most {change:.1g} of the largest"
    warnings.warn(
        f"the network asks for {names} in its forward, and is computed in float32 instead, in "
        f"which attributions add up{by}",
        CamcliWarning,
        stacklevel=2,
    )


def _change(plain: Tensor, single: Tensor) -> float:
    """Return max |plain - single| / max |single|."""
    return float((plain.double() - single.double()).abs().max() / single.abs().max().clamp(1e-12))
