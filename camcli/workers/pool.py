"""Decode and write in processes of their own: what dies or hangs there costs one image.

A process does not survive C code that crashes in one of its threads, and cannot end a thread that
hangs. Each decoding thread of a stream therefore has a worker that decodes for it, is replaced
when it dies, and is killed when it takes too long. The worker keeps the original image, which
never passes through a pipe, and draws, encodes and writes when its map arrives: none of that
holds the interpreter's lock, which the network's own thread needs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType

from camcli.errors import MachineError
from camcli.output.writers import ArtefactWriter, Written
from camcli.records import FailedImage, ImageItem, ImageRef, Preprocess, Reading, SaliencyMap
from camcli.storage.stores.base import StoreError
from camcli.workers import protocol as wire
from camcli.workers.failures import GaveUpError, StoppedError, unchanged
from camcli.workers.process import WorkerProcess
from camcli.workers.watchdog import Watchdog

# A map waits no longer for a worker that is busy, or hangs, with another image.
_PATIENCE = 5.0


class WorkerPool:
    """Workers, one for each thread that decodes; they end when the pool is left.

    A thread that writes has a worker of its own only after the keeper of its image has died, or
    while that hangs.
    """

    def __init__(self, timeout: float, reading: Reading) -> None:
        """Prepare; nothing is started yet.

        Args:
            timeout: Seconds after which decoding one image is given up.
            reading: What is read of every file.

        """
        self._timeout = timeout
        self._reading = reading
        self._mine = threading.local()
        self._all: list[WorkerProcess] = []
        self._spare: list[WorkerProcess] = []
        self._keepers: dict[int, tuple[WorkerProcess, Preprocess]] = {}
        self._watchdog = Watchdog()
        self._lock = threading.Lock()
        self._closed = False

    def start(self, count: int) -> None:
        """Start workers for the first `count` threads, and do not wait for them.

        Raises:
            MachineError: A process cannot be started.

        """
        with self._lock:
            self._spare += [self._started() for _ in range(count)]

    def wait_until_started(self) -> None:
        """Wait for what `start` has begun.

        Raises:
            MachineError: A process did not start.

        """
        for worker in self._spare:
            worker.wait_until_ready()

    def decode(self, ref: ImageRef, preprocess: Preprocess) -> ImageItem | FailedImage:
        """Decode an image; whatever goes wrong with it is returned, never raised.

        The original stays with the worker until `forget` is called: `original` is None.

        Raises:
            MachineError: No process can be started, or a store gives no image at all any more.

        """
        try:
            return self._decode(ref, preprocess)
        except GaveUpError as error:
            return FailedImage(ref, error.kind, str(error))
        except StoppedError as error:
            return FailedImage(ref, "Interrupted", str(error))

    def write(self, writer: str, maps: Sequence[SaliencyMap]) -> list[Written]:
        """Write an image's files in the worker that keeps it.

        Where that worker has died or hangs, the image is decoded again, once, if its file is still
        the same.

        Args:
            writer: What `wire.writer_to_json` returns.
            maps: All of one image, whose item comes from `decode`.

        Returns:
            The files of each map.

        Raises:
            GaveUpError: That worker died, too, or the image cannot be decoded again.
            StoppedError: The pool has been left meanwhile.
            MachineError: No process can be started.
            OSError: A file could not be written; no partial file is left behind.
            RuntimeError: Anything else that went wrong with it.

        """
        request = wire.write_request(writer, maps)
        item = maps[0].item
        keeper, preprocess = self._keepers[item.ref.index]
        try:
            answer = keeper.ask(request, patience=_PATIENCE)
        except GaveUpError:
            keeper.forget(item.ref.index)
            answer = self._decoded_again(item, preprocess).ask(request)
        return wire.read_write_answer(answer)

    def forget(self, ref: ImageRef) -> None:
        """Release an image, if it is kept."""
        keeper, _ = self._keepers.pop(ref.index, (None, None))
        if keeper is not None:
            keeper.forget(ref.index)

    def _decode(self, ref: ImageRef, preprocess: Preprocess) -> ImageItem | FailedImage:
        worker = self._own()
        request = wire.decode_request(ref, preprocess, self._reading)
        decoded = wire.read_decode_answer(ref, worker.ask(request, self._timeout))
        if isinstance(decoded, FailedImage) and decoded.type == StoreError.__name__:
            raise MachineError(decoded.message)
        if isinstance(decoded, ImageItem):
            self._keepers[ref.index] = worker, preprocess
        return decoded

    def _decoded_again(self, item: ImageItem, preprocess: Preprocess) -> WorkerProcess:
        unchanged(self._decode(item.ref, preprocess), item.sha256)
        return self._keepers[item.ref.index][0]

    def _own(self) -> WorkerProcess:
        """Return the calling thread's worker, a new one where it has died."""
        worker: WorkerProcess | None = getattr(self._mine, "worker", None)
        if worker is None or not worker.is_alive:
            with self._lock:
                if self._closed:
                    raise StoppedError("the run was stopped")
                worker = self._mine.worker = self._spare_one() or self._started()
            worker.wait_until_ready()
        return worker

    def _spare_one(self) -> WorkerProcess | None:
        while self._spare:
            worker = self._spare.pop()
            if worker.is_alive:
                return worker
        return None

    def _started(self) -> WorkerProcess:
        worker = WorkerProcess(self._watchdog)
        self._all = [other for other in self._all if other.is_alive] + [worker]
        return worker

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.kill()
        self._watchdog.close()


class RemoteWriter:
    """Writes what an `ArtefactWriter` would, in the worker that keeps the image."""

    def __init__(self, pool: WorkerPool, writer: ArtefactWriter) -> None:
        """Have a pool do what a writer would do here."""
        self._pool = pool
        self._writer = wire.writer_to_json(writer)

    def write(self, maps: Sequence[SaliencyMap]) -> list[Written]:
        """Write one image's files; see `WorkerPool.write`."""
        return self._pool.write(self._writer, maps)
