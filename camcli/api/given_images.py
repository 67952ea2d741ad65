"""Images as a program holds them, prepared for the network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from torch import Tensor

from camcli.errors import InputError
from camcli.images.decode import decode, kept, prepare
from camcli.images.find import find_images, holds_several
from camcli.images.names import UniqueNames, safe_name
from camcli.images.walk import has_magic
from camcli.records import FailedImage, Geometry, ImageItem, ImageRef, Preprocess, Reading

if TYPE_CHECKING:
    import numpy.typing as npt

KINDS = (
    "a path, a PIL image, a uint8 array (H, W), (H, W, 3) or (H, W, 4), a uint8 tensor (3, H, W), "
    "or the network's own input as a floating-point tensor (3, H, W)"
)

Prepared = ImageItem | FailedImage


Named = tuple[str, Any]
"""What an image is called, and the image: a `Path` or `ImageRef` where it is yet to be read."""


def named(images: Any) -> Sequence[Named] | Iterator[Named]:
    """Return each image that a caller gives with its name, in order; folders are listed once.

    Args:
        images: One image, or several in a list, a batch of tensors or arrays, or an iterator that
            may be endless. A path may also be whatever the command takes: a folder, an
            archive, a URL.

    Returns:
        A sequence where the number of images is known before the end.

    Raises:
        InputError: What is given is no image and holds none.

    """
    several = _several(images)
    found = _named(several)
    return list(found) if hasattr(several, "__len__") else found


def prepared(
    images: Iterable[Named], preprocess: Preprocess, reading: Reading
) -> Iterator[Prepared]:
    """Yield each image ready for the network.

    Args:
        images: As `named` returns them.
        preprocess: How they become the network's input.
        reading: What is needed of them beside that.

    Raises:
        InputError: Something given is no image.

    """
    unique = UniqueNames()
    for index, (name, image) in enumerate(images):
        path = image if isinstance(image, Path) else Path(name)
        given = image if isinstance(image, ImageRef) else ImageRef(index, path, name)
        ref = replace(given, index=index, name=unique.take(safe_name(Path(name).parts)))
        yield _prepare(image, ref, preprocess, reading)


def _several(images: Any) -> Iterable[Any]:
    """Return what was given as several images: one by itself is a list of one."""
    if isinstance(images, np.ndarray | Tensor):
        return [images] if images.ndim < 4 else images
    if _is_path(images) or isinstance(images, Image.Image):
        return [images]
    if not isinstance(images, Iterable):
        raise InputError(f"images: a {type(images).__name__} is no image; give {KINDS}, or several")
    return images


def _named(images: Iterable[Any]) -> Iterator[Named]:
    for index, image in enumerate(images):
        if _is_path(image):
            yield from _listed(image)
        else:
            yield getattr(image, "filename", "") or f"image-{index}", image


def _is_path(image: Any) -> bool:
    return isinstance(image, str | os.PathLike)


def _listed(given: Any) -> list[Named]:
    """Return what a path or URL names, by name; a file that is missing fails as an image."""
    text = os.fspath(given)
    path = Path(text)
    if path.is_dir() or holds_several(text) or (has_magic(text) and not path.exists()):
        return [(ref.name, ref) for ref in find_images([text])]
    return [(str(path), path)]


def _prepare(image: Any, ref: ImageRef, preprocess: Preprocess, reading: Reading) -> Prepared:
    if isinstance(image, Path | ImageRef):
        return decode(ref, preprocess, reading)
    if isinstance(image, Tensor) and image.is_floating_point():
        return _as_given(image, ref, preprocess, reading)
    return prepare(_opened(image, ref), ref, preprocess, reading)


def _opened(image: Any, ref: ImageRef) -> Image.Image:
    if isinstance(image, Image.Image):
        return image
    if isinstance(image, np.ndarray):
        return _of_array(image, ref)
    if isinstance(image, Tensor):
        return _of_array(_last_axis_of_channels(image, ref), ref)
    raise InputError(f"{ref.name}: a {type(image).__name__} is no image; give {KINDS}")


def _of_array(values: npt.NDArray[Any], ref: ImageRef) -> Image.Image:
    is_image = values.ndim == 2 or (values.ndim == 3 and values.shape[2] in (3, 4))
    if values.dtype != np.uint8 or not is_image:
        raise InputError(
            f"{ref.name}: an array {values.shape} of {values.dtype} is no image; give {KINDS}"
        )
    return Image.fromarray(values)


def _last_axis_of_channels(values: Tensor, ref: ImageRef) -> npt.NDArray[Any]:
    """Return a tensor (3, H, W) as an array (H, W, 3)."""
    if values.ndim != 3 or len(values) != 3:
        raise InputError(f"{ref.name}: a tensor {tuple(values.shape)} is no image; give {KINDS}")
    return values.detach().permute(1, 2, 0).contiguous().cpu().numpy()


def _as_given(values: Tensor, ref: ImageRef, preprocess: Preprocess, reading: Reading) -> ImageItem:
    """Return the network's own input as an image, drawn with its normalisation undone."""
    pixels = _last_axis_of_channels(values.float(), ref)
    height, width, _ = pixels.shape
    if (height, width) != preprocess.crop:
        raise InputError(
            f"{ref.name}: the network's input is {preprocess.crop[0]} x {preprocess.crop[1]}, and "
            f"this tensor {height} x {width}: give preprocess the crop that the tensors have"
        )
    levels = (pixels * preprocess.std + preprocess.mean) * 255
    shown = Image.fromarray(np.rint(levels.clip(0, 255)).astype(np.uint8))
    return ImageItem(
        ref=ref,
        original=kept(shown, reading.keep_side),
        pixels=pixels,
        geometry=Geometry(width, height, (0.0, 0.0, float(width), float(height))),
        sha256="",
        note="the network's own input, as given",
    )
