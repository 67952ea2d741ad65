"""One shard from images to manifest rows; readable on one screen.

Decoding runs ahead and writing behind, in threads that have processes at work for them, the network
in the calling thread; every queue between them is bounded.
"""

from __future__ import annotations

import errno
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from queue import Queue
from types import TracebackType
from typing import Protocol

from camcli.engine import Engine, Explained
from camcli.images.stream import stream
from camcli.output.atomic import name_in
from camcli.output.manifest import Manifest
from camcli.output.rows import RowMaker
from camcli.output.writers import Written
from camcli.records import Batch, FailedImage, ImageRef, ManifestRow, SaliencyMap
from camcli.run.batches import FixedBatches
from camcli.workers.failures import GaveUpError
from camcli.workers.pool import WorkerPool

# What a file system says of a name it cannot bear, in contrast to what stops every image.
_NAMES_FAULT = frozenset({errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP})

OnRows = Callable[[Sequence[ManifestRow]], None]


@dataclass
class Tally:
    """What a run has done so far: rows by status, images, and seconds spent by stage."""

    rows: Counter[str] = field(default_factory=Counter)
    images: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the time spent inside as a stage's."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start


class Interruption:
    """A request to stop early, by a signal handler or by whoever is told of rows.

    Attributes:
        reason: Why, in a few words; None as long as nobody asked.

    """

    def __init__(self) -> None:
        self.reason: str | None = None

    def request(self, reason: str) -> None:
        """Ask to stop; of several reasons, the first counts."""
        self.reason = self.reason or reason

    @property
    def requested(self) -> bool:
        """Whether anybody asked."""
        return self.reason is not None


@dataclass(frozen=True)
class ShardWork:
    """A share of the images, and how to work on it.

    Attributes:
        refs: The images, in order; may be endless.
        batch_size: Images a batch.
        threads: How many decode, and how many have results written.
        workers: What they have do it; closed when the shard is done.
        patience: Seconds that a slow source may hold a batch up, None for a source that is whole.

    """

    refs: Iterable[ImageRef]
    batch_size: int
    threads: int
    workers: WorkerPool
    patience: float | None = None


class Writer(Protocol):
    """Writes a map's files, in this process or in another."""

    def write(self, saliency_map: SaliencyMap) -> Written:
        """Return what was written; see `ArtefactWriter.write` and `WorkerPool.write`."""


@dataclass(frozen=True)
class Finisher:
    """The last steps of an image: its files are written, and it is let go of.

    Attributes:
        workers: Keep the image.
        writer: Turns its maps into files.
        rows: Turns both into rows.

    """

    workers: WorkerPool
    writer: Writer
    rows: RowMaker

    def finish(self, result: Explained | FailedImage) -> list[ManifestRow]:
        """Return the rows of an image, once its files are in place.

        Raises:
            OSError: A file could not be written, which is not the fault of its name.
            StoppedError: The run is over before they are.

        """
        if isinstance(result, FailedImage):
            self.workers.forget(result.ref)
            return [self.rows.failed(result)]
        try:
            return [self._row(saliency_map) for saliency_map in result.maps]
        except GaveUpError as error:
            return [self.rows.failed(FailedImage(result.item.ref, error.kind, str(error)))]
        except OSError as error:
            if error.errno not in _NAMES_FAULT:
                raise
            reason = f"its results cannot be written: {error.strerror}: {name_in(error)}"
            return [self.rows.failed(FailedImage(result.item.ref, type(error).__name__, reason))]
        finally:
            self.workers.forget(result.item.ref)

    def _row(self, saliency_map: SaliencyMap) -> ManifestRow:
        written = {} if saliency_map.degenerate else self.writer.write(saliency_map)
        return self.rows.row(saliency_map, written)


def explain_shard(
    shard: ShardWork,
    engine: Engine,
    finisher: Finisher,
    manifest: Manifest,
    on_rows: OnRows,
    interruption: Interruption,
    tally: Tally,
) -> None:
    """Explain every image of a shard, and append its rows to the manifest in order.

    Args:
        shard: What to explain.
        engine: What explains it.
        finisher: What turns its results into files and rows.
        manifest: Gets an image's rows once its files are in place.
        on_rows: Told the same rows, afterwards.
        interruption: When it is requested, what is in flight is finished and no more is begun.
        tally: Kept up to date, so that it also counts what was done before an error.

    Raises:
        OSError: A file could not be written; rows of finished images are in the manifest.
        MachineError: Memory does not suffice for a single image.

    """
    steady = FixedBatches(engine, shard.batch_size)
    batches = stream(
        shard.refs,
        engine.preprocess,
        shard.batch_size,
        shard.threads,
        shard.patience,
        shard.workers.decode,
        lambda: interruption.requested,
    )
    with (
        closing(batches),
        shard.workers,
        _Ledger(2 * shard.batch_size, manifest, on_rows, tally) as ledger,
        ThreadPoolExecutor(shard.threads, "camcli-write") as pool,
    ):
        for batch in _until(batches, interruption, tally):
            with tally.timed("explain"):
                results = steady.explain(batch)
            with tally.timed("wait for writing"):
                for result in _in_order(results, batch.failures):
                    ledger.enter(pool.submit(finisher.finish, result))


def _until(batches: Iterator[Batch], interruption: Interruption, tally: Tally) -> Iterator[Batch]:
    while not interruption.requested:
        with tally.timed("wait for images"):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _in_order(
    results: Sequence[Explained | FailedImage], failures: Sequence[FailedImage]
) -> list[Explained | FailedImage]:
    def index(result: Explained | FailedImage) -> int:
        return result.ref.index if isinstance(result, FailedImage) else result.item.ref.index

    return sorted([*results, *failures], key=index)


class _Ledger:
    """Enters finished images in the manifest, in order, as soon as they are finished.

    In a thread of its own: the main thread may be waiting for an image that never comes.
    """

    def __init__(self, capacity: int, manifest: Manifest, on_rows: OnRows, tally: Tally) -> None:
        self._manifest = manifest
        self._on_rows = on_rows
        self._tally = tally
        self._queue: Queue[Future[list[ManifestRow]] | None] = Queue(capacity)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="camcli-ledger", daemon=True)

    def enter(self, writing: Future[list[ManifestRow]]) -> None:
        """Queue an image that is being written; waits while too many are.

        Raises:
            OSError: An earlier image could not be written.
        """
        if self._error is not None:
            raise self._error
        self._queue.put(writing)

    def _work(self) -> None:
        while (writing := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._finish(writing.result())
                except BaseException as error:  # handed on to the main thread
                    self._error = error

    def _finish(self, rows: list[ManifestRow]) -> None:
        self._manifest.append(rows)
        self._tally.images += 1
        self._tally.rows.update(row.status for row in rows)
        self._on_rows(rows)

    def __enter__(self) -> _Ledger:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error
