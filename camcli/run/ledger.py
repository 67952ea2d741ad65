"""The rows of finished images on their way into the manifest, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Queue
from types import TracebackType

from camcli.output.manifest import Manifest
from camcli.output.manifest_row import ManifestRow
from camcli.run.outcome import Tally

OnRows = Callable[[Sequence[ManifestRow]], None]


class Ledger:
    """Enters finished images in the manifest, in order, as soon as they are finished.

    In a thread of its own: the main thread may be waiting for an image that never comes.
    """

    def __init__(self, capacity: int, manifest: Manifest, on_rows: OnRows, tally: Tally) -> None:
        """Prepare; the thread starts when the ledger is entered.

        Args:
            capacity: How many images may be on their way at once.
            manifest: Gets an image's rows once its files are in place.
            on_rows: Receives the same rows, afterwards, in the ledger's thread.
            tally: Kept up to date, so that it also counts what was done before an error.

        """
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
                    self._record(writing.result())
                except BaseException as error:  # raised again in the main thread
                    self._error = error

    def _record(self, rows: list[ManifestRow]) -> None:
        self._manifest.append(rows)
        self._tally.images += 1
        self._tally.failed += any(row.status == "failed" for row in rows)
        self._tally.rows.update(row.status for row in rows)
        self._tally.clipped += sum(bool(row.map_values and row.map_values.clipped) for row in rows)
        self._on_rows(rows)

    def __enter__(self) -> Ledger:
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
