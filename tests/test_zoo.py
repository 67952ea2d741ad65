"""One small model of every torchvision family: traced, cut, explained, complete."""

from __future__ import annotations

import pytest
import torch

from camcli.assembly import examples_for
from camcli.config import ModelConfig, PreprocessConfig
from camcli.graph.choose import default_layer
from camcli.graph.split import check_split, split
from camcli.graph.trace import trace
from camcli.methods.lift_cam import LiftCam
from camcli.methods.probe import Probe
from camcli.models import load_model

# Depth, classes and pictures are cut where they cost time; every kind of block stays.
FAMILIES = [
    ("alexnet", {}, 96, "features"),
    ("convnext_tiny", {"num_classes": 9}, 64, "features"),
    ("densenet121", {}, 64, "features"),
    ("efficientnet_b0", {}, 64, "features"),
    ("googlenet", {"init_weights": False}, 64, "inception5b"),
    ("inception_v3", {"init_weights": False}, 139, "Mixed_7c"),
    ("maxvit_t", {"num_classes": 9}, 224, "blocks.3"),
    ("mnasnet0_5", {}, 64, "layers"),
    ("mobilenet_v2", {}, 64, "features"),
    ("mobilenet_v3_small", {}, 64, "features"),
    ("regnet_x_400mf", {}, 64, "trunk_output"),
    ("regnet_y_400mf", {}, 64, "trunk_output"),
    ("resnet18", {}, 64, "layer4"),
    ("resnext50_32x4d", {}, 64, "layer4"),
    ("shufflenet_v2_x0_5", {}, 64, "conv5"),
    ("squeezenet1_1", {}, 64, "features"),
    ("swin_t", {"depths": [2, 2, 2, 2], "num_classes": 9}, 64, "norm"),
    ("swin_v2_t", {"depths": [2, 2, 2, 2], "num_classes": 9}, 64, "norm"),
    ("vgg11_bn", {}, 64, "features"),
    ("vit_b_32", {"image_size": 64}, 64, "encoder.layers.encoder_layer_11.ln_1"),
]


@pytest.mark.parametrize(
    ("name", "kwargs", "side", "layer"), FAMILIES, ids=[family[0] for family in FAMILIES]
)
def test_a_family_is_explained_exactly_at_its_layer(
    name: str, kwargs: dict[str, object], side: int, layer: str
) -> None:
    model = load_model(
        ModelConfig(name=name, weights=None, kwargs=kwargs),
        PreprocessConfig(resize=side, crop=side),
        seed=1,
    )
    images = examples_for(model, torch.device("cpu"))
    traced = trace(model.network, images)
    assert model.default_layer == layer
    assert default_layer(traced, images) == layer  # the graph tells as much as the table
    halves = split(traced, layer)
    assert check_split(halves, traced, model.network, images) < 1e-4
    probe = Probe(halves, images, with_slopes=True)
    saliency = LiftCam().explain(probe, probe.logits.argmax(1))
    assert saliency.completeness_error is not None
    assert float(saliency.completeness_error.max()) < 1e-4
    assert torch.isfinite(saliency.maps).all()
