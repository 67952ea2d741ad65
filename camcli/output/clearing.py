"""Remove what a run wrote into an output folder, to make room for another."""

from __future__ import annotations

import shutil
from collections.abc import Container, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from camcli.errors import OutputError
from camcli.output import manifest
from camcli.output.files import artefact_folders, lock_path, manifest_path, run_path, shards_in
from camcli.output.integrity import faults_at_a_glance, files_of
from camcli.output.lock import FolderLock
from camcli.records import WHOLE, Shard


def clear_run(folder: Path) -> None:
    """Remove what camcli wrote, shards and all, and nothing else; what names the run goes last.

    Raises:
        OutputError: There is no run, or one of its shards is at work.
        OSError: A file cannot be removed.

    """
    shards = sorted(shards_in(folder), key=lambda found: (found.count, found.index))
    records = [path(folder, s) for s in (*shards, WHOLE) for path in (manifest_path, run_path)]
    if not any(path.is_file() for path in records):
        raise OutputError(f"{folder} holds no camcli run to overwrite: choose another folder")
    with ExitStack() as held:
        for shard in shards:
            held.enter_context(FolderLock(lock_path(folder, shard)))
        for name in artefact_folders():
            if (folder / name).is_dir() and not (folder / name).is_symlink():
                shutil.rmtree(folder / name)
        for path in records:
            path.unlink(missing_ok=True)


def clear_shard(folder: Path, shard: Shard) -> None:
    """Remove the files that a shard's manifest lists, then its manifest and its record.

    Raises:
        OSError: A file cannot be removed.

    """
    path = manifest_path(folder, shard)
    for row in manifest.read_rows(path):
        _remove_files(folder, row)
    path.unlink(missing_ok=True)
    run_path(folder, shard).unlink(missing_ok=True)


def clear_replaced(path: Path, images: Container[str], end: int, staging: Path) -> None:
    """Remove older rows of images that have newer ones, and the files that only those list.

    Args:
        path: The manifest.
        images: The names of the images.
        end: Where the older rows end in it.
        staging: Where the new manifest is written before it is moved into place.

    Raises:
        OSError: A file cannot be removed.

    """
    lines = [line for line in manifest.read_lines(path) if line.row["image"] in images]
    newer = {file.path for line in lines if line.start >= end for file in files_of(line.row)}
    for line in lines:
        if line.start < end:
            _remove_files(path.parent, line.row, newer)
    manifest.drop(path, images, staging, before=end)


def _remove_files(folder: Path, row: Mapping[str, Any], without: Container[str] = ()) -> None:
    """Remove the files that a row lists, as far as they are in the folder."""
    not_there = {name for name, fault in faults_at_a_glance(folder, row) if fault != "empty"}
    for name in {file.path for file in files_of(row)} - not_there:
        if name not in without:
            (folder / name).unlink()
