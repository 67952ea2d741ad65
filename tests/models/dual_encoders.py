"""open_clip's towers, one of each kind, small enough to test with."""

from __future__ import annotations

from typing import Any

from camcli.config import ModelConfig

TEXT = {"width": 32, "heads": 2, "layers": 1}
SIDE = 64

TOWERS: dict[str, dict[str, Any]] = {
    "resnet": {"layers": [1, 1, 1, 1], "width": 8, "head_width": 32, "image_size": SIDE},
    "vit": {"layers": 2, "width": 32, "head_width": 16, "patch_size": 16, "image_size": SIDE},
    "convnext": {
        "timm_model_name": "test_convnext",
        "timm_pool": "",
        "timm_proj": "linear",
        "image_size": SIDE,
    },
    "attention-pool": {
        "timm_model_name": "test_vit",
        "timm_pool": "map",
        "timm_proj": "none",
        "image_size": 160,
    },
}
"""Configurations of image towers: each kind of head, and each library's blocks."""


def small(tower: str = "resnet", **kwargs: Any) -> ModelConfig:
    """Return the configuration of a small dual encoder with random weights and CLIP's tokenizer."""
    width = 64 if tower == "attention-pool" else 24
    config = {"embed_dim": width, "vision_cfg": TOWERS[tower], "text_cfg": TEXT, **kwargs}
    return ModelConfig(name="open_clip:ViT-B-32", weights=None, kwargs=config)
