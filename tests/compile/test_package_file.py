"""A package appears whole, and in the best form that loads."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from camcli.compile.package_file import being_made

CPU = torch.device("cpu")


def write_archive(path: Path, content: str = "a library") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("trunk/data/model.so", content)


def loads(path: str, device_index: int) -> None:
    """Load any package."""


def loads_archives_only(path: str, device_index: int) -> None:
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
    with being_made(package, CPU) as archive:
        write_archive(archive)

    assert (package / "data" / "model.so").read_text() == "a library"
    assert list(package.parent.iterdir()) == [package]


def test_a_package_stays_an_archive_where_folders_are_not_loaded(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch._inductor, "aoti_load_package", loads_archives_only)
    with being_made(package, CPU) as archive:
        write_archive(archive)

    assert zipfile.is_zipfile(package)
    assert list(package.parent.iterdir()) == [package]


def test_a_package_that_loads_in_no_form_stays_as_the_compiler_made_it(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, device_index: int) -> None:
        raise RuntimeError(path)

    monkeypatch.setattr(torch._inductor, "aoti_load_package", refuse)
    with being_made(package, CPU) as archive:
        write_archive(archive, "a library")

    with zipfile.ZipFile(package) as opened:
        assert opened.read("trunk/data/model.so") == b"a library"


def test_a_package_that_failed_leaves_nothing(package: Path) -> None:
    def crash(archive: Path) -> None:
        archive.write_bytes(b"half of it")
        raise RuntimeError("the compiler crashed")

    with pytest.raises(RuntimeError, match="compiler"), being_made(package, CPU) as archive:
        crash(archive)

    assert list(package.parent.iterdir()) == []


@pytest.mark.parametrize("load", [loads, loads_archives_only])
def test_of_two_processes_the_first_to_finish_counts(
    package: Path, monkeypatch: pytest.MonkeyPatch, load: object
) -> None:
    monkeypatch.setattr(torch._inductor, "aoti_load_package", loads)
    with being_made(package, CPU) as slower:
        with being_made(package, CPU) as quicker:
            write_archive(quicker, "the first")
        monkeypatch.setattr(torch._inductor, "aoti_load_package", load)
        write_archive(slower, "the second")

    assert (package / "data" / "model.so").read_text() == "the first"
