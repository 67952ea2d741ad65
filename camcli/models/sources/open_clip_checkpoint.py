"""Fill open_clip's models with checkpoints, whose older layouts open_clip itself converts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from camcli.config import ModelConfig
from camcli.errors import ModelError
from camcli.models.checkpoint import read_checkpoint
from camcli.models.checkpoints.choice import Choice
from camcli.models.checkpoints.names import under_own_names
from camcli.models.checkpoints.sets import WeightSet
from camcli.models.checkpoints.torchscript import is_torchscript
from camcli.models.inert_pickle import nothing_is_run

_ARRAYS = (".npz", ".npy")
"""What open_clip reads of big_vision's own weights, without pickles."""

_OPENAI = frozenset({"input_resolution", "context_length", "vocab_size"})
"""What OpenAI's archives of CLIP have as buffers, and no model as weights."""

_KNOWN = ("", "state_dict")
"""Where open_clip itself looks for the weights in a file."""


def fill(library: Any, model: nn.Module, path: Path, config: ModelConfig) -> None:
    """Fill a model with a checkpoint's weights.

    Args:
        library: open_clip.
        model: As it made it.
        path: The checkpoint.
        config: Which of its weights are meant, and the model's name.

    Raises:
        ModelError: It cannot be read, or does not fit.

    """
    with _readable(model, path, Choice.of(config)) as file:
        try:
            with nothing_is_run():
                library.load_checkpoint(model, str(file), weights_only=True)
        except Exception as error:  # as many kinds as there are layouts
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise ModelError(
                f"the checkpoint {path} does not fit {config.name}: {reason}"
            ) from None


@contextmanager
def _readable(model: nn.Module, path: Path, choice: Choice) -> Iterator[Path]:
    """Yield a file with the weights that are meant in a form that open_clip reads."""
    if path.suffix in _ARRAYS:
        yield path
        return
    found = read_checkpoint(path, choice)
    weights = under_own_names(found, model.state_dict().keys(), path, choice)
    weights = {name: tensor for name, tensor in weights.items() if name not in _OPENAI}
    if _is_readable(path, found, weights):
        yield path
        return
    with TemporaryDirectory(prefix="camcli-") as folder:
        file = Path(folder) / "weights.pt"
        torch.save(weights, file)
        yield file


def _is_readable(path: Path, found: WeightSet, weights: Mapping[str, Tensor]) -> bool:
    """Return whether open_clip finds the same weights in the file itself."""
    same = found.where in _KNOWN and found.weights.keys() == weights.keys()
    return same and path.is_file() and path.suffix != ".json" and not is_torchscript(path)
