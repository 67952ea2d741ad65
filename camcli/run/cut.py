"""From a loaded model to its network, traced and cut at the layers to explain at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from camcli.methods.base import Method
from camcli.methods.gradient_need import require_gradient
from camcli.models import LoadedModel
from camcli.network.corners import checked_corners
from camcli.network.default_layer import default_trial, warn_if_no_gradient
from camcli.network.headless import require_head
from camcli.network.ranking import require_class_order
from camcli.network.split import SplitNetwork, check_scores, split
from camcli.network.trace import TracedNetwork, trace
from camcli.network.trial import Trial

Depths = tuple[str, ...]
"""Where a network is cut, and the taps behind it."""


def split_at(
    model: LoadedModel, layer: str, device: torch.device, method: Method | None = None
) -> SplitNetwork:
    """Trace a network and cut it at one layer; see `splits_at`."""
    return splits_at(model, (layer,), device, method)[0]


def splits_at(
    model: LoadedModel,
    layers: Sequence[str],
    device: torch.device,
    method: Method | None = None,
) -> list[SplitNetwork]:
    """Trace a network and cut it at layers for one method, None for any; see `cuts_for`."""
    return cuts_for(model, layers, device, (method,))[0]


def cuts_for(
    model: LoadedModel,
    layers: Sequence[str],
    device: torch.device,
    methods: Sequence[Method | None],
) -> list[list[SplitNetwork]]:
    """Trace a network and cut it at layers, `auto` for the model's own; checked on two images.

    A method that looks at several depths has the cut at the shallowest, and taps at the others.

    Returns:
        For each method, the network cut at each layer; methods that look at the same depths share
        one cut, the same object.

    Raises:
        ModelError: The network cannot be traced, has no classification head, returns its scores
            in order of their values, or does not compute the same when cut.
        LayerError: It cannot be cut there, or `auto` has no answer, or the method needs a gradient
            and none reaches the layer, or its layout does not stand the check of its corners.

    """
    images = examples_for(model, device)
    traced = trace(model.network, images, model.output, model.probabilities)
    require_class_order(traced)
    require_head(traced, model.network, model.labels)
    trials = _Trials(traced)
    depths: list[list[Depths]] = []
    for method in methods:
        depths.append([])
        for layer in layers:
            found = trials.depths(method, model.default_layer if layer == "auto" else layer)
            trial = trials.of(found)
            if method is not None:
                require_gradient(method, trial)
            depths[-1].append(found)
    checked = checked_corners(traced, [each.halves for each in trials.made.values()], images)
    cuts = dict(zip(trials.made, checked, strict=True))
    return [[cuts[found] for found in of_method] for of_method in depths]


class _Trials:
    """Two images in a traced network, cut wherever methods look; each cut is made once.

    Attributes:
        made: The cuts so far.

    """

    def __init__(self, traced: TracedNetwork) -> None:
        self.made: dict[Depths, Trial] = {}
        self._traced = traced
        self._ready: dict[Depths, Trial] = {}

    def depths(self, method: Method | None, layer: str | None) -> Depths:
        """Return where a method looks, None for the network's default layer."""
        layer = self._default_layer if layer is None else layer
        return method.depths(self._traced, layer) if method else (layer,)

    def of(self, depths: Depths) -> Trial:
        """Return the images in the network that is cut there."""
        if depths not in self.made:
            traced, (cut, *taps) = self._traced, depths
            made = self._ready.get(depths) or Trial.of(split(traced, cut, taps), traced.examples)
            check_scores(made.halves, traced, made.scores, traced.returned)
            warn_if_no_gradient(traced, made, traced.examples)
            self.made[depths] = made
        return self.made[depths]

    @cached_property
    def _default_layer(self) -> str:
        trial = default_trial(self._traced, self._traced.examples)
        layer = trial.halves.layer
        self._ready[layer,] = trial
        return layer


def examples_for(model: LoadedModel, device: torch.device) -> Tensor:
    """Return two images of noise (2, 3, H, W) in the size that a model takes."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, *model.preprocess.crop, generator=generator).to(device)
