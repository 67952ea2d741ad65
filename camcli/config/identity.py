"""Which keys of the configuration decide the results of a run, and how a run is known by each.

The fingerprint of a run is built from this table. A key that is missing here fails a test, and
counts as given until somebody has said what it is: it can at worst keep a run from being resumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from camcli.config.keys import config_keys


class Part(Enum):
    """How a key that decides results is part of a run's identity."""

    GIVEN = "as given"
    CONTENT = "by what the file holds"
    RESOLVED = "as resolved"


@dataclass(frozen=True)
class Apart:
    """A key that decides no result, and why not."""

    reason: str


_REFUSES = Apart("fails an image with a row that says so, and changes no map")
_ROUNDS = Apart("changes rounding at most")
_SPEED = Apart("changes speed only")
_WEIGHTS = Apart("says which weights are meant, and model.weights knows them by their bytes")

IDENTITY: Mapping[str, Part | Apart] = {
    "model.name": Part.GIVEN,
    "model.weights": Part.RESOLVED,
    "model.checkpoint_key": _WEIGHTS,
    "model.strip_prefix": _WEIGHTS,
    "model.ema": _WEIGHTS,
    "model.adapter": _WEIGHTS,
    "model.layer": Part.RESOLVED,
    "model.kwargs": Part.GIVEN,
    "model.output": Part.GIVEN,
    "model.labels": Part.RESOLVED,
    "model.probabilities": Part.RESOLVED,
    "method.name": Part.RESOLVED,
    "method.options": Part.RESOLVED,
    "method.others": Part.RESOLVED,
    "targets": Part.RESOLVED,
    "versus": Part.RESOLVED,
    "prompts.texts": Part.GIVEN,
    "prompts.file": Part.CONTENT,
    "prompts.templates": Part.GIVEN,
    "prompts.score": Part.GIVEN,
    "preprocess.resize": Part.RESOLVED,
    "preprocess.crop": Part.RESOLVED,
    "preprocess.mean": Part.RESOLVED,
    "preprocess.std": Part.RESOLVED,
    "preprocess.interpolation": Part.RESOLVED,
    "preprocess.odd_margin": Part.RESOLVED,
    "images.window": Part.RESOLVED,
    "run.device": _ROUNDS,
    "run.batch_size": _ROUNDS,
    "run.workers": _SPEED,
    "run.executor": _SPEED,
    "run.decode_timeout": _REFUSES,
    "run.max_pixels": _REFUSES,
    "run.precision": Part.RESOLVED,
    "run.compile": _ROUNDS,
    "run.seed": Part.GIVEN,
    "output.save": Part.GIVEN,
    "output.map_size": Part.GIVEN,
    "output.sign": Part.GIVEN,
    "output.normalize": Part.GIVEN,
    "output.scale": Part.GIVEN,
    "output.colormap": Part.GIVEN,
    "output.alpha": Part.GIVEN,
    "output.style": Part.GIVEN,
    "output.colorbar": Part.GIVEN,
    "output.caption": Part.GIVEN,
    "output.font": Part.CONTENT,
    "output.overlay_format": Part.GIVEN,
    "output.overlay_side": Part.GIVEN,
}
"""By key as `--set` takes it. What a resolved key comes to is in `camcli.run.fingerprint`."""


def deciding_keys() -> Iterator[tuple[str, Part]]:
    """Yield the keys that results depend on, in the order of the configuration."""
    for key in config_keys():
        part = IDENTITY.get(key, Part.GIVEN)
        if isinstance(part, Part):
            yield key, part
