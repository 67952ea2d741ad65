"""From a loaded model to its network, traced and cut at the layers to explain at."""

from __future__ import annotations

from collections.abc import Sequence

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
    """Trace a network and cut it at layers, `auto` for the model's own; checked on two images.

    A method that looks at several depths has the cut at the shallowest, and taps at the others.

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
    cuts = []
    for layer in layers:
        trial = _trial(traced, model.default_layer if layer == "auto" else layer, method)
        check_scores(trial.halves, traced, trial.scores, traced.returned)
        warn_if_no_gradient(traced, trial, traced.examples)
        if method is not None:
            require_gradient(method, trial)
        cuts.append(trial.halves)
    return checked_corners(traced, cuts, images)


def _trial(traced: TracedNetwork, layer: str | None, method: Method | None) -> Trial:
    """Return images in the network cut where a method looks first, its default layer for None."""
    found = default_trial(traced, traced.examples) if layer is None else None
    layer = layer if found is None else found.halves.layer
    assert layer is not None
    cut, *taps = method.depths(traced, layer) if method else (layer,)
    if found is not None and (cut, taps) == (layer, []):
        return found
    return Trial.of(split(traced, cut, taps), traced.examples)


def examples_for(model: LoadedModel, device: torch.device) -> Tensor:
    """Return two images of noise (2, 3, H, W) in the size that a model takes."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, *model.preprocess.crop, generator=generator).to(device)
