"""The images of a run, decoded in workers ahead of the network, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from camcli.images.stream import stream
from camcli.records import Batch
from camcli.run.build import BuiltRun
from camcli.run.interrupt import Interruption
from camcli.run.outcome import Tally
from camcli.run.remaining import Remaining
from camcli.workers.pool import WorkerPool


@contextmanager
def decoded_batches(
    images: Remaining,
    built: BuiltRun,
    workers: WorkerPool,
    interruption: Interruption,
    tally: Tally,
) -> Iterator[Iterator[Batch]]:
    """Decode images until all are done, or until an interruption is requested.

    Leaving it waits for what the workers are decoding: close them before.
    """
    batches = stream(
        images,
        built.engine.preprocess,
        built.batch_size,
        built.workers,
        images.patience,
        workers.decode,
        lambda: interruption.requested,
    )
    with closing(batches):
        yield _until(interruption, batches, tally)


def _until(interruption: Interruption, batches: Iterator[Batch], tally: Tally) -> Iterator[Batch]:
    while not interruption.requested:
        with tally.timed("wait for images"):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
