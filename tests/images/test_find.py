from __future__ import annotations

import inspect
import io
import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from camcli.errors import CamcliWarning, InputError
from camcli.images.find import find_images, read_paths, refs_from_paths
from camcli.records import ImageRef


def _touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def _names(*inputs: Path | str) -> list[str]:
    return [ref.name for ref in find_images([str(source) for source in inputs])]


def test_a_folder_is_walked_in_order_and_filtered_by_suffix(tmp_path: Path) -> None:
    _touch(tmp_path, "b.JPG", "a/z.png", "a/b/c.webp", "a.jpeg", "a.txt", "noext", ".h.jpg")
    _touch(tmp_path, ".git/x.jpg", "c.d/x.tiff")
    refs = find_images([str(tmp_path)])
    assert [ref.name for ref in refs] == ["a/b/c.webp", "a/z.png", "a.jpeg", "b.JPG", "c.d/x.tiff"]
    assert [ref.index for ref in refs] == [0, 1, 2, 3, 4]
    assert all(ref.path == tmp_path / ref.name for ref in refs)


@pytest.mark.parametrize(
    "suffix",
    [
        *("jpg", "jpeg", "jpe", "jfif", "png", "bmp", "gif", "webp", "avif"),
        *("tif", "tiff", "ppm", "pgm", "pbm"),
    ],
)
def test_every_suffix_is_listed_in_any_case(tmp_path: Path, suffix: str) -> None:
    _touch(tmp_path, f"a.{suffix}", f"b.{suffix.upper()}")
    assert len(find_images([str(tmp_path)])) == 2


def test_only_regular_files_are_images(tmp_path: Path) -> None:
    _touch(tmp_path, "real.jpg", "dir.jpg/inside.jpg")
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself.jpg").symlink_to(tmp_path / "itself.jpg")
    (tmp_path / "linked.jpg").symlink_to(tmp_path / "real.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.jpg"))
        assert _names(tmp_path) == ["dir.jpg/inside.jpg", "linked.jpg", "real.jpg"]


def test_symlink_loops_are_walked_once(tmp_path: Path) -> None:
    _touch(tmp_path, "a/x.jpg", "b/y.jpg")
    for place in ("a", "b"):
        (tmp_path / place / "up").symlink_to(tmp_path)
        (tmp_path / place / "cross").symlink_to(tmp_path / "a")
    assert _names(tmp_path) == ["a/x.jpg", "b/y.jpg"]
    assert len(_names(f"{tmp_path}/**")) == 2


def test_a_linked_folder_is_entered(tmp_path: Path) -> None:
    _touch(tmp_path, "elsewhere/x.jpg")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "class").symlink_to(tmp_path / "elsewhere")
    assert _names(tmp_path / "photos") == ["class/x.jpg"]


def test_a_tree_deeper_than_the_recursion_limit_is_walked(tmp_path: Path) -> None:
    _touch(tmp_path, "d/" * 200 + "x.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        assert _names(tmp_path) == ["d/" * 200 + "x.jpg"]
    finally:
        sys.setrecursionlimit(limit)


def test_with_several_inputs_a_folders_name_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _touch(tmp_path, "cats/a/1.jpg", "dogs/1.jpg", "bird.jpg", "raw.dat")
    monkeypatch.chdir(tmp_path / "cats")
    assert _names(".", "../dogs/", "../bird.jpg", "../raw.dat") == [
        *("cats/a/1.jpg", "dogs/1.jpg", "bird.jpg", "raw.dat"),
    ]


def test_a_file_keeps_its_path_as_given_without_the_root(tmp_path: Path) -> None:
    _touch(tmp_path, "x/cat.jpg")
    path = tmp_path / "x" / "cat.jpg"
    assert _names(path) == [str(path).lstrip("/")]


def test_images_in_folders_of_the_same_name_are_numbered(tmp_path: Path) -> None:
    _touch(tmp_path, "a/val/cat.jpg", "b/val/cat.jpg", "b/val/cat~2.jpg")
    assert _names(tmp_path / "a/val", tmp_path / "b/val") == [
        *("val/cat.jpg", "val/cat~2.jpg", "val/cat~2~2.jpg"),
    ]


def test_a_path_reached_twice_is_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _touch(tmp_path, "photos/a/1.jpg", "photos/2.jpg")
    (tmp_path / "alias").symlink_to(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    inputs = ["photos/2.jpg", "photos", "photos/a", "alias", "photos/*.jpg", "./photos/2.jpg"]
    assert _names(*inputs) == ["photos/2.jpg", "photos/a/1.jpg"]


def test_globs_match_as_in_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, "a/1.jpg", "a/2.png", "a/b/3.jpg", "a/b/c/4.jpg", "a/.h/5.jpg", "a/6.txt")
    monkeypatch.chdir(tmp_path)
    assert _names("a/*.jpg") == ["a/1.jpg"]
    assert _names("a/*") == ["a/1.jpg", "a/2.png"]
    assert _names("a/?.[jp]*") == ["a/1.jpg", "a/2.png"]
    assert _names("**/*.jpg") == ["a/1.jpg", "a/b/3.jpg", "a/b/c/4.jpg"]
    assert _names("a/**/c/*.jpg") == ["a/b/c/4.jpg"]
    assert _names("*/b/**") == ["a/b/3.jpg", "a/b/c/4.jpg"]
    assert _names("a/*/*.jpg") == ["a/b/3.jpg"]
    assert _names("a/.h/*") == ["a/.h/5.jpg"]
    assert _names(f"{tmp_path}/a/b/*") == [f"{tmp_path}/a/b/3.jpg".lstrip("/")]


def test_an_existing_path_is_not_taken_for_a_glob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _touch(tmp_path, "[a].jpg", "a.jpg")
    monkeypatch.chdir(tmp_path)
    assert _names("[a].jpg") == ["[a].jpg"]


@pytest.mark.parametrize("source", ["missing", "empty", "*.jpg", "file.txt/*", "nul\0.jpg"])
def test_an_input_without_images_is_named_in_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    _touch(tmp_path, "ok/1.jpg", "empty/readme.txt", "file.txt")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        find_images(["ok", source])
    assert source.split("/")[0] in str(caught.value) or repr(source) in str(caught.value)


def test_no_input_at_all_is_an_error() -> None:
    with pytest.raises(InputError):
        find_images([])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_an_error(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "locked/b.jpg")
    (tmp_path / "locked").chmod(0)
    try:
        with pytest.raises(InputError, match="locked"):
            find_images([str(tmp_path)])
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_odd_file_names_are_listed_under_safe_names(tmp_path: Path) -> None:
    odd = ["-rf.jpg", "a\nb.jpg", "\N{CAT FACE}.jpg", "caf\udce9.jpg", "n" * 246 + ".jpg"]
    _touch(tmp_path, *odd)
    refs = find_images([str(tmp_path)])
    assert sorted(ref.path.name for ref in refs) == sorted(odd)
    assert all(ref.path.read_bytes() == b"x" for ref in refs)
    names = {ref.name for ref in refs}
    assert {"-rf.jpg", "a%0Ab.jpg", "\N{CAT FACE}.jpg", "caf%E9.jpg"} < names
    assert all(len(name.encode()) <= 200 for name in names)


def test_the_listing_is_a_sequence(tmp_path: Path) -> None:
    _touch(tmp_path, *(f"{i}.jpg" for i in range(5)))
    listing = find_images([str(tmp_path)])
    assert listing[-1] == ImageRef(4, tmp_path / "4.jpg", "4.jpg")
    assert [ref.index for ref in listing[1::2]] == [1, 3]
    with pytest.raises(IndexError):
        listing[5]


@pytest.mark.parametrize(
    ("data", "nul", "paths"),
    [
        (b"a.jpg\n\nb c.jpg\r\nlast", False, ["a.jpg", "b c.jpg", "last"]),
        (b"a\nb.jpg\0\0 c.jpg\0", True, ["a\nb.jpg", " c.jpg"]),
        (b"caf\xe9.jpg\n", False, ["caf\udce9.jpg"]),
        (b"", False, []),
    ],
)
def test_paths_end_in_newlines_or_nul(data: bytes, nul: bool, paths: list[str]) -> None:
    assert list(read_paths(io.BytesIO(data), nul)) == paths


def test_paths_arrive_while_the_pipe_is_open() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream, os.fdopen(writer, "wb", buffering=0) as pipe:
        paths = read_paths(stream, nul=False)
        pipe.write(b"first.jpg\nsec")
        assert next(paths) == "first.jpg"
        pipe.write(b"ond.jpg\n")
        assert next(paths) == "second.jpg"


@pytest.mark.slow
def test_a_thread_waiting_for_standard_input_does_not_abort_the_exit() -> None:
    program = (
        "import sys, threading, time\n"
        "from camcli.images.find import read_paths\n"
        "wait = lambda: list(read_paths(sys.stdin.buffer, False))\n"
        "threading.Thread(target=wait, daemon=True).start()\n"
        "time.sleep(0.2)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.wait(timeout=30) == 0, process.stderr
        assert process.stdin is not None


def test_refs_from_paths_are_lazy_and_unique() -> None:
    def paths():
        yield "../a/cat.jpg"
        yield "/a/cat.jpg"
        yield ".."
        raise AssertionError("read too far")

    refs = refs_from_paths(paths())
    assert next(refs) == ImageRef(0, Path("../a/cat.jpg"), "a/cat.jpg")
    assert next(refs) == ImageRef(1, Path("/a/cat.jpg"), "a/cat~2.jpg")
    assert next(refs) == ImageRef(2, Path(".."), "unnamed")


def test_pictures_of_other_formats_are_counted_and_told(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "b.heic", "m/c.HEIC", "m/d.dng", "e.nii.gz", "notes.txt", ".f.heic")
    with pytest.warns(CamcliWarning) as told:
        listing = find_images([str(tmp_path)])
    assert [ref.name for ref in listing] == ["a.jpg"]
    assert listing.left_out == {".heic": 2, ".dng": 1, ".nii.gz": 1}
    (message,) = (str(warning.message) for warning in told)
    assert message.startswith("4 pictures were left out")
    assert "2 .heic, " in message


def test_a_folder_of_images_needs_no_word(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "b.txt", "c.json", "d.csv", ".hidden.heic", ".git/x.mp4")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_images([str(tmp_path)]).left_out == {}


def test_globs_and_several_inputs_count_each_picture_once(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1.jpg", "a/2.heic", "a/3.mov")
    with pytest.warns(CamcliWarning):
        assert find_images([f"{tmp_path}/a/*"]).left_out == {".heic": 1, ".mov": 1}
    with pytest.warns(CamcliWarning):
        found = find_images([f"{tmp_path}/a", f"{tmp_path}/a/*", str(tmp_path)])
    assert found.left_out == {".heic": 1, ".mov": 1}


def test_a_picture_of_another_format_that_is_named_is_listed(tmp_path: Path) -> None:
    _touch(tmp_path, "b.heic")
    listing = find_images([str(tmp_path / "b.heic")])
    assert (len(listing), listing.left_out) == (1, {})


def test_a_folder_with_nothing_but_other_pictures_says_so(tmp_path: Path) -> None:
    _touch(tmp_path, "a.heic", "b.heic", "c.dng")
    with pytest.raises(InputError, match=r"no image found in .*3 pictures .*2 \.heic, 1 \.dng"):
        find_images([str(tmp_path)])


def test_images_that_are_named_again_are_told(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "b.jpg")
    with pytest.warns(CamcliWarning, match="^2 of the images given are named again"):
        assert len(find_images([str(tmp_path), str(tmp_path / "a.jpg"), f"{tmp_path}/b*"])) == 2
