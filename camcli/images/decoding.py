"""What a configuration asks of decoding: how many processes, and what they keep of a picture."""

from __future__ import annotations

import os

from camcli.config import Config, RunConfig
from camcli.images.isolation import IsolatedDecoder
from camcli.records import Reading

_MOST_WORKERS = 16


def decoder_for(config: Config) -> IsolatedDecoder:
    """Return what decodes the pictures of a run; nothing is started yet."""
    return IsolatedDecoder(config.run.decode_timeout, reading_for(config))


def reading_for(config: Config) -> Reading:
    """Return what is asked of every picture file: no more than what is drawn needs."""
    output = config.output
    draws = {"overlays", "components"} & set(output.save)
    return Reading(config.run.max_pixels, output.overlay_side if draws else 0)


def worker_count(run: RunConfig) -> int:
    """Return how many processes decode, and how many threads write: `auto` means every core."""
    return min(_cores(), _MOST_WORKERS) if run.workers == "auto" else run.workers


def _cores() -> int:
    """Return how many cores this process may use, which in a container is not all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
