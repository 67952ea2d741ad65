"""Compiled packages appear whole, in the form that loads, and do not pile up."""

from __future__ import annotations

import os
import platform
import time
import zipfile
from pathlib import Path

import pytest
import torch

from camcli.compile import packages
from camcli.compile.packages import being_made, discard, is_refuted, mark_used, refute


def write_archive(path: Path, content: str = "a library") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("trunk/data/model.so", content)


def loads(path: str) -> None:
    """Load any package."""


def loads_archives_only(path: str) -> None:
    """Load as PyTorch 2.11 does."""
    if Path(path).is_dir():
        raise RuntimeError("failed finding central directory")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "0123.pt2"


def test_a_package_is_unpacked_where_that_loads(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch._inductor, "aoti_load_package", loads)
    with being_made(package) as archive:
        write_archive(archive)

    assert (package / "data" / "model.so").read_text() == "a library"
    assert list(package.parent.iterdir()) == [package]


def test_a_package_stays_an_archive_where_folders_are_not_loaded(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch._inductor, "aoti_load_package", loads_archives_only)
    with being_made(package) as archive:
        write_archive(archive)

    assert zipfile.is_zipfile(package)
    assert list(package.parent.iterdir()) == [package]


def test_a_package_that_loads_in_no_form_is_what_the_compiler_made(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise RuntimeError(path)

    monkeypatch.setattr(torch._inductor, "aoti_load_package", refuse)
    with being_made(package) as archive:
        write_archive(archive, "\0malloc\0")

    with zipfile.ZipFile(package) as opened:
        assert opened.read("trunk/data/model.so") == b"\0malloc\0"


@pytest.mark.parametrize("load", [loads, loads_archives_only])
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="names of glibc's functions")
def test_libraries_keep_their_weights_in_whole_pages(
    package: Path, monkeypatch: pytest.MonkeyPatch, load: object
) -> None:
    monkeypatch.setattr(torch._inductor, "aoti_load_package", load)
    with being_made(package) as archive:
        write_archive(archive, "\0free\0malloc\0mallocator\0")

    if package.is_dir():
        found = (package / "data" / "model.so").read_text()
    else:
        with zipfile.ZipFile(package) as opened:
            found = opened.read("trunk/data/model.so").decode()
    assert found == "\0free\0valloc\0mallocator\0"


def test_a_package_that_failed_leaves_nothing(package: Path) -> None:
    def crash(archive: Path) -> None:
        archive.write_bytes(b"half of it")
        raise RuntimeError("the compiler crashed")

    with pytest.raises(RuntimeError, match="compiler"), being_made(package) as archive:
        crash(archive)

    assert list(package.parent.iterdir()) == []


@pytest.mark.parametrize("load", [loads, loads_archives_only])
def test_of_two_makers_the_first_one_counts(
    package: Path, monkeypatch: pytest.MonkeyPatch, load: object
) -> None:
    monkeypatch.setattr(torch._inductor, "aoti_load_package", loads)
    with being_made(package) as slower:
        with being_made(package) as quicker:
            write_archive(quicker, "the first")
        monkeypatch.setattr(torch._inductor, "aoti_load_package", load)
        write_archive(slower, "the second")

    assert (package / "data" / "model.so").read_text() == "the first"


def test_the_longest_unused_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_KEPT", 2)
    for age, name in enumerate(["new.pt2", "older.pt2", "oldest.pt2", "mine.pt2"]):
        path = tmp_path / name
        path.mkdir() if age % 2 else path.touch()
        os.utime(path, (1000 - age, 1000 - age))

    mark_used(tmp_path / "mine.pt2")

    assert {path.name for path in tmp_path.iterdir()} == {"new.pt2", "mine.pt2"}


def test_what_killed_compilers_left_goes_and_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "_KEPT", 1)
    for name in ("mine.pt2", ".making-now", ".making-long-ago"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / ".making-long-ago", (1000, 1000))

    mark_used(tmp_path / "mine.pt2")

    assert {path.name for path in tmp_path.iterdir()} == {"mine.pt2", ".making-now"}


def test_what_brought_nothing_is_asked_about_again_after_a_month(tmp_path: Path) -> None:
    package = tmp_path / "mine.pt2"
    assert not is_refuted(package)
    refute(package)
    assert is_refuted(package)
    (refutation,) = tmp_path.iterdir()
    month_ago = time.time() - 31 * 24 * 3600
    os.utime(refutation, (month_ago, month_ago))
    assert not is_refuted(package)

    refute(tmp_path / "other.pt2")
    package.touch()
    mark_used(package)
    assert {path.name for path in tmp_path.iterdir()} == {"mine.pt2", "other.refuted"}


def test_a_cache_that_cannot_be_written_to_keeps_no_word(tmp_path: Path) -> None:
    package = tmp_path / "missing" / "mine.pt2"
    refute(package)
    assert not is_refuted(package)


def test_a_package_is_removed_in_either_form_or_was_gone(tmp_path: Path) -> None:
    archive, folder = tmp_path / "a.pt2", tmp_path / "b.pt2"
    archive.touch()
    (folder / "data").mkdir(parents=True)
    for package in (archive, folder, tmp_path / "c.pt2"):
        discard(package)

    assert list(tmp_path.iterdir()) == []
