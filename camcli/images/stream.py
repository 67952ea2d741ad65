"""Decode images in threads and hand them on in batches, in order and never far ahead."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from camcli.images.decode import decode
from camcli.records import Batch, FailedImage, ImageItem

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from camcli.records import ImageRef, Preprocess

_POLL_SECONDS = 0.1

Decoded = ImageItem | FailedImage
Decoder = Callable[["ImageRef", "Preprocess"], Decoded]


def _never() -> bool:
    return False


def stream(
    refs: Iterable[ImageRef],
    preprocess: Preprocess,
    batch_size: int,
    workers: int,
    patience: float | None = None,
    decoder: Decoder | None = None,
    stopped: Callable[[], bool] = _never,
) -> Generator[Batch, None, None]:
    """Decode `refs`, which may be endless, and yield them in batches.

    Every batch but the last holds `batch_size` items, and the failures that were met among them;
    the last may hold failures only. At most a batch and one image per worker are read ahead of
    the batch being filled. Close the generator to stop early: decoding ends at once, though a
    `refs` that is itself waiting for input is left behind in a daemon thread.

    Args:
        refs: What to decode, iterated in a thread of its own.
        preprocess: How an image becomes the network's input.
        batch_size: Items per batch.
        workers: Decoding threads.
        patience: With None, the batches depend on `refs` alone. Otherwise, how many seconds to wait
            for more images before yielding a smaller batch: for sources that pause.
        decoder: Decodes one image, called from several threads at once; `decode` by default.
        stopped: Returns whether to end; polled while no image arrives, which may be forever.

    Raises:
        Exception: Whatever iterating `refs` raised, after all that came before it.

    """
    ahead = batch_size + workers
    with closing(_Decoding(refs, preprocess, ahead, workers, decoder or decode)) as decoding:
        batch = _Filling()
        while True:
            try:
                decoded = decoding.next(patience if batch else None, stopped)
            except Empty:
                yield batch.take()
                continue
            except BaseException:
                if batch:
                    yield batch.take()
                raise
            if decoded is None:
                break
            batch.add(decoded)
            if len(batch.items) == batch_size:
                yield batch.take()
        if batch:
            yield batch.take()


class _Filling:
    """A batch that is being filled."""

    def __init__(self) -> None:
        self.items: list[ImageItem] = []
        self._failures: list[FailedImage] = []

    def __bool__(self) -> bool:
        return bool(self.items or self._failures)

    def add(self, decoded: Decoded) -> None:
        if isinstance(decoded, FailedImage):
            self._failures.append(decoded)
        else:
            self.items.append(decoded)

    def take(self) -> Batch:
        batch = Batch(tuple(self.items), tuple(self._failures))
        self.items, self._failures = [], []
        return batch


class _Decoding:
    """Images on their way through a pool of threads, in order, at most `ahead` at once."""

    def __init__(
        self,
        refs: Iterable[ImageRef],
        preprocess: Preprocess,
        ahead: int,
        workers: int,
        decoder: Decoder,
    ) -> None:
        self._decoder = decoder
        self._refs = refs
        self._preprocess = preprocess
        self._slots = threading.Semaphore(ahead)
        self._line: SimpleQueue[Future[Decoded | None]] = SimpleQueue()
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="camcli-decode")
        # A daemon, because nothing can wake a thread that waits for standard input.
        threading.Thread(target=self._feed, name="camcli-list", daemon=True).start()

    def close(self) -> None:
        """Stop; images that are being decoded are finished, those that wait are dropped."""
        self._closed.set()
        self._slots.release()
        self._pool.shutdown(cancel_futures=True)

    def next(self, patience: float | None, stopped: Callable[[], bool]) -> Decoded | None:
        """Return the next image, or None after the last or once `stopped` says so.

        Raises:
            Empty: `refs` has yielded nothing new for `patience` seconds.
            Exception: What iterating `refs` raised.

        """
        # Polled, because a signal cannot be relied on to end a wait: it may arrive just before
        # the wait begins.
        deadline = math.inf if patience is None else time.monotonic() + patience
        coming: Future[Decoded | None] | None = None
        while not stopped():
            try:
                coming = coming or self._line.get(timeout=_left(deadline))
            except Empty:
                if time.monotonic() >= deadline:
                    raise
                continue
            if coming.done() or wait([coming], _POLL_SECONDS).done:
                self._slots.release()
                return coming.result()
        return None

    def _feed(self) -> None:
        end: Future[Decoded | None] = Future()
        try:
            refs = iter(self._refs)
            while self._slots.acquire() and not self._closed.is_set():
                ref = next(refs, None)
                if ref is None:
                    break
                self._line.put(self._pool.submit(self._decoder, ref, self._preprocess))
            end.set_result(None)
        except BaseException as error:  # the consumer would wait forever
            end.set_exception(error)
        self._line.put(end)


def _left(deadline: float) -> float:
    return min(max(deadline - time.monotonic(), 0.0), _POLL_SECONDS)
