"""Maps that are signed or raw, as those who read a run find them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from camcli.comparison.compare import Comparison, compare, read_side
from camcli.comparison.frozen import freeze
from camcli.errors import InputError
from camcli.export.coco_file import write_coco
from camcli.gallery.items import items_of
from camcli.gallery.pictures import Pictures
from camcli.gallery.source import read_runs
from camcli.output.colormaps import lookup_table
from camcli.output.levels import ZERO
from tests.comparison.runs import blob, row_of, write_run

SIGNED = (blob(8, 12) - blob(24, 36)).astype(np.float32)


def signed_row(sign: str = "signed", normalize: str = "max", scale: float = 1.0) -> dict[str, Any]:
    values = {"sign": sign, "normalize": normalize, "scale": scale, "clipped": 0}
    return row_of("a.png", map_values=values, map_range=[-scale, scale], width=96, height=64)


def run(folder: Path, values: np.ndarray, **kind: Any) -> Path:
    return write_run(folder, [signed_row(**kind)], [values])


def compared(golden: Path, new: Path) -> Comparison:
    return compare(read_side(golden), read_side(new))


def test_maps_of_another_kind_are_not_compared(tmp_path: Path) -> None:
    signed = run(tmp_path / "signed", SIGNED)
    raw = run(tmp_path / "raw", 5 * SIGNED, normalize="none", scale=5.0)
    plain = write_run(tmp_path / "plain", [row_of("a.png")], [SIGNED.clip(0)])
    for one, other in ((signed, raw), (signed, plain), (plain, raw)):
        with pytest.raises(InputError, match=r"mean different things: output\.sign=.* in one run"):
            compared(one, other)
    frozen = tmp_path / "plain.npz"
    freeze(read_side(plain), frozen)
    with pytest.raises(
        InputError, match=r"output\.sign=signed, output\.normalize=max in the other"
    ):
        compared(frozen, signed)


def test_signed_maps_of_opposite_sign_are_opposite(tmp_path: Path) -> None:
    found = compared(run(tmp_path / "one", SIGNED), run(tmp_path / "other", -SIGNED))
    assert found.values("cosine") == pytest.approx([-1])
    assert found.values("spearman") == pytest.approx([-1])
    assert found.values("ssim")[0] < 0.2


def test_the_peak_of_a_signed_map_is_where_it_is_farthest_from_zero(tmp_path: Path) -> None:
    against = (blob(8, 12) * 0.5 - blob(24, 36)).astype(np.float32)
    moved = (blob(8, 12) * 0.5 - blob(24, 41)).astype(np.float32)
    found = compared(run(tmp_path / "one", against), run(tmp_path / "other", moved))
    assert found.values("peak_shift") == pytest.approx([10])  # the image has two pixels a place


def test_raw_maps_are_alike_only_if_their_sizes_are(tmp_path: Path) -> None:
    one = run(tmp_path / "one", 40 * SIGNED, normalize="none", scale=40.0)
    same = compared(one, one)
    half = compared(one, run(tmp_path / "half", 20 * SIGNED, normalize="none", scale=20.0))
    assert same.values("ssim") == pytest.approx([1])
    assert half.values("cosine") == pytest.approx([1])
    assert half.values("ssim")[0] < 0.9


@pytest.mark.parametrize(
    ("kind", "factor"),
    [({}, 1), ({"normalize": "none", "scale": 7.0}, 7)],
    ids=["signed", "raw"],
)
def test_a_frozen_run_keeps_signs_and_sizes(
    kind: dict[str, Any], factor: float, tmp_path: Path
) -> None:
    folder = run(tmp_path / "run", factor * SIGNED, **kind)
    freeze(read_side(folder), tmp_path / "run.npz")
    (entry,) = read_side(tmp_path / "run.npz")
    values = entry.read_map()
    assert values is not None
    np.testing.assert_allclose(values, factor * SIGNED, atol=factor * 2e-5)
    assert compared(tmp_path / "run.npz", folder).values("cosine") == pytest.approx([1])


def test_values_that_are_not_known_are_refused(tmp_path: Path) -> None:
    unknown = run(tmp_path / "run", SIGNED, sign="both")
    with pytest.raises(InputError, match=r"a\.png has map_values that this version"):
        compared(unknown, unknown)


def test_boxes_are_where_a_signed_map_speaks_for_its_target(tmp_path: Path) -> None:
    def boxes(folder: Path) -> int:
        return write_coco(read_side(folder), tmp_path / "coco.json", 0.5).count

    assert boxes(run(tmp_path / "signed", SIGNED)) == 1
    assert boxes(run(tmp_path / "against", -blob(8, 12))) == 0
    with pytest.raises(InputError, match="what speaks against their targets"):
        boxes(run(tmp_path / "negative", SIGNED.clip(0), sign="negative"))


def test_a_page_shows_a_signed_map_with_zero_in_the_middle(tmp_path: Path) -> None:
    folder = run(tmp_path / "run", 9 * SIGNED, normalize="none", scale=9.0)
    (shown,) = read_runs([folder])
    assert shown.colormap == "coolwarm"
    drawn = Pictures(tmp_path / "page", (shown.colormap,), 0).of(items_of([shown])[0])
    assert drawn.rows[0].heat is not None
    with Image.open(tmp_path / "page" / drawn.rows[0].heat) as heat:
        colours = np.asarray(heat.convert("RGB"))
    table = lookup_table("coolwarm")
    assert colours[0, -1].tolist() == table[ZERO].tolist()
    assert colours[8, 12].tolist() == table[255].tolist()
    assert colours[24, 36].tolist() == table[1].tolist()


def test_a_page_shows_no_difference_between_maps_of_another_kind(tmp_path: Path) -> None:
    signed = run(tmp_path / "signed", SIGNED)
    raw = run(tmp_path / "raw", 9 * SIGNED, normalize="none", scale=9.0)
    for other, drawn in ((raw, False), (signed, True)):
        runs = read_runs([signed, other])
        pictures = Pictures(tmp_path / "page", tuple(each.colormap for each in runs), 0)
        found = pictures.of(items_of(runs)[0])
        assert (found.difference[1] is not None) == drawn
