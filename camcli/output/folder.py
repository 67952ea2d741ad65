"""The output folder: who may use it, and for what."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from camcli.errors import MachineError, OutputError
from camcli.output import manifest
from camcli.output.clearing import clear_replaced, clear_run, clear_shard
from camcli.output.files import (
    STATE_FOLDER,
    artefact_folders,
    lock_path,
    manifest_path,
    run_path,
    shards_in,
    staging_path,
)
from camcli.output.integrity import faults_at_a_glance, faults_in_full
from camcli.output.lock import FolderLock
from camcli.output.record import read_run, refuse_another_run, refuse_another_shard
from camcli.output.resume import ResumeState, recover
from camcli.records import Shard


class FolderPolicy(Enum):
    """What to do with an output folder that is not empty."""

    REFUSE = "refuse"
    RESUME = "resume"
    OVERWRITE = "overwrite"


class FolderUse(Protocol):
    """How a run means to use its output folder; a `RunPlan` says so."""

    @property
    def folder_policy(self) -> FolderPolicy:
        """What to do where the folder is not empty."""

    @property
    def retry_failed(self) -> bool:
        """Whether a run that is resumed tries again what failed."""

    @property
    def shard(self) -> Shard:
        """The shard that the run works on."""


# What is wrong with the disk rather than with the choice of a folder.
_WILL_PASS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


@contextmanager
def open_folder(
    folder: Path, use: FolderUse, fingerprint: Mapping[str, Any], rows_per_image_vary: bool
) -> Iterator[ResumeState]:
    """Make an output folder ready for a run, and keep others out of it meanwhile.

    Args:
        folder: Made if missing.
        use: What is to be done in it.
        fingerprint: What determines the results of this run; a run that is resumed must match.
        rows_per_image_vary: Whether images can have several rows.

    Raises:
        OutputError: The folder is in use, cannot be written to, or holds another run.
        MachineError: The disk is full, or fails.

    """
    with ExitStack() as held:
        with _actionable_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock_file = lock_path(folder, use.shard)
            if use.folder_policy is FolderPolicy.REFUSE and not lock_file.exists():
                _refuse_if_occupied(folder, use.shard)
            lock = held.enter_context(at_work(folder, use.shard))
            resume_state = _prepare(folder, use, lock, fingerprint, rows_per_image_vary)
        yield resume_state


def check_folder(folder: Path, use: FolderUse) -> None:
    """Look whether a folder can be made ready for a run, and change nothing.

    Raises:
        OutputError: It holds another run, or files of somebody's.

    """
    with _actionable_errors(folder):
        if not folder.exists():
            return
        if use.folder_policy is FolderPolicy.REFUSE:
            _refuse_if_occupied(folder, use.shard)
        _refuse_another_kind_of_run(folder, use.shard)


@contextmanager
def at_work(folder: Path, shard: Shard) -> Iterator[FolderLock]:
    """Hold a folder's lock, with an empty folder for unfinished files beside it.

    Raises:
        OutputError: A living process holds it.
        OSError: The folder cannot be written.

    """
    staging = staging_path(folder, shard)
    with FolderLock(lock_path(folder, shard)) as lock:
        shutil.rmtree(staging, ignore_errors=True)
        try:
            staging.mkdir()
            yield lock
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def sort_manifest(folder: Path, use: FolderUse, order: Mapping[str, int]) -> None:
    """Put the manifest of a run that was resumed, and is done, into the order of its images."""
    staging = staging_path(folder, use.shard)
    manifest.sort(manifest_path(folder, use.shard), order, staging)


def clear_changed(folder: Path, use: FolderUse, resumed: ResumeState) -> None:
    """Remove what a resumed run has of images that have changed since, apart from what is new.

    Raises:
        OSError: A file cannot be removed.

    """
    if resumed.changed:
        path, staging = manifest_path(folder, use.shard), staging_path(folder, use.shard)
        clear_replaced(path, frozenset(resumed.changed), resumed.end, staging)


@contextmanager
def _actionable_errors(folder: Path) -> Iterator[None]:
    """Turn what the file system says of an output folder into what the user can do."""
    try:
        yield
    except (NotADirectoryError, FileExistsError):
        raise OutputError(f"{folder} is not a folder") from None
    except OSError as error:
        message = f"cannot use the output folder {folder}: {error}"
        if error.errno in _WILL_PASS:
            raise MachineError(message) from None
        raise OutputError(message) from None


def _prepare(
    folder: Path,
    use: FolderUse,
    lock: FolderLock,
    fingerprint: Mapping[str, Any],
    rows_per_image_vary: bool,
) -> ResumeState:
    if use.folder_policy is FolderPolicy.REFUSE:
        _refuse_if_occupied(folder, use.shard)
    elif use.folder_policy is FolderPolicy.OVERWRITE:
        _refuse_beside_other_shards(folder, use.shard, fingerprint)
        _clear(folder, use.shard)
    _refuse_another_kind_of_run(folder, use.shard)
    _refuse_beside_other_shards(folder, use.shard, fingerprint)
    if use.folder_policy is FolderPolicy.RESUME and _is_occupied(folder, use.shard):
        return _resume(folder, use, lock, fingerprint, rows_per_image_vary)
    return ResumeState()


def _is_occupied(folder: Path, shard: Shard) -> bool:
    """Return whether a folder holds anything but the work of other shards of the same run."""
    names = {path.name for path in folder.iterdir()} - {STATE_FOLDER}
    siblings = {s for s in shards_in(folder) if s.count == shard.count > 1} - {shard}
    if siblings:
        names -= artefact_folders()
        names -= {path(folder, s).name for s in siblings for path in (manifest_path, run_path)}
    return bool(names)


def _refuse_if_occupied(folder: Path, shard: Shard) -> None:
    if _is_occupied(folder, shard):
        raise OutputError(
            f"the output folder {folder} is not empty: give --resume to go on with the run in it, "
            "--overwrite to replace it, or another folder with -o"
        )


def _refuse_another_kind_of_run(folder: Path, shard: Shard) -> None:
    """Keep a run over the whole listing and shards, or shards of different counts, apart."""
    counts = {found.count for found in shards_in(folder)}
    if shard.count > 1 and run_path(folder).exists():
        counts.add(1)
    others = counts - {shard.count}
    if others:
        kind = "a run without --shard" if others == {1} else f"shards of {max(others)}"
        raise OutputError(
            f"the output folder {folder} holds {kind}: go on with the same --shard, join finished "
            "shards with `camcli merge`, or choose another folder with -o"
        )


def _refuse_beside_other_shards(folder: Path, shard: Shard, fingerprint: Mapping[str, Any]) -> None:
    """Keep a shard out of a folder whose other shards are of another run.

    One that has no record yet has only just begun; `camcli merge` compares them all.
    """
    siblings = {s for s in shards_in(folder) if s.count == shard.count > 1} - {shard}
    for sibling in sorted(siblings, key=lambda each: each.index):
        if run_path(folder, sibling).exists():
            recorded = read_run(folder, sibling)["fingerprint"]
            refuse_another_shard(folder, fingerprint, sibling, recorded)
            return


def _clear(folder: Path, shard: Shard) -> None:
    if shard.count > 1:
        clear_shard(folder, shard)
    elif _is_occupied(folder, shard):
        clear_run(folder)


def _resume(
    folder: Path,
    use: FolderUse,
    lock: FolderLock,
    fingerprint: Mapping[str, Any],
    rows_per_image_vary: bool,
) -> ResumeState:
    record = read_run(folder, use.shard)
    refuse_another_run(folder, fingerprint, record["fingerprint"])
    # Files survive the end of a process, but what the machine had not yet written to the disk is
    # lost with its power: then nothing short of reading them all will do.
    check = faults_in_full if lock.files_may_be_lost else faults_at_a_glance
    torn = rows_per_image_vary and record.get("state") != "finished"
    path, staging = manifest_path(folder, use.shard), staging_path(folder, use.shard)
    return recover(path, check, use.retry_failed, torn, staging)
