"""Every kind of bad image, in one run: each costs its own row, and no other."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from camcli.demo.scenes import make_scene
from tests.cli.conftest import Camcli, camcli  # noqa: F401
from tests.faults.conftest import DEMO, assert_whole, rows_in
from tests.harness.command_server import CommandServer

_NAMES = (
    *("a" * 246 + ".png", "\x1b[31mred.png"),
    *("two  spaces.png", "new\nline.png", "quo'te\".png", "back\\slash.png", "émile.png", "🦊.png"),
    *("-dash.png", "--help.png", "$(touch pwned).png", "*.png"),
)  # fmt: skip


def _scene() -> Image.Image:
    return make_scene(9_600_000, (120, 90), objects=1).image.convert("RGB")


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _bomb() -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data)
    )


def _ycck() -> bytes:
    """Return a CMYK image whose Adobe marker says that it was converted to YCCK."""
    data = bytearray(_saved(_scene().convert("CMYK"), "JPEG", quality=90))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def _sound() -> dict[str, bytes]:
    scene = _scene()
    frames: dict[str, Any] = {
        "save_all": True,
        "append_images": [scene.rotate(90), scene.rotate(180)],
    }
    grey16 = Image.fromarray(np.asarray(scene.convert("L")).astype(np.uint16) * 257)
    exif = Image.Exif()
    files = {
        "wrong_suffix.jpg": _saved(scene, "PNG"),
        "one.png": _saved(Image.new("RGB", (1, 1), "red"), "PNG"),
        "line.png": _saved(scene.resize((1, 20_000)), "PNG"),
        "sixteen.png": _saved(grey16, "PNG"),
        "cmyk.jpg": _saved(scene.convert("CMYK"), "JPEG"),
        "ycck.jpg": _ycck(),
        "palette.png": _saved(scene.convert("P"), "PNG", transparency=3),
        "animated.gif": _saved(scene, "GIF", **frames),
        "animated.webp": _saved(scene, "WEBP", **frames),
        "broken_exif.jpg": _saved(scene, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"),
        "broken_profile.jpg": _saved(scene, "JPEG", icc_profile=b"no profile" * 20),
    }
    for orientation in range(1, 9):
        exif[0x0112] = orientation
        files[f"exif{orientation}.jpg"] = _saved(scene, "JPEG", exif=exif)
    return files


def _broken() -> dict[str, bytes]:
    whole = {"jpg": _saved(_scene(), "JPEG"), "png": _saved(_scene(), "PNG")}
    files = {"zero.jpg": b"", "page.jpg": b"<!DOCTYPE html>", "bomb.png": _bomb()}
    for suffix, data in whole.items():
        for percent in (1, 10, 30, 50, 70, 90, 98):
            files[f"cut{percent}.{suffix}"] = data[: max(1, len(data) * percent // 100)]
    return files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with all of them, and a good image before, among and after them."""
    folder = tmp_path / "in"
    (folder / "folder.jpg").mkdir(parents=True)
    good = _saved(_scene(), "PNG")
    for name, data in {**_sound(), **_broken()}.items():
        (folder / name).write_bytes(data)
    for name in ("0.png", "middle.png", "zz.png", "folder.jpg/inside.png", *_NAMES):
        (folder / name).write_bytes(good)
    (folder / os.fsdecode(b"invalid\xff\xfe.png")).write_bytes(good)
    (folder / "linked.png").symlink_to("0.png")
    (folder / "loop").symlink_to(".")
    (folder / "itself.png").symlink_to("itself.png")
    (folder / "dangling.png").symlink_to("nowhere.png")
    os.mkfifo(folder / "pipe.png")
    return folder


@pytest.mark.slow
def test_bad_images_in_a_folder_cost_one_row_each(
    server: CommandServer, folder: Path, tmp_path: Path
) -> None:
    finished = server.run(["explain", "in", *DEMO, "-o", "out", "--target", "tree"], tmp_path)
    assert finished.code == 1, finished.stderr
    assert finished.stderr == ""
    rows = {row["path"]: row for row in rows_in(tmp_path / "out")}
    assert_whole(tmp_path / "out")
    good = ["0.png", "middle.png", "zz.png", "folder.jpg/inside.png", "linked.png", *_NAMES]
    expected = {f"in/{name}" for name in [*good, *_sound(), *_broken(), r"invalid\xff\xfe.png"]}
    assert rows.keys() == expected
    failed = {path for path, row in rows.items() if row["status"] == "failed"}
    assert failed == {f"in/{name}" for name in _broken()}
    assert all(row["error"]["message"] for row in rows.values() if row["status"] != "ok")
    maps = {rows[f"in/{name}"]["sha256"]["map"] for name in [*good, "wrong_suffix.jpg"]}
    assert len(maps) == 1  # equal images have equal maps, whatever came before them
    assert "empty" in rows["in/zero.jpg"]["error"]["message"]
    assert "<!DOCTYPE" in rows["in/page.jpg"]["error"]["message"]
    assert "bomb" in rows["in/bomb.png"]["error"]["message"]
    assert rows["in/animated.gif"]["note"] == rows["in/animated.webp"]["note"] == "first frame of 3"
    for orientation in range(1, 9):
        row = rows[f"in/exif{orientation}.jpg"]
        assert (row["width"], row["height"]) == ((120, 90) if orientation < 5 else (90, 120))
    assert {p.name for p in tmp_path.iterdir()} == {"in", "out"}


@pytest.mark.slow
def test_bad_images_named_directly_end_in_rows_too(
    server: CommandServer, folder: Path, tmp_path: Path
) -> None:
    odd = ["folder.jpg", "itself.png", "dangling.png", "pipe.png"]
    listing = tmp_path / "listing"
    paths = [*(f"in/{name}" for name in [*odd, *_NAMES]), "in/vanished.png", "/dev/zero"]
    listing.write_bytes(b"\0".join(map(os.fsencode, [*paths, paths[-3], paths[-3]])))
    finished = server.run(
        ["explain", "-", "-0", *DEMO, "-o", "out", "--exit-zero"], tmp_path, stdin=listing
    )
    assert finished.code == 0
    rows = rows_in(tmp_path / "out")
    assert_whole(tmp_path / "out")
    assert [row["path"] for row in rows] == [*paths, paths[-3], paths[-3]]
    assert len({row["image"] for row in rows}) == len(rows)
    status = {row["path"]: row["status"] for row in rows}
    assert {path for path in status if status[path] == "failed"} == {
        *(f"in/{name}" for name in odd), "in/vanished.png", "/dev/zero"
    }  # fmt: skip
    reasons = {row["path"]: row["error"]["message"] for row in rows if row["error"]}
    assert "a pipe, socket or device" in reasons["in/pipe.png"]
    assert "a pipe, socket or device" in reasons["/dev/zero"]
    assert "a folder" in reasons["in/folder.jpg"]


@pytest.mark.slow
def test_a_file_listed_twice_and_two_of_the_same_name_get_names_of_their_own(
    server: CommandServer, tmp_path: Path
) -> None:
    for name in ("a/cat.png", "b/../cat.png", "a/CAT.png", "a/x.png", "a/x.png.npy/y.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "b").mkdir(exist_ok=True)
        make_scene(len(name), (90, 90), objects=1).image.save(path)
    inputs = ["a/cat.png", "a", "./a/cat.png", "a/*.png", "cat.png", "../" + tmp_path.name]
    finished = server.run(["explain", *inputs, *DEMO, "-o", "out"], tmp_path)
    assert finished.code in {0, 1}, finished.stderr
    rows = rows_in(tmp_path / "out")
    assert_whole(tmp_path / "out")
    files = [str((tmp_path / row["path"]).resolve()) for row in rows]
    assert len(files) == len(set(files)) == 5
    assert len({row["image"].casefold() for row in rows}) == 5


@pytest.mark.slow
def test_an_output_folder_among_the_inputs_is_not_explained(
    server: CommandServer, tmp_path: Path
) -> None:
    _scene().save(tmp_path / "a.png")
    command = ["explain", ".", *DEMO, "-o", "out", "--resume"]
    for _ in range(2):
        assert server.run(command, tmp_path).code == 0
    assert [row["image"] for row in rows_in(tmp_path / "out")] == ["a.png"]


def test_a_file_without_read_permission_fails(
    camcli: Camcli,  # noqa: F811
    tmp_path: Path,
) -> None:
    for name in ("a.png", "b.png"):
        _scene().save(tmp_path / name)
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "a.png").chmod(0)
    assert camcli("explain", "a.png", "b.png", *DEMO, "-o", "out").code == 1
    statuses = {row["image"]: row for row in rows_in(tmp_path / "out")}
    assert statuses["a.png"]["error"]["message"] == "Permission denied"
    assert statuses["b.png"]["status"] == "ok"


def test_a_file_that_the_system_refuses_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from camcli.images.decode import decode
    from camcli.records import FailedImage, ImageRef, Preprocess

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    _scene().save(tmp_path / "a.png")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    ref = ImageRef(0, tmp_path / "a.png", "a.png")
    failure = decode(ref, Preprocess(16, (16, 16), (0.0,) * 3, (1.0,) * 3))
    assert failure == FailedImage(ref, "PermissionError", "Permission denied")


@pytest.mark.slow
def test_the_limit_on_pixels_can_be_moved(server: CommandServer, tmp_path: Path) -> None:
    _scene().save(tmp_path / "a.png")
    command = ["explain", "a.png", *DEMO, "-o", "out"]
    assert server.run([*command, "--set", "run.max_pixels=10799"], tmp_path).code == 1
    (row,) = rows_in(tmp_path / "out")
    assert "run.max_pixels" in row["error"]["message"]
    command += ["--retry-failed", "--set", "run.max_pixels=10800"]
    assert server.run(command, tmp_path).code == 0
    (row,) = rows_in(tmp_path / "out")
    assert row["status"] == "ok"
