"""The layers of the network that a configuration names."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from camcli.config import Config
from camcli.errors import LayerError
from camcli.models import load_configured
from camcli.models.prompt_scores import with_stand_in
from camcli.network.default_layer import default_layer
from camcli.network.headless import require_head
from camcli.network.layers import Layer, describe_layers
from camcli.network.nodes import shape_of
from camcli.network.ranking import require_class_order
from camcli.network.trace import trace
from camcli.run.cut import examples_for


@dataclass(frozen=True)
class LayerList:
    """The layers of a model.

    Attributes:
        model: Its name.
        image_size: (H, W) of its input.
        classes: How many scores it has.
        default: The layer that is explained when none is given, None where there is no answer.
        layers: Those whose output reaches the scores, as a tree.

    """

    model: str
    image_size: tuple[int, int]
    classes: int
    default: str | None
    layers: tuple[Layer, ...]


def list_layers(config: Config) -> LayerList:
    """Trace the network that a configuration names, and list its layers.

    Raises:
        ModelError: It cannot be loaded or traced, or has no classification head.

    """
    model = with_stand_in(load_configured(config))
    images = examples_for(model, torch.device("cpu"))
    traced = trace(model.network, images, model.output, model.probabilities)
    require_class_order(traced)
    require_head(traced, model.network, model.labels)
    try:
        default = model.default_layer or default_layer(traced, images)
    except LayerError:
        default = None
    return LayerList(
        model=model.name,
        image_size=model.preprocess.crop,
        classes=int((shape_of(traced.logits) or (0, 0))[1]),
        default=default,
        layers=tuple(describe_layers(traced)),
    )
