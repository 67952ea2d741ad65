"""The table of strips: what each picture of the guide shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docs.pictures.strip import Tile

_TWO = "rocket_and_flower.jpg"
_LABEL = ("--caption", "label")
_BAR = ("--colorbar", *_LABEL)
_DEEP = ("--method", "deep-lift", *_BAR)
_SIGNED = (*_DEEP, "--set", "output.sign=signed")
_ROCKET, _FLOWER = "a photo of a rocket", "a photo of a flower"
_TEXTS = ("-m", "demo-clip", "--prompt", _ROCKET, "--prompt", _FLOWER, "--target", _ROCKET)


def _tile(title: str, image: str, *options: str) -> Tile:
    """Return a tile whose title is the options that matter, spelt without quotes."""
    return Tile(title, image, (*title.split(), *options))


STRIPS: Mapping[str, Sequence[Tile]] = {
    "contrast": [
        _tile("--target rocket", _TWO, *_LABEL),
        _tile("--target flower", _TWO, *_LABEL),
        _tile("--target rocket --versus flower", _TWO, *_LABEL),
        _tile("--target flower --versus rocket", _TWO, *_LABEL),
    ],
    "versus": [
        _tile("--versus runner-up", _TWO, "--target", "rocket", *_LABEL),
        _tile("--versus nearest3", _TWO, "--target", "rocket", *_LABEL),
        Tile("--versus ANOTHER PROMPT", _TWO, (*_TEXTS, "--versus", _FLOWER, *_LABEL)),
        Tile("--versus empty-prompt", _TWO, (*_TEXTS, "--versus", "empty-prompt", *_LABEL)),
    ],
    "looks": [
        _tile("--caption label", _TWO),
        _tile("--caption full --colorbar", _TWO),
        _tile("--versus runner-up --style contour", _TWO, "--caption", "full", "--colorbar"),
        _tile("--save heat", _TWO),
    ],
    "styles": [
        _tile("--style blend", "butterfly.png"),
        _tile("--style mask", "butterfly.png"),
        _tile("--style heat", "butterfly.png"),
        _tile("--style contour", "butterfly.png"),
    ],
    "colours": [
        _tile("--colormap viridis", "fish.png", "--colorbar"),
        _tile("--colormap magma --alpha 0.8", "fish.png", "--colorbar"),
        _tile("--alpha 0.25", "fish.png", "--colorbar"),
        _tile("--style mask --alpha 0.95", "fish.png"),
    ],
    "signed": [
        Tile("output.sign=positive, the default", "cat_car_and_tree.jpg", _DEEP),
        Tile(
            "output.sign=negative",
            "cat_car_and_tree.jpg",
            (*_DEEP, "--set", "output.sign=negative"),
        ),
        Tile("output.sign=signed", "cat_car_and_tree.jpg", _SIGNED),
        Tile(
            "output.sign=signed --style contour",
            "cat_car_and_tree.jpg",
            (*_SIGNED, "--style", "contour"),
        ),
    ],
    "numbers": [
        Tile("output.normalize=minmax, the default", "butterfly.png", _DEEP),
        Tile(
            "output.normalize=robust", "butterfly.png", (*_DEEP, "--set", "output.normalize=robust")
        ),
        Tile("output.scale=image, the default", "butterfly.png", _DEEP),
        Tile(
            "output.scale=run, with the boat",
            "butterfly.png",
            (*_DEEP, "--set", "output.scale=run"),
            beside=("boat_and_tree.jpg",),
        ),
    ],
}
"""By the name of their file in `docs/assets`."""
