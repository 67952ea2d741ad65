"""A network that the caller holds, rather than one that a name leads to."""

from __future__ import annotations

import copy
import warnings

from torch import nn

from camcli.config import PreprocessConfig
from camcli.errors import CamcliWarning, ModelError
from camcli.models.float32 import as_float32
from camcli.models.loaded import LoadedModel
from camcli.models.ordinary import require_network, require_weights
from camcli.models.preprocessing import resolved
from camcli.models.wrappers import unwrap_parts, unwrapped
from camcli.records import Preprocess


def from_memory(
    network: nn.Module,
    preprocess: Preprocess | None = None,
    output: str | None = None,
) -> LoadedModel:
    """Return a copy of a network, ready to be explained; the network itself is left as it is.

    Args:
        network: Of any mode, device and precision; maps images (B, 3, H, W) to scores (B, N).
        preprocess: How an image becomes its input; None for what timm notes in its models, or else
            ImageNet's usual preprocessing, with a warning.
        output: The key of the scores in a network that returns several tensors.

    Raises:
        ModelError: It is no network with plain weights, or cannot be copied.

    """
    name = type(network).__name__
    made = unwrapped(require_network(network, name))
    require_weights(made, name)
    try:
        made = copy.deepcopy(made)
    except Exception as error:  # whatever the parts of the caller's network do when copied
        raise ModelError(
            f"{name} cannot be copied, which keeps the original as it is: {error}. Give a network "
            "whose state is in parameters and buffers, as where it was built"
        ) from error
    converted = as_float32(made, name)
    unwrap_parts(made)
    return LoadedModel(
        name=name,
        network=made.eval(),
        preprocess=preprocess or _own(made, name) or _usual(name),
        labels=None,
        default_layer=None,
        weights="in memory",
        output=output,
        converted=converted,
    )


def _own(network: nn.Module, name: str) -> Preprocess | None:
    """Return the preprocessing that timm notes in a model of its own."""
    if not getattr(network, "pretrained_cfg", None):
        return None
    from camcli.models.sources.timm import preprocess_of

    return preprocess_of(network, name)


def _usual(name: str) -> Preprocess:
    usual = resolved(PreprocessConfig())
    warnings.warn(
        f"nothing says how images are prepared for {name}: they are resized to {usual.resize}, "
        f"cropped to {usual.crop[0]} and normalised as ImageNet's; give preprocess to say "
        "otherwise, or to say just that",
        CamcliWarning,
        stacklevel=2,
    )
    return usual
