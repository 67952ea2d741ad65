"""Batches of one size, so that rounding never shows what else was in them.

A convolution or a matrix product picks its algorithm, and with it the order of its sums, by the
size of the batch: the same image's map differs in its last bits between a batch of 1 and one of
16. Its place within a batch and its neighbours change nothing (measured; the one exception is in
docs/explanation/reliability.md). So every batch is filled up to the size of the run, and an
interrupted run that goes on with other batches than it would have had ends with the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from camcli.engine import Engine, Explained
from camcli.errors import MachineError
from camcli.records import Batch, FailedImage, ImageItem
from camcli.system.out_of_memory import is_out_of_memory, release_cached_memory

Results = list[Explained | FailedImage]


class FixedBatches:
    """Explains images `size` at a time, and fewer where the device's memory does not suffice.

    Attributes:
        size: Images in every pass through the network; halved for good when memory runs out,
            after which maps may differ by rounding from those of a device with more.

    """

    def __init__(self, engine: Engine, size: int) -> None:
        self.size = size
        self._explain: Callable[[Batch], Results] = engine.explain

    def explain(self, batch: Batch) -> Results:
        """Explain a batch; see `Engine.explain`.

        Raises:
            MachineError: Not even a single image fits into memory.

        """
        results: Results = []
        while len(results) < len(batch.items):
            items = batch.items[len(results) : len(results) + self.size]
            try:
                results += self._explain(Batch(_filled(items, self.size)))[: len(items)]
            except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
                results += self._apart(items, error)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._halve()
        return results

    def _apart(self, items: tuple[ImageItem, ...], error: RuntimeError) -> Results:
        """Find the image whose decomposition fails, which fails those of a whole batch."""
        if len(items) == 1:
            return [FailedImage(items[0].ref, type(error).__name__, str(error))]
        half = len(items) // 2
        return [r for part in (items[:half], items[half:]) for r in self.explain(Batch(part))]

    def _halve(self) -> None:
        if self.size == 1:
            raise MachineError(
                "the memory does not suffice for a single image: choose a smaller network or "
                "crop, a method that keeps less, or another --device"
            ) from None
        self.size //= 2
        release_cached_memory()


def _filled(items: Sequence[ImageItem], size: int) -> tuple[ImageItem, ...]:
    return (*items, *[items[-1]] * (size - len(items)))


def in_order(results: Results, failures: Sequence[FailedImage]) -> Results:
    """Return a batch's results, and the images that failed before, in the listing's order."""
    return sorted([*results, *failures], key=_index)


def _index(result: Explained | FailedImage) -> int:
    return result.ref.index if isinstance(result, FailedImage) else result.item.ref.index
