"""The output folder: who may use it, and what is in it already."""

from __future__ import annotations

import errno
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from pathlib import Path
from typing import Any

from camcli.errors import MachineError, OutputError
from camcli.output import manifest
from camcli.output.atomic import write_bytes
from camcli.output.files import (
    ARTEFACT_FOLDERS,
    STATE_FOLDER,
    lock_path,
    manifest_path,
    run_path,
    shards_in,
    staging_path,
)
from camcli.output.integrity import (
    Check,
    artefacts_of,
    faults_at_a_glance,
    faults_in_full,
)
from camcli.output.lock import FolderLock
from camcli.records import WHOLE, Shard

_FORMER_KEYS = {"described": "fingerprint"}


class FolderPolicy(Enum):
    """What to do with an output folder that is not empty."""

    REFUSE = "refuse"
    RESUME = "resume"
    OVERWRITE = "overwrite"


@dataclass(frozen=True)
class Claim:
    """How a run means to use its output folder.

    Attributes:
        folder_policy: What to do where it is not empty.
        retry_failed: Whether a run that is resumed tries again what failed.
        shard: The shard that the run works on.

    """

    folder_policy: FolderPolicy = FolderPolicy.REFUSE
    retry_failed: bool = False
    shard: Shard = WHOLE


@dataclass
class ResumeState:
    """What an earlier run into the same folder left behind.

    Attributes:
        redone: Images whose rows were taken out, to be explained again.

    """

    redone: set[str] = field(default_factory=set)
    _done: dict[str, tuple[int | None, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def images(self) -> int:
        """How many images need not be explained again."""
        return len(self._done)

    @property
    def counts(self) -> Counter[str]:
        """How many of the rows that are kept have each status."""
        return Counter(status for _, statuses in self._done.values() for status in statuses)

    def holds(self, name: str, path: str) -> bool:
        """Tell whether an image is done, under this name and from this path as it was given."""
        return name in self._done and self._done[name][0] in (hash(path), None)

    def add(self, name: str, path: str | None, statuses: tuple[str, ...]) -> None:
        """Note an image as done, with its path where rows have it, and their statuses."""
        if name in self._done:  # never written so; whoever did, one of the two must go
            self.forget(name)
        elif name not in self.redone:
            self._done[name] = (None if path is None else hash(path), statuses)

    def forget(self, name: str) -> None:
        """Note that an image must be explained again after all."""
        self._done.pop(name, None)
        self.redone.add(name)


# What is wrong with the disk rather than with the choice of a folder.
_WILL_PASS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


@contextmanager
def open_folder(
    folder: Path, claim: Claim, described: Mapping[str, Any], rows_per_image_vary: bool
) -> Iterator[ResumeState]:
    """Make an output folder ready for a run, and keep others out of it meanwhile.

    Args:
        folder: Made if missing.
        claim: What is to be done in it.
        described: What determines the results of this run; a run that is resumed must match.
        rows_per_image_vary: Whether images can have several rows.

    Raises:
        OutputError: The folder is in use, cannot be written to, or holds another run.
        MachineError: The disk is full, or fails.

    """
    with ExitStack() as held:
        with _told_apart(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock_file = lock_path(folder, claim.shard)
            if claim.folder_policy is FolderPolicy.REFUSE and not lock_file.exists():
                _refuse_if_occupied(folder, claim.shard)
            lock = held.enter_context(at_work(folder, claim.shard))
            earlier = _prepare(folder, claim, lock, described, rows_per_image_vary)
        yield earlier


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


def sort_manifest(folder: Path, claim: Claim, order: Mapping[str, int]) -> None:
    """Put the manifest of a run that was resumed, and is done, into the order of its images."""
    staging = staging_path(folder, claim.shard)
    manifest.sort(manifest_path(folder, claim.shard), order, staging)


def write_run(folder: Path, record: Mapping[str, Any], shard: Shard = WHOLE) -> None:
    """Write `run.json`, whole or not at all; the folder must be held with `at_work`."""
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    staging = staging_path(folder, shard)
    write_bytes(run_path(folder, shard), f"{text}\n".encode(), staging, durable=True)


def read_run(folder: Path, shard: Shard = WHOLE) -> dict[str, Any]:
    """Return the record of a run, under today's keys where an older version wrote it.

    Raises:
        OutputError: There is none, or it cannot be understood.

    """
    path = run_path(folder, shard)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stored = None
    fields: dict[str, Any] = stored if isinstance(stored, dict) else {}
    record = {_FORMER_KEYS.get(key, key): value for key, value in fields.items()}
    if "fingerprint" not in record:
        raise OutputError(
            f"{folder} holds no camcli run to go on with ({path.name} is missing or unreadable)"
        )
    return record


def refuse_another_run(folder: Path, described: Any, of: Mapping[str, Any]) -> None:
    """Compare two descriptions of what determines results.

    Raises:
        OutputError: They differ; the message names the keys.

    """
    mine, theirs = _flat(json.loads(json.dumps(described))), _flat(of)
    changed = [key for key in {**theirs, **mine} if mine.get(key) != theirs.get(key)]
    if changed:
        differences = "\n".join(
            f"  {key}: {theirs.get(key)!r} then, {mine.get(key)!r} now" for key in changed
        )
        raise OutputError(
            f"the run in {folder} was another one, and cannot be resumed as this:\n{differences}"
        )


@contextmanager
def _told_apart(folder: Path) -> Iterator[None]:
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
    claim: Claim,
    lock: FolderLock,
    described: Mapping[str, Any],
    rows_per_image_vary: bool,
) -> ResumeState:
    if claim.folder_policy is FolderPolicy.REFUSE:
        _refuse_if_occupied(folder, claim.shard)
    elif claim.folder_policy is FolderPolicy.OVERWRITE:
        _clear(folder, claim.shard)
    _refuse_another_kind_of_run(folder, claim.shard)
    siblings = shards_in(folder) - {claim.shard}
    if siblings:
        sibling = min(siblings, key=lambda shard: shard.index)
        refuse_another_run(folder, described, read_run(folder, sibling)["fingerprint"])
    if claim.folder_policy is FolderPolicy.RESUME and _is_occupied(folder, claim.shard):
        return _resume(folder, claim, lock, described, rows_per_image_vary)
    return ResumeState()


def _is_occupied(folder: Path, shard: Shard) -> bool:
    """Tell whether a folder holds anything but the work of other shards of the same run."""
    names = {path.name for path in folder.iterdir()} - {STATE_FOLDER}
    siblings = {s for s in shards_in(folder) if s.count == shard.count > 1} - {shard}
    if siblings:
        names -= set(ARTEFACT_FOLDERS)
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


def _clear(folder: Path, shard: Shard) -> None:
    """Remove what camcli wrote, and nothing else; what names the run goes last."""
    if shard.count > 1:
        _clear_shard(folder, shard)
        return
    shards = sorted(shards_in(folder), key=lambda found: (found.count, found.index))
    records = [path(folder, s) for s in (*shards, shard) for path in (manifest_path, run_path)]
    if _is_occupied(folder, shard) and not any(path.is_file() for path in records):
        raise OutputError(f"{folder} holds no camcli run to overwrite: choose another folder")
    with ExitStack() as held:
        for shard in shards:
            held.enter_context(FolderLock(lock_path(folder, shard)))
        for name in ARTEFACT_FOLDERS:
            if (folder / name).is_dir() and not (folder / name).is_symlink():
                shutil.rmtree(folder / name)
        for path in records:
            path.unlink(missing_ok=True)


def _clear_shard(folder: Path, shard: Shard) -> None:
    path = manifest_path(folder, shard)
    for row in manifest.read_rows(path):
        listed = {artefact.path for artefact in artefacts_of(row)}
        not_there = {name for name, fault in faults_at_a_glance(folder, row) if fault != "empty"}
        for name in listed - not_there:
            (folder / name).unlink()
    path.unlink(missing_ok=True)
    run_path(folder, shard).unlink(missing_ok=True)


def _resume(
    folder: Path,
    claim: Claim,
    lock: FolderLock,
    described: Mapping[str, Any],
    rows_per_image_vary: bool,
) -> ResumeState:
    record = read_run(folder, claim.shard)
    refuse_another_run(folder, described, record["fingerprint"])
    # Files survive the end of a process, but what the machine had not yet written to the disk is
    # lost with its power: then nothing short of reading them all will do.
    dead = lock.predecessor
    check = faults_at_a_glance if dead is None or dead.saw_this_boot() else faults_in_full
    path = manifest_path(folder, claim.shard)
    torn = rows_per_image_vary and record.get("state") != "finished"
    earlier, end = _survey(path, check, claim.retry_failed, torn)
    manifest.cut(path, end)
    if earlier.redone:
        manifest.drop(path, earlier.redone, staging_path(folder, claim.shard))
    return earlier


def _survey(
    path: Path, check: Check, retry_failed: bool, last_may_be_torn: bool
) -> tuple[ResumeState, int]:
    """Return what a manifest holds that is done, and where that ends."""
    earlier, end = ResumeState(), 0
    for name, lines in _images(path, last_may_be_torn):
        rows = [line.row for line in lines]
        end = lines[-1].end
        statuses = tuple(row["status"] for row in rows)
        retried = retry_failed and "failed" in statuses
        if retried or any(True for row in rows for _ in check(path.parent, row)):
            earlier.forget(name)
        else:
            earlier.add(name, rows[0].get("path"), statuses)
    return earlier, end


def _images(path: Path, without_last: bool) -> Iterator[tuple[str, list[manifest.Line]]]:
    """Yield each image's lines of a manifest, perhaps but for the last one's."""
    waiting: tuple[str, list[manifest.Line]] | None = None
    for name, lines in groupby(manifest.read_lines(path), key=lambda line: line.row["image"]):
        if waiting is not None:
            yield waiting
        waiting = name, list(lines)
    if waiting is not None and not without_last:
        yield waiting


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict):
        return {prefix.rstrip("."): tree}
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.")
    return flat or {prefix.rstrip("."): {}}
