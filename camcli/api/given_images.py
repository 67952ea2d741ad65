"""Images as a program holds them, prepared for the network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from camcli.errors import InputError
from camcli.images.decode import decode, prepare
from camcli.images.find import find_images
from camcli.images.names import UniqueNames, safe_name
from camcli.images.walk import has_magic
from camcli.records import FailedImage, Geometry, ImageItem, ImageRef, Preprocess

if TYPE_CHECKING:
    import numpy.typing as npt

KINDS = (
    "a path, a PIL image, a uint8 array (H, W), (H, W, 3) or (H, W, 4), a uint8 tensor (3, H, W), "
    "or the network's own input as a floating-point tensor (3, H, W)"
)

Prepared = ImageItem | FailedImage


def prepared(images: Any, preprocess: Preprocess) -> Iterator[Prepared]:
    """Yield each image that a caller gives, ready for the network, in order.

    Args:
        images: One image, or several in a list, a batch of tensors or arrays, or an iterator that
            may be endless. A path may also be a folder or a glob.
        preprocess: How they become the network's input.

    Raises:
        InputError: Something given is no image.

    """
    unique = UniqueNames()
    for index, (name, image) in enumerate(_named(_several(images))):
        path = image if isinstance(image, Path) else Path(name)
        ref = ImageRef(index, path, unique.take(safe_name(Path(name).parts)))
        yield _prepare(image, ref, preprocess)


def count_of(images: Any) -> int | None:
    """Return how many images are given, None where only the end will tell."""
    several = _several(images)
    if not hasattr(several, "__len__"):
        return None
    return sum(len(_listed(each)) if _is_path(each) else 1 for each in several)


def _several(images: Any) -> Iterable[Any]:
    """Return what was given as several images: one by itself is a list of one."""
    if isinstance(images, np.ndarray | Tensor):
        return [images] if images.ndim < 4 else images
    if _is_path(images) or isinstance(images, Image.Image):
        return [images]
    if not isinstance(images, Iterable):
        raise InputError(f"images: a {type(images).__name__} is no image; give {KINDS}, or several")
    return images


def _named(images: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for index, image in enumerate(images):
        if _is_path(image):
            yield from _listed(image)
        else:
            yield getattr(image, "filename", "") or f"image-{index}", image


def _is_path(image: Any) -> bool:
    return isinstance(image, str | os.PathLike)


def _listed(given: Any) -> list[tuple[str, Path]]:
    """Return the files that a path names, by name; one that is missing fails as an image."""
    path = Path(given)
    if path.is_dir() or (has_magic(str(path)) and not path.exists()):
        return [(ref.name, ref.path) for ref in find_images([str(path)])]
    return [(str(path), path)]


def _prepare(image: Any, ref: ImageRef, preprocess: Preprocess) -> Prepared:
    if isinstance(image, Path):
        return decode(ref, preprocess)
    if isinstance(image, Image.Image):
        return prepare(image, ref, preprocess)
    if isinstance(image, np.ndarray):
        return prepare(_of_array(image, ref), ref, preprocess)
    if isinstance(image, Tensor):
        return _of_tensor(image, ref, preprocess)
    raise InputError(f"{ref.name}: a {type(image).__name__} is no image; give {KINDS}")


def _of_array(values: npt.NDArray[Any], ref: ImageRef) -> Image.Image:
    is_image = values.ndim == 2 or (values.ndim == 3 and values.shape[2] in (3, 4))
    if values.dtype != np.uint8 or not is_image:
        raise InputError(
            f"{ref.name}: an array {values.shape} of {values.dtype} is no image; give {KINDS}"
        )
    return Image.fromarray(values)


def _of_tensor(values: Tensor, ref: ImageRef, preprocess: Preprocess) -> Prepared:
    if values.ndim != 3 or len(values) != 3:
        raise InputError(f"{ref.name}: a tensor {tuple(values.shape)} is no image; give {KINDS}")
    pixels = values.detach().permute(1, 2, 0).contiguous().cpu()
    if values.dtype == torch.uint8:
        return prepare(Image.fromarray(pixels.numpy()), ref, preprocess)
    if not values.is_floating_point():
        raise InputError(f"{ref.name}: a tensor of {values.dtype} is no image; give {KINDS}")
    return _as_given(pixels.float().numpy(), ref, preprocess)


def _as_given(pixels: npt.NDArray[np.float32], ref: ImageRef, preprocess: Preprocess) -> ImageItem:
    """Return the network's own input as an image, drawn with its normalisation undone."""
    height, width, _ = pixels.shape
    if (height, width) != preprocess.crop:
        raise InputError(
            f"{ref.name}: the network's input is {preprocess.crop[0]} x {preprocess.crop[1]}, and "
            f"this tensor {height} x {width}: give preprocess the crop that the tensors have"
        )
    levels = (pixels * preprocess.std + preprocess.mean) * 255
    return ImageItem(
        ref=ref,
        original=Image.fromarray(np.rint(levels.clip(0, 255)).astype(np.uint8)),
        pixels=pixels,
        geometry=Geometry(width, height, (0.0, 0.0, float(width), float(height))),
        sha256="",
        note="the network's own input, as given",
    )
