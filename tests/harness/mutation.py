"""Untrusted images and configurations: valid ones, damaged at random."""

from __future__ import annotations

import functools
import io
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import yaml
from PIL import Image

from camcli.demo.scenes import make_scene

_INTERESTING = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
_NUMBERS = (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_HEADER_BYTES = 200

_NAME_PARTS = (
    *(b"a", b"photo", b" ", b"  b", b"\n", b"\t", b"'", b'"', b"`id`", b"$(id)", b"&", b"|", b";"),
    *(b"*", b"?", b"[x]", b"~", b"#", b"%00", b"\\", b":", b"<b>", b"..", b"...", b"-", b"--help"),
    *("émile".encode(), "e\u0301".encode(), "猫".encode(), "🦊".encode(), "\u202egpj".encode()),
    *(b"\xff", b"\xc3\x28", b"\x1b[31m", b"\x07", b"\x7f", b"con", b"x" * 120),
)


@functools.cache
def seed_images() -> list[tuple[str, bytes]]:
    """Return one small valid image, as (suffix, bytes), of every kind that can be read."""
    scene = make_scene(9_500_000, (72, 64), objects=1).image.convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    grey16 = Image.fromarray(np.asarray(scene.convert("L")).astype(np.uint16) * 257)
    frames = {"save_all": True, "append_images": [scene.rotate(90), scene.rotate(180)]}
    kinds: list[tuple[str, Image.Image, str, dict[str, Any]]] = [
        ("jpg", scene, "JPEG", {"quality": 85}),
        ("jpg", scene, "JPEG", {"progressive": True, "exif": exif, "icc_profile": b"broken" * 9}),
        ("jpg", scene.convert("CMYK"), "JPEG", {}),
        ("jpg", scene.convert("L"), "JPEG", {"exif": b"Exif\0\0II*\0\xff\xff\xff\xff"}),
        ("png", scene, "PNG", {"exif": exif}),
        ("png", scene.convert("RGBA"), "PNG", {}),
        ("png", scene.convert("P"), "PNG", {"transparency": 3}),
        ("png", grey16, "PNG", {}),
        ("png", scene, "PNG", frames),
        ("gif", scene.convert("P"), "GIF", {}),
        ("gif", scene, "GIF", frames),
        ("bmp", scene, "BMP", {}),
        ("webp", scene, "WEBP", {"quality": 70}),
        ("webp", scene, "WEBP", {"lossless": True, **frames}),
        ("tif", scene, "TIFF", {}),
        ("tif", scene, "TIFF", {"compression": "tiff_lzw"}),
        ("tif", scene, "TIFF", {"compression": "jpeg"}),
        ("tif", scene.convert("L").convert("F"), "TIFF", {"compression": "tiff_adobe_deflate"}),
        ("ppm", scene, "PPM", {}),
        ("pgm", grey16, "PPM", {}),
    ]
    return [(suffix, _saved(image, kind, options)) for suffix, image, kind, options in kinds]


def _saved(image: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def mutated_image(rng: random.Random, seeds: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Return one of the images, damaged in one to four ways, sometimes under a wrong suffix."""
    suffix, original = rng.choice(seeds)
    data = bytearray(original)
    for _ in range(rng.randint(1, 4)):
        rng.choice(_DAMAGES)(rng, data)
    if rng.random() < 0.05:
        data = data + rng.choice(seeds)[1] if rng.random() < 0.5 else rng.choice(seeds)[1] + data
    if rng.random() < 0.1:
        suffix = rng.choice(seeds)[0]
    return suffix, bytes(data)


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with one to three damages."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        rng.choice(_DAMAGES)(rng, changed)
    return bytes(changed)


def _flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.randint(1, 12)):
        if data:
            data[_place(rng, data)] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.randint(1, 8)):
        if data:
            data[_place(rng, data)] = rng.choice(_INTERESTING)


def _overwrite_number(rng: random.Random, data: bytearray) -> None:
    width = rng.choice((2, 4))
    number = rng.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    place = _place(rng, data)
    data[place : place + width] = number.to_bytes(width, rng.choice(("little", "big")))


def _truncate(rng: random.Random, data: bytearray) -> None:
    del data[rng.randint(0, len(data)) :]


def _remove(rng: random.Random, data: bytearray) -> None:
    place = _place(rng, data)
    del data[place : place + rng.randint(1, 64)]


def _repeat(rng: random.Random, data: bytearray) -> None:
    place = _place(rng, data)
    data[place:place] = data[place : place + rng.randint(1, 64)]


def _blank(rng: random.Random, data: bytearray) -> None:
    place = _place(rng, data)
    length = min(rng.randint(1, 256), len(data) - place)
    data[place : place + length] = bytes([rng.choice(_INTERESTING)]) * length


def _insert_noise(rng: random.Random, data: bytearray) -> None:
    place = _place(rng, data)
    data[place:place] = rng.randbytes(rng.randint(1, 64))


_Damage = Callable[[random.Random, bytearray], None]
_DAMAGES: tuple[_Damage, ...] = (
    *(_flip, _overwrite, _overwrite_number, _overwrite_number),
    *(_truncate, _remove, _repeat, _blank, _insert_noise),
)


def _place(rng: random.Random, data: bytearray) -> int:
    """Choose a position, half of the time in the header, where damage does more harm."""
    end = len(data) if rng.random() < 0.5 else min(len(data), _HEADER_BYTES)
    return rng.randrange(end) if end else 0


def hostile_name(rng: random.Random, number: int, suffix: str) -> bytes:
    """Return a file name that is awkward in a shell, a terminal or JSON; never hidden."""
    parts = b"".join(rng.choice(_NAME_PARTS) for _ in range(rng.randint(0, 3)))
    return b"%s%d.%s" % (parts.lstrip(b".").replace(b"/", b"")[:200], number, suffix.encode())


_BASE_CONFIG: dict[str, Any] = {
    "model": {"name": "demo", "weights": "default", "layer": "auto"},
    "method": {"name": "lift-cam", "options": {}},
    "targets": ["top1"],
    "preprocess": "auto",
    "run": {"device": "cpu", "batch_size": 4, "workers": 1, "seed": 0},
    "output": {
        "save": ["maps"],
        "map_size": "input",
        "normalize": "minmax",
        "colormap": "turbo",
        "alpha": 0.5,
    },
}
_NUMBERS_TO_TRY = (
    *(0, 1, -1, 2, 3, 10**9, 10**30, -(10**30), 0.5, 1.5, -0.0),
    *(float("nan"), float("inf"), True, False, None),
)
_WORDS_TO_TRY = (
    *("", " ", "auto", "demo", "top3", "top0", "butterfly", "folder", "@no.csv", "@/etc/passwd"),
    *("../../etc/passwd", "/dev/zero", "\x1b[31mred", "\u202e", "a" * 5000, "\ud7ff", "os:system"),
    *("lift-cam", "grad-cam", "eigen-cam", "deep-lift", "cuda:99", "cpu", "layer", "original"),
    *("stages.0", "stages.1", "head", "viridis", "overlays", "components"),
)
_TREES_TO_TRY = (
    *([], [[]], ["top1", "top1"], ["top2", 3], [1, 2], [1, 2, 3], [0.5, 0.5, 0.5]),
    *({}, {"a": 1}, {1: 2}, {None: 1}, {"mean": "x"}, {"std": [0, 0, 0]}),
    *({"resize": 64, "crop": 64}, {"crop": 0}, {"crop": [70, 90]}, {"resize": [20, 2000]}),
)
_VALUES: tuple[Any, ...] = (*_NUMBERS_TO_TRY, *_WORDS_TO_TRY, *_TREES_TO_TRY)
_SNIPPETS = (
    *("!!python/object/apply:os.system ['touch pwned']\n", "!!binary x", "&a [*a, *a]\n"),
    *("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "<<: {a: 1}\n", "? a\n", "- 1\n", "\t"),
    *("---\n...\n---\n", "[" * 2000, "{" * 2000, "model: {name: demo}\nmodel: {name: demo}\n"),
    *("%YAML 9.9\n---\n", "\x00", "\ufeff", "# only a comment\n", "2024-13-45: x\n"),
    *("0o777: 0x_\n", "1e999: .nan\n", "'unclosed", "a: b: c\n", "{a, b: }: 1\n"),
)


def mutated_config(rng: random.Random) -> bytes:
    """Return a configuration that is damaged as a tree, as text, as bytes, or in several ways."""
    tree = yaml.safe_load(yaml.safe_dump(_BASE_CONFIG))
    if rng.random() < 0.8:
        for _ in range(rng.randint(1, 3)):
            _change_a_key(rng, tree)
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    if rng.random() < 0.2:
        place = rng.choice([0, len(text), rng.randint(0, len(text))])
        text = text[:place] + rng.choice(_SNIPPETS) + text[place:]
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if rng.random() < 0.3:
        rng.choice(_DAMAGES)(rng, data)
    return bytes(data)


def _change_a_key(rng: random.Random, tree: dict[Any, Any]) -> None:
    section = tree
    key = rng.choice(list(tree))
    if isinstance(tree[key], dict) and tree[key] and rng.random() < 0.85:
        section = tree[key]
        key = rng.choice(list(section))
    match rng.randrange(10):
        case 0:
            del section[key]
        case 1:
            section[f"{key}x"] = section.pop(key)
        case 2:
            section[rng.choice(["surplus", 7, None, "", "a.b", "__class__"])] = rng.choice(_VALUES)
        case _:
            section[key] = rng.choice(_VALUES)
