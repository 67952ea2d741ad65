"""Colour maps as lookup tables, so that drawing a heatmap needs no plotting library.

Each map is kept as 33 evenly spaced colours, `rrggbb`, and interpolated linearly: within 2 levels
of matplotlib's maps of the same names, for jet with its kinks within 9.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_ANCHORS = {
    "turbo": (
        "30123b392a734040a24456c7466be34680f64293ff37a7fa28bbec1dccd918dcc31ee8b031f2994cf97e6bfe64"
        "8aff4ca2fc3cb8f735cced34dee037edd03af7c03afdad35fe982cfb8022f56818ec520fe14109d23105c12302"
        "ac1701950d017a0403"
    ),
    "viridis": (
        "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e"
        "23898e21908c1f978b1f9f8821a68527ad8131b57b3ebc744dc26c5cc8636ece5882d34d95d840aadc32c0df25"
        "d5e21aeae51afde725"
    ),
    "magma": (
        "0000040303120a0822130d341d114729115a36106b440f7650127c5d177f691c817621818226818f2a819c2e7f"
        "a9337db6367ac33b75cf4070db476ae65164ee5c5ef46a5cf9785dfb8861fd9668fea571feb47bfec287fed194"
        "fde0a1fceeb0fcfdbf"
    ),
    "jet": (
        "0000800000a40000c80000ed0000ff001fff003fff005fff007fff009fff00bfff00dffc15fee22effc848ffaf"
        "62ff957cff7c95ff62afff48c8ff2ee2ff15fcf000ffd200ffb500ff9700ff7900ff5c00ff3e00ff2200ed0400"
        "c80000a40000800000"
    ),
    "gray": "000000ffffff",
}
COLORMAPS = tuple(_ANCHORS)


@functools.cache
def lookup_table(name: str) -> npt.NDArray[np.uint8]:
    """Return the map's 256 colours, uint8 (256, 3) RGB, from the lowest value to the highest.

    Raises:
        KeyError: `name` is not one of `COLORMAPS`.

    """
    anchors = np.frombuffer(bytes.fromhex(_ANCHORS[name]), np.uint8).reshape(-1, 3)
    places = np.linspace(0, 255, len(anchors))
    channels = [np.interp(np.arange(256), places, channel) for channel in anchors.T]
    table: npt.NDArray[np.uint8] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    table.flags.writeable = False  # shared between all callers
    return table
