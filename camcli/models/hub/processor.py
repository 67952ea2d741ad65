"""What an image processor of transformers does to an image, in camcli's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from camcli.errors import ModelError
from camcli.records import Preprocess

_READ = (
    *("Beit", "Bit", "CLIP", "ConvNext", "DeiT", "EfficientNet", "Levit", "MobileNetV1"),
    *("MobileNetV2", "MobileViT", "Pvt", "Segformer", "Siglip", "ViT"),
)
"""The processors whose steps are known, without the end of their names."""

_WHOLE_FROM = 384
"""The side from which ConvNeXt's processor squashes an image instead of cropping it."""

_LEVIT = 256 / 224
_Size = int | tuple[int, int]
_Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Prepared:
    """How a processor prepares an image.

    Attributes:
        preprocess: All but the order of the colours.
        blue_first: Whether the network is given BGR.

    """

    preprocess: Preprocess
    blue_first: bool = False


def prepared_by(settings: Mapping[str, Any], name: str) -> Prepared:
    """Return what a processor does, to the bit of its version for Pillow.

    Args:
        settings: As its `to_dict` returns them.
        name: Of the model, for messages.

    Raises:
        ModelError: Its steps are not known, or camcli has none for one of them.

    """
    kind = str(settings.get("image_processor_type"))
    family = kind.removesuffix("Fast").removesuffix("Pil").removesuffix("ImageProcessor")
    if family not in _READ:
        raise _refused(name, kind, "is none whose steps camcli knows")
    if settings.get("do_pad"):
        raise _refused(name, kind, "pads images (do_pad)")
    resize, crop = _sizes(settings, family, kind, name)
    mean, std = _scaling(settings)
    return Prepared(
        Preprocess(
            resize=resize,
            crop=crop,
            mean=mean,
            std=std,
            interpolation=_interpolation(settings, kind, name),
            odd_margin="down",
        ),
        blue_first=bool(settings.get("do_flip_channel_order")),
    )


def _sizes(
    settings: Mapping[str, Any], family: str, kind: str, name: str
) -> tuple[_Size | None, tuple[int, int]]:
    """Return what an image is resized to, and the crop."""
    resize = _resize(settings, kind, name) if settings.get("do_resize") else None
    crop = _crop(settings) if settings.get("do_center_crop") else None
    if isinstance(resize, int) and family == "ConvNext":
        if resize >= _WHOLE_FROM:
            resize = (resize, resize)
        else:
            crop = crop or (resize, resize)
            resize = int(resize / settings["crop_pct"])
    if isinstance(resize, int) and family == "Levit":
        resize = int(_LEVIT * resize)
    if crop is None and isinstance(resize, tuple):
        crop = resize
    if crop is None:
        raise _refused(name, kind, "makes inputs of many sizes: it crops nothing (do_center_crop)")
    return resize, crop


def _resize(settings: Mapping[str, Any], kind: str, name: str) -> _Size:
    match {key: value for key, value in settings["size"].items() if value is not None}:
        case {"height": int(height), "width": int(width), **others} if not others:
            return height, width
        case {"shortest_edge": int(side), **others} if not others:
            return side
        case size:
            raise _refused(name, kind, f"resizes images to {size}")


def _crop(settings: Mapping[str, Any]) -> tuple[int, int]:
    size = settings["crop_size"]
    side = size.get("shortest_edge")
    return size.get("height") or side, size.get("width") or side


def _interpolation(settings: Mapping[str, Any], kind: str, name: str) -> str:
    names = {
        Image.Resampling.NEAREST: "nearest",
        Image.Resampling.BILINEAR: "bilinear",
        Image.Resampling.BICUBIC: "bicubic",
        Image.Resampling.LANCZOS: "lanczos",
    }
    asked = settings.get("resample", Image.Resampling.BILINEAR)
    if asked not in names:
        raise _refused(name, kind, f"resizes with Pillow's filter {asked}")
    return names[asked]


def _scaling(settings: Mapping[str, Any]) -> tuple[_Channels, _Channels]:
    """Return mean and std of values v in [0, 1]: (255 f v + o - m) / s = (v - mean) / std."""
    factor = settings["rescale_factor"] if settings.get("do_rescale") else 1.0
    offset = -1.0 if settings.get("rescale_offset") and settings.get("do_rescale") else 0.0
    normalised = settings.get("do_normalize")
    means = _by_channel(settings["image_mean"] if normalised else 0.0)
    stds = _by_channel(settings["image_std"] if normalised else 1.0)
    # EfficientNet's divides by it again, normalised or not.
    again = _by_channel(settings["image_std"] if settings.get("include_top") else 1.0)
    scale = 255 * factor
    return (
        _by_channel([(mean - offset) / scale for mean in means]),
        _by_channel([std * twice / scale for std, twice in zip(stds, again, strict=True)]),
    )


def _by_channel(value: float | Sequence[float]) -> _Channels:
    red, green, blue = (value,) * 3 if isinstance(value, int | float) else value
    return float(red), float(green), float(blue)


def _refused(name: str, kind: str, reason: str) -> ModelError:
    return ModelError(
        f"{name}: its image processor {kind} {reason}. Say yourself how images are prepared, with "
        "the keys of preprocess (resize, crop, mean, std, interpolation)"
    )
