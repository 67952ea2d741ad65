"""One picture of an image and all of its maps: every target by every method, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageEnhance

from camcli.config import OutputConfig
from camcli.output.legend import sureness
from camcli.output.lettering import Lettering, wrapped
from camcli.output.levels import drawable
from camcli.output.render import overlay
from camcli.output.target_words import in_words
from camcli.output.tiles import Tile, balanced_columns, laid_out
from camcli.records import SaliencyMap

_TILE = 320
_REASON_SIZE = 15
_REASON_STEP = 20
_MARGIN = 16
_FAINT = 0.25
_BRIGHT = (236, 238, 242)
# Lines of methods below one another are whole up to here; more fill the sheet as well as they can.
_MOST_COLUMNS = 7


def grid(maps: Sequence[SaliencyMap], look: OutputConfig) -> Image.Image:
    """Draw the photograph, and every map over it with its name and score.

    Maps of one method follow the photograph. Where there are several methods, each target has the
    photograph and a line of its own, with its maps in the methods' order. A degenerate map is a
    dark photograph with the reason in words.

    Args:
        maps: All of one image, by target and then by method; with its original.
        look: How maps are drawn.

    Returns:
        An RGB image, whose size depends on the photograph's shape, and not on its size.

    """
    drawing = _Drawing(look, Lettering(look.font))
    methods = len({each.method for each in maps})
    blocks = [maps[start : start + methods] for start in range(0, len(maps), methods)]
    if methods == 1:
        tiles = [drawing.photograph(maps[0]), *map(drawing.of_target, maps)]
        return laid_out([tiles], _TILE, balanced_columns(len(tiles)), drawing.lettering)
    in_line = len(blocks) > 1 and methods < _MOST_COLUMNS
    columns = 1 + methods if in_line else balanced_columns(1 + methods)
    sheet = [[drawing.photograph(of[0]), *map(drawing.of_method, of)] for of in blocks]
    return laid_out(sheet, _TILE, columns, drawing.lettering)


@dataclass(frozen=True)
class _Drawing:
    """Makes the tiles of a grid."""

    look: OutputConfig
    lettering: Lettering

    def photograph(self, saliency_map: SaliencyMap) -> Tile:
        """Return the photograph, called by its name."""
        name = saliency_map.item.ref.name.rpartition("/")[2]
        return Tile(_contained(saliency_map), self.lettering.spelt(name), "")

    def of_target(self, saliency_map: SaliencyMap) -> Tile:
        """Return a map that its target tells from the others."""
        return Tile(self._map(saliency_map), self._target(saliency_map), self._figure(saliency_map))

    def of_method(self, saliency_map: SaliencyMap) -> Tile:
        """Return a map that its method tells from the others."""
        detail = f"{self._target(saliency_map)}, {self._figure(saliency_map)}"
        return Tile(self._map(saliency_map), saliency_map.method, detail)

    def _target(self, saliency_map: SaliencyMap) -> str:
        return self.lettering.spelt(in_words(saliency_map.target, saliency_map.meaning.sign))

    def _figure(self, saliency_map: SaliencyMap) -> str:
        return sureness(saliency_map.target)

    def _map(self, saliency_map: SaliencyMap) -> Image.Image:
        photograph = _contained(saliency_map)
        values = saliency_map.values
        if values is None:
            return self._in_words(photograph, saliency_map.degenerate or "")
        return overlay(
            photograph,
            saliency_map.item.geometry,
            drawable(values, saliency_map.meaning),
            self.look.colormap,
            self.look.alpha,
            self.look.style,
            saliency_map.meaning.sign == "signed",
        )

    def _in_words(self, photograph: Image.Image, reason: str) -> Image.Image:
        """Return the darkened photograph with the reason why it has no map."""
        dark = ImageEnhance.Brightness(photograph).enhance(_FAINT)
        font, room = self.lettering.at(_REASON_SIZE), dark.width - 2 * _MARGIN
        lines = max((dark.height - 2 * _MARGIN) // _REASON_STEP, 1)
        draw = ImageDraw.Draw(dark)
        for number, line in enumerate(wrapped(self.lettering.spelt(reason), room, font, lines)):
            draw.text((_MARGIN, _MARGIN + number * _REASON_STEP), line, _BRIGHT, font)
        return dark


def _contained(saliency_map: SaliencyMap) -> Image.Image:
    """Return the photograph as large as a tile, also where it is smaller, and at least a line."""
    original = saliency_map.item.original
    assert original is not None
    scale = _TILE / max(original.size)
    width, height = (max(round(side * scale), 1) for side in original.size)
    return original.resize((width, height), Image.Resampling.LANCZOS)
