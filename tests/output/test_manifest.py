from __future__ import annotations

import json
import math
from pathlib import Path
from types import MappingProxyType

import pytest

from camcli.output import manifest
from camcli.output.manifest import Manifest, read_lines, read_rows, to_line
from camcli.output.manifest_row import ManifestRow
from camcli.records import Target


def _row(image: str, **fields: object) -> ManifestRow:
    return ManifestRow(image, f"in/{image}", "ok", "lift-cam", "layer", **fields)  # type: ignore[arg-type]


def _write(path: Path, *images: str) -> None:
    with Manifest(path) as open_manifest:
        for image in images:
            open_manifest.append([_row(image)])


def _images(path: Path) -> list[str]:
    return [row["image"] for row in read_rows(path)]


def test_a_line_is_strict_json_on_one_line() -> None:
    row = _row("a\n\u2028\x1b[31m.jpg", target=Target(1, "x\n", math.nan, math.inf))
    line = to_line(row)
    assert "\n" not in line
    assert "\x1b" not in line
    assert json.loads(line)["image"] == row.image
    assert json.loads(line)["target"] == {
        "index": 1,
        "name": "x\n",
        "score": None,
        "probability": None,
        "score_kind": "logit",
        "sign": "positive",
        "versus": [],
        "margin": None,
    }


def test_rows_are_appended(tmp_path: Path) -> None:
    _write(tmp_path / "m", "a", "b")
    _write(tmp_path / "m", "c")
    assert _images(tmp_path / "m") == ["a", "b", "c"]


@pytest.mark.parametrize(
    "torn",
    [
        *(b'{"image": "c", "path"', b'{"image": "c", "path": "c", "status": "ok"}', b"\0\0\0\0\n"),
        *(b"[1]\n", b'{"image": 3}\n', b"[" * 100_000 + b"\n", b"\xff\xfe\n", b"\n"),
    ],
)
def test_what_is_no_whole_row_ends_a_manifest(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "m"
    _write(path, "a", "b")
    whole = path.read_bytes()
    path.write_bytes(whole + torn + to_line(_row("d")).encode() + b"\n")
    lines = list(read_lines(path))
    assert [line.row["image"] for line in lines] == ["a", "b"]
    assert lines[-1].end == len(whole)
    manifest.cut(path, lines[-1].end)
    assert path.read_bytes() == whole


def test_every_torn_tail_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "m"
    _write(path, "a", "b", "c")
    whole = path.read_bytes()
    ends = [0, *(line.end for line in read_lines(path))]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        expected = max(end for end in ends if end <= length)
        assert sum(len(line.raw) for line in read_lines(path)) == expected


def test_a_write_that_fails_leaves_no_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    _write(path, "a")
    before = path.read_bytes()

    class Full:
        """A disk that takes ten bytes more."""

        def __init__(self, file: object) -> None:
            self._file = file
            self._left = 10

        def write(self, data: bytes) -> int:
            if not self._left:
                raise OSError(28, "No space left on device")
            taken, self._left = data[: self._left], 0
            return self._file.write(taken)  # type: ignore[attr-defined,no-any-return]

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

    open_manifest = Manifest(path)
    monkeypatch.setattr(open_manifest, "_file", Full(open_manifest._file))
    with pytest.raises(OSError, match="No space"):
        open_manifest.append([_row("b")])
    assert path.read_bytes() == before


def test_rows_of_images_are_dropped_byte_by_byte(tmp_path: Path) -> None:
    _write(tmp_path / "m", "a", "b", "b", "c")
    _write(tmp_path / "expected", "a", "c")
    manifest.drop(tmp_path / "m", {"b", "x"})
    assert (tmp_path / "m").read_bytes() == (tmp_path / "expected").read_bytes()


def test_rows_are_put_in_order(tmp_path: Path) -> None:
    _write(tmp_path / "m", "c", "unknown", "a", "b", "b")
    _write(tmp_path / "expected", "a", "b", "b", "c", "unknown")
    manifest.sort(tmp_path / "m", {"a": 3, "b": 70, "c": 1000})
    assert (tmp_path / "m").read_bytes() == (tmp_path / "expected").read_bytes()


def test_rows_in_order_are_left_alone(tmp_path: Path) -> None:
    _write(tmp_path / "m", "a", "b")
    before = (tmp_path / "m").stat()
    manifest.sort(tmp_path / "m", {"a": 0, "b": 1})
    after = (tmp_path / "m").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_mappings_of_any_kind_become_objects(tmp_path: Path) -> None:
    class Figures:
        def to_json(self) -> dict[str, object]:
            values = MappingProxyType({"insertion": math.nan, "curve": (0.5, -math.inf)})
            return {"image": "a", "status": "ok", "methods": {"lift-cam": values}}

    with Manifest(tmp_path / "m") as open_manifest:
        open_manifest.append([Figures()])
    (row,) = read_rows(tmp_path / "m")
    assert row["methods"] == {"lift-cam": {"insertion": None, "curve": [0.5, None]}}
