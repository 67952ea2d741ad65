"""What a configuration needs of workers: how many, and what they read of an image."""

from __future__ import annotations

import os

from camcli.config import Config, RunConfig
from camcli.config.artefacts import ARTEFACT_KINDS
from camcli.records import Reading
from camcli.workers.pool import WorkerPool

_MOST_WORKERS = 16


def workers_for(config: Config) -> WorkerPool:
    """Return what decodes and writes the images of a run; nothing is started yet."""
    return WorkerPool(config.run.decode_timeout, reading_for(config))


def reading_for(config: Config) -> Reading:
    """Return what is read of every image file: no more than what is drawn needs."""
    return Reading(config.run.max_pixels, config.output.overlay_side if draws(config) else 0)


def draws(config: Config) -> bool:
    """Return whether a run draws over its images, which workers keep for it."""
    return any(
        kind.needs_original and kind.saved_as in config.output.save
        for kind in ARTEFACT_KINDS.values()
    )


def worker_count(run: RunConfig) -> int:
    """Return how many workers there are, and threads for them: `auto` means every core."""
    return min(_cores(), _MOST_WORKERS) if run.workers == "auto" else run.workers


def _cores() -> int:
    """Return how many cores this process may use, which in a container is not all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
