"""More than eight bits become eight as the file or the user says, or with a note."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcli.config import load_config
from camcli.errors import ConfigError
from camcli.images.decode import decode
from camcli.records import ImageItem, ImageRef
from tests.images.decoding import PREPROCESS, item_of, pixels_of
from tests.images.deep_files import write_png16, write_tiff


def _ramp(largest: int) -> np.ndarray:
    return np.linspace(0, largest, 400).astype(np.uint16).reshape(20, 20)


def _stretched(values: np.ndarray) -> np.ndarray:
    low, high = int(values.min()), int(values.max())
    return np.array([(int(v) - low) * 255 // (high - low) for v in values.flat]).reshape(
        values.shape
    )


@pytest.mark.parametrize("largest", [300, 1023, 4095, 16383])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_few_bits_in_sixteen_are_stretched_and_told(
    tmp_path: Path, largest: int, suffix: str
) -> None:
    values = _ramp(largest)
    Image.fromarray(values).save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(pixels_of(tmp_path / f"a.{suffix}")[..., 0], _stretched(values))
    note = item_of(tmp_path / f"a.{suffix}").note
    assert note == f"16-bit values 0 to {largest} stretched to 0 to 255"


@pytest.mark.parametrize("largest", [16384, 30000, 65535])
def test_sixteen_bits_that_are_used_lose_the_lower_byte_without_a_note(
    tmp_path: Path, largest: int
) -> None:
    Image.fromarray(_ramp(largest)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.png")[..., 0], _ramp(largest) >> 8)
    assert item_of(tmp_path / "a.png").note is None


@pytest.mark.parametrize(
    ("values", "expected", "note"),
    [
        (np.array([[3, 9, 255]], np.uint16), [3, 9, 255], "16-bit values 3 to 255 taken for 8-bit"),
        (np.array([[3, 9, 200]], np.int32), [3, 9, 200], "32-bit values 3 to 200 taken for 8-bit"),
        (np.array([[0, 2048, 4096]], np.int32), [0, 127, 255],
         "32-bit values 0 to 4096 stretched to 0 to 255"),
        (np.array([[0, 32768, 65535]], np.int32), [0, 128, 255],
         "32-bit values 0 to 65535 taken for 16-bit"),
        (np.array([[-1024, 1024, 3072]], np.int32), [0, 127, 255],
         "32-bit values -1024 to 3072 stretched to 0 to 255"),
        (np.array([[0, 0.25, 1]], np.float32), [0, 64, 255],
         "floating-point values 0 to 1 taken for 0 to 1"),
        (np.array([[0, 7.6, 80]], np.float32), [0, 8, 80],
         "floating-point values 0 to 80 taken for 0 to 255"),
        (np.array([[np.nan, 0, 1]], np.float32), [0, 0, 255],
         "floating-point values 0 to 1 taken for 0 to 1; 1 values that are not finite taken for 0"),
    ],
)  # fmt: skip
def test_whatever_is_guessed_of_values_is_told(
    tmp_path: Path, values: np.ndarray, expected: list[int], note: str
) -> None:
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert pixels_of(tmp_path / "a.tif")[0, :, 0].tolist() == expected
    assert item_of(tmp_path / "a.tif").note == note


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_dim_colours_of_sixteen_bits_are_stretched_together(tmp_path: Path, channels: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(16, 4096, (20, 20, channels)).astype(np.uint16)
    if channels in (2, 4):
        values[..., -1] = 65535
    write_png16(tmp_path / "a.png", values)
    colours = values[..., [0, 0, 0]] if channels == 2 else values[..., :3]
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.png"), _stretched(colours))
    note = item_of(tmp_path / "a.png").note
    assert note == f"16-bit values {colours.min()} to {colours.max()} stretched to 0 to 255"


@pytest.mark.parametrize("order", ["<", ">"])
def test_dim_colours_in_a_tiff_file_are_stretched_whatever_its_byte_order(
    tmp_path: Path, order: str
) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (20, 20, 3)).astype(np.uint16)
    data = values.astype(f"{order}u2").tobytes()
    write_tiff(tmp_path / "a.tif", data, (20, 20), 16, order, channels=3)
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.tif"), _stretched(values))


def test_bright_colours_of_sixteen_bits_keep_their_upper_byte(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (20, 20, 3)).astype(np.uint16)
    write_png16(tmp_path / "a.png", values)
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.png"), values >> 8)
    assert item_of(tmp_path / "a.png").note is None


def test_a_range_that_the_file_states_wins_over_its_own(tmp_path: Path) -> None:
    values = np.array([[0, 1000, 2000]], np.uint16)
    write_tiff(tmp_path / "a.tif", values.tobytes(), (3, 1), 16, least=0, largest=4000)
    assert pixels_of(tmp_path / "a.tif")[0, :, 0].tolist() == [0, 64, 128]
    expected = "16-bit values 0 to 2000 of 0 to 4000, which the file states"
    assert item_of(tmp_path / "a.tif").note == expected


def test_twelve_bits_of_a_tiff_file_are_twelve(tmp_path: Path) -> None:
    packed = bytes([0x00, 0x08, 0x00, 0xFF, 0xFF, 0xFF])  # 0, 0x800, 0xFFF, 0xFFF
    write_tiff(tmp_path / "a.tif", packed, (4, 1), 12)
    assert pixels_of(tmp_path / "a.tif")[0, :, 0].tolist() == [0, 128, 255, 255]
    assert "12-bit values 0 to 4095" in (item_of(tmp_path / "a.tif").note or "")


def test_a_file_whose_white_is_zero_is_inverted_and_told(tmp_path: Path) -> None:
    values = np.array([[0, 32768, 65535]], np.uint16)
    write_tiff(tmp_path / "a.tif", values.tobytes(), (3, 1), 16, white_is_zero=1)
    assert pixels_of(tmp_path / "a.tif")[0, :, 0].tolist() == [255, 127, 0]
    assert item_of(tmp_path / "a.tif").note == "0 is white, as the file states"


def test_a_window_is_the_same_for_every_image(tmp_path: Path) -> None:
    windowed = replace(PREPROCESS, window=(1000.0, 3000.0))
    Image.fromarray(np.array([[0, 1000, 2000, 3000, 65535]], np.uint16)).save(tmp_path / "grey.png")
    write_png16(tmp_path / "rgb.png", np.full((2, 2, 3), 2000, np.uint16))
    shown = {}
    for path in tmp_path.iterdir():
        item = decode(ImageRef(0, path, path.name), windowed)
        assert isinstance(item, ImageItem), item
        assert item.note is not None
        assert item.note.endswith("shown in the window 1000 to 3000")
        shown[path.stem] = np.asarray(item.original)[0, :, 0].tolist()
    assert shown == {"grey": [0, 0, 128, 255, 255], "rgb": [128, 128]}


def test_a_window_leaves_images_of_eight_bits_alone(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (7, 100, 200)).save(tmp_path / "a.png")
    item = decode(ImageRef(0, tmp_path / "a.png", "a"), replace(PREPROCESS, window=(0.0, 50.0)))
    assert isinstance(item, ImageItem)
    assert item.note is None
    assert np.asarray(item.original)[0, 0].tolist() == [7, 100, 200]


def test_a_window_is_a_low_and_a_high_value() -> None:
    assert load_config(overrides=["images.window=[0, 4095]"]).images.window == (0, 4095)
    for wrong in ("[3, 3]", "[5, 1]", "[0, .inf]"):
        with pytest.raises(ConfigError, match="a low value below a high one"):
            load_config(overrides=[f"images.window={wrong}"])
