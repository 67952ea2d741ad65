"""An archive that is meant to do harm does none: each entry is refused for its own reason."""

from __future__ import annotations

import io
import struct
import tarfile
import warnings
import zipfile
from pathlib import Path

import pytest

from camcli.errors import InputError
from camcli.images.decode import decode
from camcli.images.find import find_images
from camcli.images.listing import Listing
from camcli.records import FailedImage
from tests.images.archives import write_tar, write_zip
from tests.images.decoding import PREPROCESS


def _special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def _link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


def _found(path: Path) -> Listing:
    before = sorted(path.parent.rglob("*"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = find_images([str(path)])
    assert sorted(path.parent.rglob("*")) == before
    return found


TAR_MEMBERS = {
    "absolute name": "/etc/a.jpg",
    "name with ..": "a/../../b.jpg",
    "link": _special("l.jpg", tarfile.SYMTYPE, "/etc/passwd"),
    "device or pipe": _special("d.jpg", tarfile.CHRTYPE),
    "archive in an archive": "inner.zip",
}


@pytest.mark.parametrize("reason", TAR_MEMBERS)
def test_a_hostile_member_of_a_tar_is_left_out_and_counted(tmp_path: Path, reason: str) -> None:
    path = write_tar(tmp_path / "a.tar", [("good.jpg", b"x"), (TAR_MEMBERS[reason], b"x")])
    found = _found(path)
    assert [ref.name for ref in found] == ["good.jpg"]
    assert found.left_out == {reason: 1}


def test_hard_links_and_pipes_are_no_images(tmp_path: Path) -> None:
    hard = _special("h.jpg", tarfile.LNKTYPE, "good.jpg")
    pipe = _special("p.jpg", tarfile.FIFOTYPE)
    path = write_tar(tmp_path / "a.tar", [("good.jpg", b"x"), (hard, b""), (pipe, b"")])
    assert _found(path).left_out == {"link": 1, "device or pipe": 1}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_both_left_out(tmp_path: Path) -> None:
    members = [("a.jpg", b"x"), ("good.jpg", b"x"), ("./a.jpg", b"y")]
    for path in (write_tar(tmp_path / "a.tar", members), write_zip(tmp_path / "a.zip", members)):
        found = _found(path)
        assert [ref.name for ref in found] == ["good.jpg"]
        assert found.left_out == {"named more than once": 2}


def test_names_that_differ_in_case_stay_two_images(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", [("A.jpg", b"x"), ("a.jpg", b"y")])
    assert [ref.name for ref in _found(path)] == ["A.jpg", "a~2.jpg"]


def test_hostile_members_of_a_zip_are_left_out_and_counted(tmp_path: Path) -> None:
    members = [("good.jpg", b"x"), ("../up.jpg", b"x"), ("/abs.jpg", b"x"), (_link("l.jpg"), b"x")]
    path = write_zip(tmp_path / "a.zip", members)
    found = _found(path)
    assert [ref.name for ref in found] == ["good.jpg"]
    assert found.left_out == {"absolute name": 1, "name with ..": 1, "link": 1}


def _patched(path: Path, field: str, value: int) -> Path:
    """Change what the only member of a zip archive claims to be, in its central directory."""
    offset, code = {"flags": (8, "<H"), "size": (24, "<I"), "packed": (20, "<I")}[field]
    data = bytearray(path.read_bytes())
    struct.pack_into(code, data, data.index(b"PK\x01\x02") + offset, value)
    path.write_bytes(data)
    return path


def test_a_zip_that_only_has_what_is_refused_says_so(tmp_path: Path) -> None:
    encrypted = _patched(write_zip(tmp_path / "e.zip", [("a.jpg", b"x")]), "flags", 1)
    with pytest.raises(InputError, match=r"no image found in .*e\.zip': 1 left out, encrypted"):
        _found(encrypted)
    bomb = _patched(write_zip(tmp_path / "b.zip", [("a.jpg", b"x")]), "size", 1 << 30)
    with pytest.raises(InputError, match="1 left out, decompression bomb"):
        _found(bomb)
    laid_over = _patched(write_zip(tmp_path / "o.zip", [("a.jpg", b"x")]), "packed", 1 << 20)
    with pytest.raises(InputError, match="lie over each other"):
        _found(laid_over)


def test_a_zip_that_lies_about_its_size_unpacks_no_further(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("a.jpg", bytes(1 << 20))])
    (ref,) = _found(_patched(path, "size", 100))
    failed = decode(ref, PREPROCESS)
    assert isinstance(failed, FailedImage)
    assert "cannot be unpacked" in failed.message


def _tar_of(count: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number in range(count):
            info = tarfile.TarInfo(f"{number}.jpg")
            info.size = 600
            archive.addfile(info, io.BytesIO(bytes(600)))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "damaged",
    [
        _tar_of(3)[:1300],
        _tar_of(3)[: 3 * 1536],  # between two members: nothing says that there were more
        _tar_of(3)[:1536] + b"\xff" * 512 + _tar_of(3)[2048:],
        b"",
        b"no archive at all" * 100,
    ],
    ids=["inside a member", "without its end", "inside a header", "empty", "text"],
)
def test_a_damaged_tar_is_refused_as_a_whole(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"cannot read .*a\.tar': it is (cut off or )?damaged"):
        _found(path)


def test_a_header_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    info = _special("long", tarfile.XHDTYPE)
    info.size = 1 << 33
    header = info.tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "a.tar").write_bytes(header + bytes(10240))
    with pytest.raises(InputError, match="a header claims to have 8589934592 bytes"):
        _found(tmp_path / "a.tar")


def test_compressed_tars_and_false_archives_are_refused_by_name(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.jpg"))
    with pytest.raises(InputError, match="compressed as a whole"):
        _found(tmp_path / "a.tar.gz")
    for name, said in (("a.zip", "no zip archive"), ("a.parquet", "no Parquet file")):
        (tmp_path / name).write_bytes(b"x" * 1000)
        with pytest.raises(InputError, match=said):
            _found(tmp_path / name)
