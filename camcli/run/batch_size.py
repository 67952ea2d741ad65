"""How many images a batch holds: as asked, what suits a CPU, or what fits a GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from camcli.config import RunConfig
from camcli.engine import Engine
from camcli.network.split import SplitNetwork
from camcli.system.out_of_memory import is_out_of_memory, release_cached_memory

# On CPUs, large batches cost memory and soon also time; measured in docs/results/performance.md.
_CPU_BATCH = 32
_CPU_BATCH_OF_LARGE_CUTS = 16
_LARGE_CUT_BYTES = 2**19
_LARGEST_POWER = 8  # batches of 256 keep any GPU busy


def choose_batch_size(
    run: RunConfig,
    device: torch.device,
    cuts: Sequence[SplitNetwork],
    engine: Callable[[], Engine],
    images_ahead: int | None,
) -> int:
    """Return how many images a batch is filled up to: for a few images, that is their number.

    Args:
        run: What was asked for.
        device: Where the network runs.
        cuts: The network, cut at each of its layers.
        engine: Makes an engine to try batches with, where that is how to find out.
        images_ahead: How many images the run has, None where that is not known.

    """
    if run.batch_size == "auto" and device.type == "cuda":
        return _largest_on_gpu(engine(), images_ahead)
    size = _usual_on_cpu(cuts) if run.batch_size == "auto" else run.batch_size
    return min(size, images_ahead or size)


def largest_that_fits(engine: Engine, sizes: Sequence[int]) -> int:
    """Return the first batch size at which the engine does not run out of memory.

    Called before the first image, so that a run and its resumption on the same device work with
    the same batches.

    Args:
        engine: Explains black images of the network's size, for its first class.
        sizes: Batch sizes to try, from the largest; the last is returned untried.

    """
    for size in sizes[:-1]:
        try:
            engine.rehearse(size)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            return size
        finally:
            release_cached_memory()
    return sizes[-1]


def _usual_on_cpu(cuts: Sequence[SplitNetwork]) -> int:
    """Return what suits a CPU: fewer images where much leaves the trunk, and the tail is long.

    The tail keeps many times what enters it, for its derivatives.
    """
    sizes = [4 * cut.layout.channels * cut.layout.height * cut.layout.width for cut in cuts]
    return _CPU_BATCH_OF_LARGE_CUTS if max(sizes) > _LARGE_CUT_BYTES else _CPU_BATCH


def _largest_on_gpu(engine: Engine, images_ahead: int | None) -> int:
    """Return the largest power of two that fits, and no more than there are images."""
    sizes = [2**power for power in range(_LARGEST_POWER, -1, -1)]
    ahead = images_ahead or sizes[0]
    return min(largest_that_fits(engine, [size for size in sizes if size < 2 * ahead]), ahead)
