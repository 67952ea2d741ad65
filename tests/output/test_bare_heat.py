"""A bare heatmap, laid over its image, is the formula that the guide gives."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from camcli.config import OutputConfig
from camcli.output.artefacts import saved_artefacts
from camcli.output.bare_heat import bare_heat
from camcli.output.colormaps import lookup_table
from camcli.records import Geometry
from tests.output.legends import map_over
from tests.output.made import MADE

RISING = np.tile(np.linspace(0, 1, 60, dtype=np.float32), (40, 1))
CROPPED = Geometry(100, 40, (20.0, 0.0, 80.0, 40.0))


def test_laid_over_an_image_each_place_is_as_much_the_colour_as_the_map_is_high() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 100, 3), np.uint8))
    heat = bare_heat((100, 40), CROPPED, RISING, "viridis")
    over = np.asarray(Image.alpha_composite(image.convert("RGBA"), heat))[..., :3]
    levels = np.rint(RISING * 255).astype(int)
    part, colours = levels[..., None] / 255, lookup_table("viridis")[levels]
    expected = np.asarray(image).astype(float).copy()
    expected[:, 20:80] = (1 - part) * expected[:, 20:80] + part * colours
    assert np.abs(over - expected).max() <= 1.5


def test_what_the_network_never_saw_is_fully_transparent() -> None:
    heat = np.asarray(bare_heat((100, 40), CROPPED, np.ones((4, 4), np.float32), "turbo"))
    assert (heat[:, 20:80, 3] == 255).all()
    assert not heat[:, :20].any()
    assert not heat[:, 80:].any()


def test_it_has_the_size_of_the_smaller_copy_where_overlays_have() -> None:
    heat = np.asarray(bare_heat((50, 20), CROPPED, np.ones((4, 4), np.float32), "turbo"))
    assert heat.shape == (20, 50, 4)
    assert (heat[..., 3].any(0) == np.isin(np.arange(50), range(10, 40))).all()


def test_the_file_is_read_back_pixel_for_pixel_by_others() -> None:
    heat = saved_artefacts(OutputConfig(save=("heat",)), MADE)["heat"]
    rendered = heat.render(map_over((31, 17), crop_box=(5.0, 0.0, 25.0, 17.0)))
    assert rendered is not None
    with Image.open(io.BytesIO(heat.encode(rendered))) as found:
        assert (found.mode, found.size) == ("RGBA", (31, 17))
        assert found.tobytes() == rendered.image.tobytes()
