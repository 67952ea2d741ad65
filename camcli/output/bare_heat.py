"""A heatmap without its image, as transparent as the map is low."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from camcli.output.render import placed_levels

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from camcli.records import Geometry


def bare_heat(
    size: tuple[int, int],
    geometry: Geometry,
    values: npt.NDArray[np.float32],
    colormap: str,
    signed: bool = False,
) -> Image.Image:
    """Draw a saliency map for laying over an upright image.

    Laid over it as usual, with alpha, a place shows (1 - |map|) image + |map| colour. What the
    network never saw, and where the map is 0, is left as it is.

    Args:
        size: (width, height) in pixels of the image, or of a copy at another scale.
        geometry: Where the map belongs.
        values: float32 (h, w) in [0, 1].
        colormap: The name of a colour map, see `camcli.output.colormaps`.
        signed: Whether the map is signed, in [-1, 1].

    Returns:
        An RGBA image of that size; its alpha is the size of the map's values.

    Raises:
        KeyError: There is no such colour map.

    """
    region, levels = placed_levels(size, geometry, values, signed)
    seen = levels.coloured(colormap)
    seen.putalpha(levels.magnitudes)
    if seen.size == size:
        return seen
    whole = Image.new("RGBA", size)
    whole.paste(seen, region)
    return whole
