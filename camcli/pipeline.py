"""One shard from pictures to manifest rows; readable on one screen.

Decoding runs ahead in threads, the network in the calling thread, rendering and writing behind in
threads of their own; every queue between them is bounded.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from camcli.engine import Engine, Explained
from camcli.images.stream import stream
from camcli.output.manifest import Manifest
from camcli.output.writers import ArtefactWriter
from camcli.records import Batch, FailedImage, ImageRef, ManifestRow

OnRows = Callable[[Sequence[ManifestRow]], None]


@dataclass
class Tally:
    """What a run has done so far: rows by status, pictures, and seconds spent by stage."""

    rows: Counter[str] = field(default_factory=Counter)
    images: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class Interruption:
    """A request to stop early, made by a signal handler in the main thread."""

    def __init__(self) -> None:
        self.requested = False
        self._waiting = False

    def request(self) -> None:
        """Ask to stop.

        Raises:
            KeyboardInterrupt: Where the pipeline waits for pictures, which may never come; it
                catches that itself.

        """
        self.requested = True
        if self._waiting:
            raise KeyboardInterrupt

    @contextmanager
    def breaks_off(self) -> Iterator[None]:
        """Mark a wait that a request may break off at once."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False


@dataclass(frozen=True)
class Shard:
    """A share of the pictures, and how to work on it.

    Attributes:
        refs: The pictures, in order; may be endless.
        batch_size: Pictures a batch.
        workers: Decoding threads, and as many that write.
        patience: Seconds that a slow source may hold a batch up, None for a source that is whole.

    """

    refs: Iterable[ImageRef]
    batch_size: int
    workers: int
    patience: float | None = None


def explain_shard(
    shard: Shard,
    engine: Engine,
    writer: ArtefactWriter,
    manifest: Manifest,
    on_rows: OnRows,
    interruption: Interruption,
) -> Tally:
    """Explain every picture of a shard, and append its rows to the manifest in order.

    Args:
        shard: What to explain.
        engine: What explains it.
        writer: What turns maps into files.
        manifest: Gets a picture's rows once its files are in place.
        on_rows: Told the same rows, afterwards.
        interruption: When it is requested, what is in flight is finished and no more is begun.

    Raises:
        OSError: A file could not be written; rows of finished pictures are in the manifest.

    """
    tally = Tally()
    batches = stream(shard.refs, engine.preprocess, shard.batch_size, shard.workers, shard.patience)
    with closing(batches), ThreadPoolExecutor(shard.workers, "camcli-write") as pool:
        writing: deque[Future[list[ManifestRow]]] = deque()
        for batch in _until(batches, interruption, tally):
            start = time.perf_counter()
            results = engine.explain(batch)
            tally.seconds["explain"] += time.perf_counter() - start
            for result in _in_order(results, batch.failures):
                writing.append(pool.submit(_write, writer, result))
            _collect(writing, 2 * shard.batch_size, manifest, on_rows, tally)
        _collect(writing, 0, manifest, on_rows, tally)
    return tally


def _until(batches: Iterator[Batch], interruption: Interruption, tally: Tally) -> Iterator[Batch]:
    while not interruption.requested:
        start = time.perf_counter()
        try:
            with interruption.breaks_off():
                batch = next(batches, None)
        except KeyboardInterrupt:
            return
        tally.seconds["wait for pictures"] += time.perf_counter() - start
        if batch is None:
            return
        yield batch


def _in_order(
    results: Sequence[Explained | FailedImage], failures: Sequence[FailedImage]
) -> list[Explained | FailedImage]:
    def index(result: Explained | FailedImage) -> int:
        return result.ref.index if isinstance(result, FailedImage) else result.item.ref.index

    return sorted([*results, *failures], key=index)


def _write(writer: ArtefactWriter, result: Explained | FailedImage) -> list[ManifestRow]:
    if isinstance(result, FailedImage):
        return [writer.failed(result)]
    return [writer.write(saliency_map) for saliency_map in result.maps]


def _collect(
    writing: deque[Future[list[ManifestRow]]],
    leave: int,
    manifest: Manifest,
    on_rows: OnRows,
    tally: Tally,
) -> None:
    """Take finished pictures from the front of the queue until at most `leave` are in it."""
    while writing and (len(writing) > leave or writing[0].done()):
        start = time.perf_counter()
        rows = writing.popleft().result()
        tally.seconds["wait for writing"] += time.perf_counter() - start
        manifest.append(rows)
        tally.images += 1
        tally.rows.update(row.status for row in rows)
        on_rows(rows)
