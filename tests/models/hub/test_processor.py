"""Images are prepared as the image processors of transformers prepare them, pixel for pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from camcli.errors import ModelError
from camcli.images.geometry import to_input
from camcli.models.hub.processor import Prepared, prepared_by
from tests.models.hub_networks import KINDS, Kind, processor_of

PROCESSORS = {kind.processor: kind for kind in KINDS.values()}
SIZES = [(61, 47), (150, 221), (203, 150), (20, 90)]


def noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * 10007 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))


def as_network_sees(image: Image.Image, prepared: Prepared) -> torch.Tensor:
    """Return what camcli gives to a network, (3, H, W)."""
    preprocess = prepared.preprocess
    pixels = torch.from_numpy(to_input(image, preprocess)).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(each)[:, None, None] for each in (preprocess.mean, preprocess.std))
    normalised = (pixels - mean) / std
    return normalised.flip(0) if prepared.blue_first else normalised


def largest_difference(processor: Any) -> float:
    prepared = prepared_by(processor.to_dict(), "hf:x")
    return max(
        float(
            (
                as_network_sees(image, prepared)
                - processor(image, return_tensors="pt")["pixel_values"][0]
            )
            .abs()
            .max()
        )
        for image in (noise(*size) for size in SIZES)
    )


@pytest.mark.parametrize("kind", PROCESSORS.values(), ids=PROCESSORS)
def test_what_a_network_sees_is_what_its_processor_makes(kind: Kind) -> None:
    assert largest_difference(processor_of(kind)) < 1e-5


@pytest.mark.parametrize(
    ("processor", "preparing"),
    [
        ("ConvNext", {"size": {"shortest_edge": 384}}),
        ("ConvNext", {"size": {"shortest_edge": 30}, "crop_pct": 0.7, "resample": 2}),
        ("EfficientNet", {"include_top": False, "do_normalize": False}),
        ("ViT", {"size": {"height": 20, "width": 33}, "resample": 0}),
        ("ViT", {"do_rescale": False, "image_mean": [100, 110, 120], "image_std": [50, 60, 70]}),
        ("ViT", {"image_mean": 0.4, "image_std": 0.3, "resample": 1}),
        ("Bit", {"size": {"shortest_edge": 40}, "crop_size": {"height": 33, "width": 20}}),
        ("CLIP", {"do_resize": False, "crop_size": {"height": 16, "width": 17}}),
        ("Siglip", {}),
        ("MobileViT", {"do_flip_channel_order": False}),
    ],
)
def test_so_it_is_with_other_settings(processor: str, preparing: dict[str, Any]) -> None:
    assert largest_difference(processor_of(Kind("", {}, processor, preparing))) < 1e-4


@pytest.mark.parametrize(
    ("processor", "settings", "reason"),
    [
        ("ViT", {"image_processor_type": "KiteImageProcessorFast"}, "KiteImageProcessorFast is no"),
        ("ViT", {"do_pad": True}, r"pads images \(do_pad\)"),
        ("ViT", {"size": {"shortest_edge": 9, "longest_edge": 20}}, "resizes images to .*longest"),
        ("ViT", {"resample": 4}, "Pillow's filter 4"),
        ("Bit", {"do_center_crop": False}, "inputs of many sizes"),
    ],
)
def test_what_camcli_has_no_step_for_is_refused(
    processor: str, settings: dict[str, Any], reason: str
) -> None:
    known = processor_of(Kind("", {}, processor)).to_dict()
    with pytest.raises(ModelError, match=f"{reason}.*Say yourself .*preprocess"):
        prepared_by(known | settings, "hf:x")
