"""Colour maps as lookup tables, so that a heatmap is drawn by looking its colours up."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from camcli.config.colormaps import qualified_name

if TYPE_CHECKING:
    import numpy.typing as npt


@functools.cache
def lookup_table(name: str) -> npt.NDArray[np.uint8]:
    """Return the map's 256 colours, uint8 (256, 3) RGB, from the lowest value to the highest.

    Raises:
        KeyError: `cmap` has no colour map of that name.

    """
    full_name = qualified_name(name)
    from cmap import Colormap

    colours = Colormap(full_name).lut(256)[:, :3]
    table: npt.NDArray[np.uint8] = np.rint(colours * 255).astype(np.uint8)
    table.flags.writeable = False  # shared between all callers
    return table
