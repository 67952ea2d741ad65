"""A small model of every torchvision family is traced, split and explained completely."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformerBlockV2

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig, PreprocessConfig
from camcli.methods.lift_cam import LiftCam
from camcli.methods.probe import Probe
from camcli.models import load_model
from camcli.network.default_layer import default_layer
from camcli.network.split import check_split, split
from camcli.network.trace import trace
from camcli.run.cut import examples_for

# Images are as small as possible with more than one spatial position left.
BY_NAME: list[tuple[str, dict[str, Any], int, str]] = [
    ("alexnet", {}, 96, "features"),
    ("convnext_tiny", {"num_classes": 9}, 64, "features"),
    ("efficientnet_b0", {}, 64, "features"),
    ("googlenet", {"init_weights": False}, 64, "inception5b"),
    ("inception_v3", {"init_weights": False}, 139, "Mixed_7c"),
    ("mnasnet0_5", {}, 64, "layers"),
    ("mobilenet_v2", {}, 64, "features"),
    ("mobilenet_v3_small", {}, 64, "features"),
    ("regnet_x_400mf", {}, 64, "trunk_output"),
    ("regnet_y_400mf", {}, 64, "trunk_output"),
    ("resnet18", {}, 64, "layer4"),
    ("resnext50_32x4d", {}, 64, "layer4"),
    ("shufflenet_v2_x0_5", {}, 64, "conv5"),
    ("squeezenet1_1", {}, 64, "features"),
    ("vgg11_bn", {}, 64, "features"),
]

_SWIN: dict[str, Any] = {
    "patch_size": [4, 4], "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4],
    "window_size": [3, 3], "num_classes": 9,
}  # fmt: skip

# Families whose smallest model is large, built smaller from the same blocks.
BUILT: list[tuple[str, dict[str, Any], int, str]] = [
    ("densenet:DenseNet", {"growth_rate": 8, "block_config": (2, 2, 2, 2),
                           "num_init_features": 16}, 64, "features"),
    ("maxvit:MaxVit", {"input_size": (64, 64), "stem_channels": 8, "partition_size": 4,
                       "block_channels": [8, 16], "block_layers": [1, 1], "head_dim": 4,
                       "stochastic_depth_prob": 0.2, "num_classes": 9}, 64, "blocks.1"),
    ("swin_transformer:SwinTransformer", _SWIN, 40, "norm"),
    ("swin_transformer:SwinTransformer",
     {**_SWIN, "block": SwinTransformerBlockV2, "downsample_layer": PatchMergingV2}, 40, "norm"),
    ("vision_transformer:VisionTransformer",
     {"image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 16,
      "mlp_dim": 32, "num_classes": 9}, 32, "encoder.layers.encoder_layer_1.ln_1"),
]  # fmt: skip


def check_family(name: str, kwargs: dict[str, Any], side: int, layer: str) -> str | None:
    """Explain two noise images exactly; return the default layer that the model's source names."""
    model = load_model(
        ModelConfig(name=name, weights=None, kwargs=kwargs),
        PreprocessConfig(resize=side, crop=side),
        seed=1,
    )
    images = examples_for(model, torch.device("cpu"))
    traced = trace(model.network, images)
    assert default_layer(traced, images) == layer
    halves = split(traced, layer)
    assert check_split(halves, traced, model.network, images) < 1e-4
    probe = Probe(halves, images, with_reference=True)
    saliency = LiftCam().explain(probe, Objective.of(probe.logits.argmax(1)))
    assert saliency.completeness_error is not None
    assert float(saliency.completeness_error.max()) < 1e-4
    assert torch.isfinite(saliency.maps).all()
    return model.default_layer


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kwargs", "side", "layer"), BY_NAME, ids=[family[0] for family in BY_NAME]
)
def test_a_family_is_explained_exactly_at_its_layer(
    name: str, kwargs: dict[str, Any], side: int, layer: str
) -> None:
    """The graph alone finds the layer that the table names."""
    assert check_family(name, kwargs, side, layer) == layer


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kwargs", "side", "layer"), BUILT)
def test_a_large_family_is_explained_exactly_when_built_small(
    name: str, kwargs: dict[str, Any], side: int, layer: str
) -> None:
    check_family(f"torchvision.models.{name}", kwargs, side, layer)
