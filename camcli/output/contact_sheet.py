"""One image that shows all the components of a map, each over the photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from camcli.output.lettering import Font, Lettering, shortened
from camcli.output.levels import drawable
from camcli.output.render import overlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from camcli.records import Components, SaliencyMap, Versus

_TILE = 240
_GAP = 14
_CAPTION = 50
_TEXT_SIZE = 16
_BAR = 4
_BACKGROUND = (20, 22, 27)
_TROUGH = (44, 48, 57)
_ACCENT = (255, 176, 59)
_BRIGHT = (236, 238, 242)
_DIM = (128, 134, 146)
_USUAL = Lettering()
_FEWEST_COLUMNS, _MOST_COLUMNS = 2, 6


@dataclass(frozen=True)
class _Tile:
    """One field of the sheet; `weight` is drawn as a bar, None for no bar."""

    image: Image.Image
    title: str
    detail: str
    weight: float | None = None


def contact_sheet(
    saliency_map: SaliencyMap, colormap: str, alpha: float, lettering: Lettering = _USUAL
) -> Image.Image:
    """Draw the photograph, its map, and every component over it with its weight.

    The components stand in order of their explained variance. Those of weight 0 take no part in
    the map, and have dim captions. Weights are drawn as bars, relative to the largest.

    Args:
        saliency_map: With `values` and with components that hold their maps.
        colormap: The name of a colour map, see `camcli.output.colormaps`.
        alpha: Opacity of the heatmaps in [0, 1].
        lettering: The font of its text.

    Returns:
        An RGB image.

    """
    components, values = saliency_map.components, saliency_map.values
    assert components is not None
    assert components.maps is not None
    assert values is not None
    assert saliency_map.item.original is not None
    shown = drawable(values, saliency_map.meaning)
    named = _named(saliency_map, lettering)
    return _laid_out(
        [
            _Tile(_small(saliency_map.item.original), "photograph", named),
            _Tile(_heat(saliency_map, shown, colormap, alpha), "map", "the weighted sum"),
            *_component_tiles(saliency_map, components, components.maps, colormap, alpha),
        ],
        lettering,
    )


def _component_tiles(
    saliency_map: SaliencyMap,
    components: Components,
    maps: npt.NDArray[np.float32],
    colormap: str,
    alpha: float,
) -> list[_Tile]:
    largest = max(map(abs, components.weights)) or 1.0
    weighted = zip(maps, components.weights, components.explained_variance, strict=True)
    return [
        _Tile(
            image=_heat(saliency_map, values, colormap, alpha),
            title=f"{number}   weight {weight:.3g}",
            detail=f"{100 * variance:.1f} % of the variance",
            weight=weight / largest,
        )
        for number, (values, weight, variance) in enumerate(weighted, start=1)
    ]


def _heat(
    saliency_map: SaliencyMap, values: npt.NDArray[np.float32], colormap: str, alpha: float
) -> Image.Image:
    item = saliency_map.item
    assert item.original is not None
    return _small(overlay(item.original, item.geometry, values, colormap, alpha))


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((_TILE, _TILE), Image.Resampling.LANCZOS)
    return small


def _named(saliency_map: SaliencyMap, lettering: Lettering = _USUAL) -> str:
    """Return the target for a caption."""
    target = saliency_map.target
    name = lettering.spelt(target.name) if target.name else f"class {target.index}"
    sure = f"{target.score:.3g}" if target.probability is None else f"{target.probability:.0%}"
    against = "against " if target.sign == "negative" else ""
    return f"{against}{name}{_beside(target.versus, lettering)} {sure}"


def _beside(others: Sequence[Versus], lettering: Lettering) -> str:
    if len(others) == 1:
        (other,) = others
        return f" v {lettering.spelt(other.name) if other.name else other.index}"
    return f" v {len(others)} others" if others else ""


def _laid_out(tiles: Sequence[_Tile], lettering: Lettering) -> Image.Image:
    columns = _columns(len(tiles))
    rows = -(-len(tiles) // columns)
    across = max(tile.image.width for tile in tiles)
    down = max(tile.image.height for tile in tiles)
    cell = (max(across, _TILE * 3 // 4) + _GAP, down + _CAPTION + _GAP)
    sheet = Image.new("RGB", (columns * cell[0] + _GAP, rows * cell[1] + _GAP), _BACKGROUND)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, columns)
        corner = _GAP + column * cell[0], _GAP + row * cell[1]
        _draw(sheet, tile, corner, (cell[0] - _GAP, down), lettering.at(_TEXT_SIZE))
    return sheet


def _columns(tiles: int) -> int:
    """Return the widest row that fills the sheet best, about as wide as twice its height."""
    choices = range(min(_FEWEST_COLUMNS, tiles), min(_MOST_COLUMNS, tiles) + 1)
    return min(choices, key=lambda n: (-tiles % n, abs(n * n - 2 * tiles)))


def _draw(
    sheet: Image.Image, tile: _Tile, corner: tuple[int, int], size: tuple[int, int], font: Font
) -> None:
    (left, top), (width, height) = corner, size
    image = tile.image
    sheet.paste(image, (left + (width - image.width) // 2, top + (height - image.height) // 2))
    draw = ImageDraw.Draw(sheet)
    below = top + height + _BAR
    if tile.weight is not None:
        draw.rectangle((left, below, left + width - 1, below + _BAR - 1), _TROUGH)
        if filled := round(width * abs(tile.weight)):
            draw.rectangle((left, below, left + filled - 1, below + _BAR - 1), _ACCENT)
    below += _BAR + 4
    draw.text((left, below), tile.title, _DIM if tile.weight == 0 else _BRIGHT, font)
    draw.text((left, below + _TEXT_SIZE + 3), shortened(tile.detail, width, font), _DIM, font)
