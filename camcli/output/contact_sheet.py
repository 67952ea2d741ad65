"""One image that shows all the components of a map, each over the photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from camcli.output.lettering import Lettering
from camcli.output.levels import drawable
from camcli.output.render import overlay
from camcli.output.tiles import Tile, balanced_columns, laid_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from camcli.records import Components, SaliencyMap, Versus

_TILE = 240
_USUAL = Lettering()


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
    tiles = [
        Tile(_small(saliency_map.item.original), "photograph", named),
        Tile(_heat(saliency_map, shown, colormap, alpha), "map", "the weighted sum"),
        *_component_tiles(saliency_map, components, components.maps, colormap, alpha),
    ]
    return laid_out([tiles], _TILE, balanced_columns(len(tiles)), lettering)


def _component_tiles(
    saliency_map: SaliencyMap,
    components: Components,
    maps: npt.NDArray[np.float32],
    colormap: str,
    alpha: float,
) -> list[Tile]:
    largest = max(map(abs, components.weights)) or 1.0
    weighted = zip(maps, components.weights, components.explained_variance, strict=True)
    return [
        Tile(
            image=_heat(saliency_map, values, colormap, alpha),
            title=f"{number}   weight {weight:.3g}",
            detail=f"{100 * variance:.1f} % of the variance",
            bar=weight / largest,
            dim=weight == 0,
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
