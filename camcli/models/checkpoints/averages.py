"""Tell averages of weights over training from the weights themselves, by what they are called."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from camcli.errors import ModelError

COUNT = "n_averaged"
"""What PyTorch's AveragedModel counts its updates in, beside the averages."""

_WORDS = re.compile(r"(^|[_.])(ema|swa|averaged?|avg)(?=[_.]|$)", re.IGNORECASE)


def is_average(name: str) -> bool:
    """Return whether a key or prefix is what tools call an average, such as `model_ema`."""
    return _WORDS.search(name) is not None


def is_averaged_model(names: Collection[str]) -> bool:
    """Return whether names are those of an AveragedModel, whose count stands beside them."""
    return COUNT in names


def no_average(path: Path, found: str) -> ModelError:
    """Return what to raise where averages are asked for and there are none."""
    return ModelError(
        f"model.ema: yes, but the checkpoint {path} holds no averaged weights, only {found}: "
        "leave model.ema out, or name what you mean with --checkpoint-key or --strip-prefix"
    )


def only_average(path: Path, found: str) -> ModelError:
    """Return what to raise where averages are not wanted and there is nothing else."""
    return ModelError(
        f"model.ema: no, but the checkpoint {path} holds averaged weights alone, {found}: leave "
        "model.ema out"
    )
