"""Check every file of a run against its manifest."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias

from camcli.errors import OutputError
from camcli.output.belonging import Belonging
from camcli.output.files import manifest_path, shards_in
from camcli.output.integrity import Fault, ListedFile, faults_in_full, files_of
from camcli.output.manifest import read_lines
from camcli.records import WHOLE, Shard

_MOST_THREADS = 16
_IMAGES_AHEAD = 256

_Rows: TypeAlias = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Damage:
    """One file that is not as it was written: its path in the folder, its image, and how."""

    path: str
    image: str
    fault: Fault | str


@dataclass
class Verification:
    """How many rows and files were checked, and what was wrong."""

    rows: int = 0
    files: int = 0
    damages: list[Damage] = field(default_factory=list)


def verify_folder(folder: Path) -> Verification:
    """Hash every file that the manifest of a run, or the manifests of its shards, list.

    Rows that the record of their run does not fit, and shards of another run than the first, count
    as damage, too.

    Raises:
        OutputError: There is no manifest.

    """
    report = Verification()
    shards = _shards(folder)
    belonging = Belonging(folder, shards)
    report.damages += [Damage(path, "", fault) for path, fault in belonging.faults]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
        checking: deque[tuple[_Rows, Future[list[Damage]]]] = deque()
        for shard in shards:
            path = manifest_path(folder, shard)
            for image, of_image in groupby(_rows_to_the_end(path, report), itemgetter("image")):
                rows = list(of_image)
                faults = [fault for row in rows for fault in belonging.faults_of(shard, row)]
                report.damages += [Damage(path.name, image, fault) for fault in faults]
                checking.append((rows, pool.submit(_check, folder, rows)))
                _collect(checking, _IMAGES_AHEAD, report)
        _collect(checking, 0, report)
    return report


def _shards(folder: Path) -> list[Shard]:
    try:
        shards = [WHOLE, *sorted(shards_in(folder), key=lambda shard: shard.index)]
    except OSError as error:
        raise OutputError(f"cannot read {folder}: {error.strerror}") from None
    found = [shard for shard in shards if manifest_path(folder, shard).is_file()]
    if not found:
        raise OutputError(f"{folder} holds no manifest of camcli's")
    return list(dict.fromkeys(found))


def _rows_to_the_end(path: Path, report: Verification) -> Iterator[dict[str, Any]]:
    """Yield a manifest's rows, and report it as torn where they end before the file does."""
    end = 0
    for line in read_lines(path):
        end = line.end
        yield line.row
    if end < path.stat().st_size:
        report.damages.append(Damage(path.name, "", "torn"))


def _check(folder: Path, rows: _Rows) -> list[Damage]:
    """Return what is wrong with the files of an image's rows, which may share some."""
    found: list[Damage] = []
    known: set[ListedFile] = set()
    for row in rows:
        found += [Damage(p, row["image"], fault) for p, fault in faults_in_full(folder, row, known)]
        known |= set(files_of(row))
    return list(dict.fromkeys(found))


def _collect(
    checking: deque[tuple[_Rows, Future[list[Damage]]]], leave: int, report: Verification
) -> None:
    while len(checking) > leave:
        rows, damages = checking.popleft()
        report.rows += len(rows)
        report.files += len({file.path for row in rows for file in files_of(row)})
        report.damages += damages.result()
