"""Join what the shards of one run left in a folder into what a run over everything leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from camcli.errors import OutputError
from camcli.output.atomic import write_chunks
from camcli.output.files import lock_path, manifest_path, run_path, shards_in, staging_path
from camcli.output.folder import at_work
from camcli.output.identity import Wording, refuse_unless_same
from camcli.output.lock import FolderLock
from camcli.output.manifest import read_lines
from camcli.output.record import read_run, write_run
from camcli.records import WHOLE, Shard


@dataclass(frozen=True)
class Merged:
    """How many shards were joined, and how many images they had."""

    shards: int
    images: int


def merge_shards(folder: Path) -> Merged:
    """Join the manifests and records of all shards, and remove these; may be interrupted.

    Shard i of n has images i, i + n, i + 2n, ... of the listing, in this order, so that
    interleaving the shards gives the listing.

    Raises:
        OutputError: There are no shards, not all of them, or one that is unfinished, at work, or
            of another run.

    """
    try:
        shards = _all_shards(folder)
        with ExitStack() as held:
            held.enter_context(at_work(folder, WHOLE))
            for shard in shards:
                held.enter_context(FolderLock(lock_path(folder, shard)))
            return _merge(folder, shards)
    except OSError as error:
        raise OutputError(f"cannot join the shards in {folder}: {error}") from None


def _all_shards(folder: Path) -> list[Shard]:
    found = shards_in(folder)
    counts = sorted({shard.count for shard in found})
    if not counts:
        raise OutputError(f"{folder} holds no shards to join")
    if len(counts) > 1:
        raise OutputError(
            f"{folder} holds shards of different runs: of {counts[0]} and {counts[1]}"
        )
    return [Shard(index, counts[0]) for index in range(counts[0])]


def _merge(folder: Path, shards: Sequence[Shard]) -> Merged:
    if not _is_merged(folder, shards):
        records = _finished_records(folder, shards)
        paths = [manifest_path(folder, shard) for shard in shards]
        staging = staging_path(folder)
        write_chunks(manifest_path(folder), _interleaved(paths), staging, durable=True)
        write_run(folder, _joined(records))
    for shard in shards:
        manifest_path(folder, shard).unlink(missing_ok=True)
        run_path(folder, shard).unlink(missing_ok=True)
    return Merged(len(shards), read_run(folder)["images"])


def _is_merged(folder: Path, shards: Sequence[Shard]) -> bool:
    """Return whether only the removal of the shards' own files was still to be done."""
    return run_path(folder).exists() and read_run(folder).get("shards") == len(shards)


def _finished_records(folder: Path, shards: Sequence[Shard]) -> list[dict[str, Any]]:
    missing = [f"{s.index}/{s.count}" for s in shards if not run_path(folder, s).exists()]
    if missing:
        raise OutputError(f"{folder} lacks shards: run --shard {', '.join(missing)} first")
    records = [read_run(folder, shard) for shard in shards]
    unfinished = [
        f"{shard.index}/{shard.count}"
        for shard, record in zip(shards, records, strict=True)
        if record.get("state") != "finished"
    ]
    if unfinished:
        raise OutputError(
            f"shards are not finished: run --shard {', '.join(unfinished)} again with --resume"
        )
    for shard, record in zip(shards[1:], records[1:], strict=True):
        wording = Wording(
            f"the shards in {folder} are of different runs, and cannot be joined",
            f"in shard {shards[0].index}/{shards[0].count}",
            f"in shard {shard.index}/{shard.count}",
            "Run one of them again with --shard and --overwrite, as the others were",
        )
        refuse_unless_same(records[0]["fingerprint"], record["fingerprint"], wording)
    if len({record["listing"] for record in records if record.get("listing")}) > 1:
        raise OutputError(
            f"the shards in {folder} do not divide one listing: images were added, removed or "
            "given in another order in between. Run the shards that came before that again, with "
            "--overwrite"
        )
    counts = [record["images"] for record in records]
    if any(count not in (counts[0], counts[0] - 1) for count in counts) or counts != sorted(
        counts, reverse=True
    ):
        raise OutputError(
            f"the shards in {folder} do not divide one listing: they have "
            f"{', '.join(map(str, counts))} images. Were files added or removed in between?"
        )
    return records


def _interleaved(paths: Sequence[Path]) -> Iterator[bytes]:
    """Yield the rows of the first image of each manifest, then of the second, to the end."""
    images = [_images(path) for path in paths]
    while True:
        round_of = [next(rows, b"") for rows in images]
        if not any(round_of):
            return
        yield from round_of


def _images(path: Path) -> Iterator[bytes]:
    for _, lines in groupby(read_lines(path), key=lambda line: line.row["image"]):
        yield b"".join(line.raw for line in lines)


def _joined(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the record of the whole: counts and stage timings add up."""
    rows: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    resumed: Counter[str] = Counter()
    for record in records:
        rows.update(record["rows"])
        seconds.update(record["seconds"])
        resumed.update(record.get("resumed", {}))
    slowest = max(record["seconds"]["total"] for record in records)
    images = sum(record["images"] for record in records)
    return records[0] | {
        "listing": None,
        "shards": len(records),
        "started": min(record["started"] for record in records),
        "images": images,
        "rows": dict(rows),
        "resumed": dict(resumed),
        "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
        "images_per_second": round(images / slowest, 3) if slowest else None,
    }
