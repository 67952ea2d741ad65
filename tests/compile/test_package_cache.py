"""Cached packages change their names with their state, and do not pile up."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from camcli.compile import package_cache
from camcli.compile.package_cache import CachedPackage, discard, mark_used


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def cached(tmp_path: Path) -> CachedPackage:
    return CachedPackage(tmp_path / "mine.pt2")


def test_an_untried_package_that_proves_faster_is_adopted(cached: CachedPackage) -> None:
    cached.untried.mkdir()
    cached.adopt()
    assert files_in(cached.adopted.parent) == {"mine.pt2"}
    assert not cached.rejected


def test_what_another_run_has_adopted_stays(cached: CachedPackage) -> None:
    cached.adopted.touch()
    cached.adopt()
    assert files_in(cached.adopted.parent) == {"mine.pt2"}


@pytest.mark.parametrize("state", ["untried", "adopted"])
def test_of_a_rejected_package_only_a_note_is_left(cached: CachedPackage, state: str) -> None:
    getattr(cached, state).touch()
    cached.reject()
    assert files_in(cached.adopted.parent) == {"mine.rejected"}
    assert cached.rejected


def test_the_longest_unused_packages_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_cache, "_KEPT", 2)
    for age, name in enumerate(["new.pt2", "older.pt2", "oldest.pt2", "mine.pt2"]):
        path = tmp_path / name
        path.mkdir() if age % 2 else path.touch()
        os.utime(path, (1000 - age, 1000 - age))

    mark_used(tmp_path / "mine.pt2")

    assert {path.name for path in tmp_path.iterdir()} == {"new.pt2", "mine.pt2"}


def test_what_killed_compilers_left_is_removed_and_is_not_counted_as_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_cache, "_KEPT", 1)
    for name in ("mine.pt2", ".making-now", ".making-long-ago"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / ".making-long-ago", (1000, 1000))

    mark_used(tmp_path / "mine.pt2")

    assert {path.name for path in tmp_path.iterdir()} == {"mine.pt2", ".making-now"}


def test_a_rejection_holds_for_a_month(cached: CachedPackage) -> None:
    folder = cached.adopted.parent
    assert not cached.rejected
    cached.reject()
    assert cached.rejected
    (note,) = folder.iterdir()
    month_ago = time.time() - 31 * 24 * 3600
    os.utime(note, (month_ago, month_ago))
    assert not cached.rejected

    CachedPackage(folder / "other.pt2").reject()
    cached.adopted.touch()
    mark_used(cached.adopted)
    assert files_in(folder) == {"mine.pt2", "other.rejected"}


def test_a_cache_that_cannot_be_written_to_rejects_nothing(tmp_path: Path) -> None:
    cached = CachedPackage(tmp_path / "missing" / "mine.pt2")
    cached.reject()
    assert not cached.rejected


def test_a_package_is_removed_in_either_form_or_may_be_gone(tmp_path: Path) -> None:
    archive, folder = tmp_path / "a.pt2", tmp_path / "b.pt2"
    archive.touch()
    (folder / "data").mkdir(parents=True)
    for package in (archive, folder, tmp_path / "c.pt2"):
        discard(package)

    assert list(tmp_path.iterdir()) == []
