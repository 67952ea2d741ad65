"""Why a network does not run on images of three channels: the reason that fits, found by trying."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from camcli.errors import ModelError
from camcli.network.culprit import Culprit, culprit_of
from camcli.network.invocation import Invocation

_USUAL_SIDES = (224, 256, 384, 32, 28, 64, 96, 128, 112, 160, 192, 299, 336, 448, 512, 518, 48,
                16, 80, 100, 150, 200, 227, 240, 288, 300, 320)  # fmt: skip
_USUAL_SIZES = (*((side, side) for side in _USUAL_SIDES), (256, 128), (128, 64))
_USUAL_CHANNELS = (1, 4, 2, 6)

_OF_SIZES = (RuntimeError, ValueError, AssertionError, IndexError)
"""What networks raise on images of a size, or of channels, that they do not take."""

_VOLUMES = (nn.Conv3d, nn.ConvTranspose3d, nn.BatchNorm3d, nn.InstanceNorm3d, nn.MaxPool3d,
            nn.AvgPool3d, nn.AdaptiveAvgPool3d)  # fmt: skip
_SERIES = (nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d, nn.MaxPool1d, nn.RNNBase)


def unfit(
    error: Exception, network: nn.Module, invocation: Invocation, example: Tensor
) -> ModelError:
    """Return what to tell the user of a network that fails on images.

    Args:
        error: What it raised.
        network: In evaluation mode.
        invocation: How it was run.
        example: The images, (B, 3, H, W).

    """
    culprit = culprit_of(error, network)
    reason = _by_its_input(culprit)
    if reason is None and isinstance(error, _OF_SIZES):
        reason = _by_trying(network, invocation, example)
    height, width = example.shape[2:]
    return ModelError(
        f"the network does not run on images of {height}x{width} pixels: {culprit.kind}"
        f"{culprit.place}: {culprit.reason}" + (f"\n{reason}" if reason else "")
    )


def _by_its_input(culprit: Culprit) -> str | None:
    """Return what another kind of input the failing module takes."""
    module, reason = culprit.module, culprit.reason
    if isinstance(module, nn.Embedding | nn.EmbeddingBag) or "'indices'" in reason:
        return "It takes token ids, whole numbers as of a text, where camcli feeds pixels"
    if isinstance(module, _VOLUMES) or "conv3d" in reason:
        return (
            "It takes volumes (channels, depth, height, width), where camcli feeds pictures; a "
            "module around it may make a volume of a picture"
        )
    if isinstance(module, _SERIES) or "conv1d" in reason:
        return "It takes series (channels, length), where camcli feeds pictures"
    if isinstance(module, nn.Conv2d) and culprit.shape is not None:
        return _of_channels(module.in_channels, culprit.shape)
    if "same device" in reason or "on device" in reason:
        return (
            "Some tensor of it is not where its parameters are: make it a buffer "
            "(register_buffer), or place it on the device of the input"
        )
    return None


def _of_channels(taken: int, shape: tuple[int, ...]) -> str | None:
    if len(shape) != 4 or shape[1] != 3 or taken == 3:
        return None
    return _other_channels(taken, "Its convolution")


def _other_channels(taken: int, who: str, at: str = "") -> str:
    return (
        f"{who} takes {taken} channel{'s' if taken > 1 else ''}{at}, where camcli feeds 3 (RGB): "
        "wrap it in a module that makes its input of an RGB image"
    )


def _by_trying(network: nn.Module, invocation: Invocation, example: Tensor) -> str | None:
    """Return on what other images the network runs, None if on none that are usual."""
    height, width = example.shape[2:]
    sizes = [size for size in _USUAL_SIZES if size != (height, width)]
    fitting = _first_that_runs(network, invocation, example, 3, sizes)
    if fitting is not None:
        return (
            f"It does run on images of {fitting[0]}x{fitting[1]}: set preprocess.crop (and "
            f"preprocess.resize), --set preprocess.crop={list(fitting)}, or make it for "
            f"{height}x{width} by model.kwargs"
        )
    for channels in _USUAL_CHANNELS:
        fitting = _first_that_runs(
            network, invocation, example, channels, [(height, width), *sizes]
        )
        if fitting is not None:
            at = "" if fitting == (height, width) else f" of {fitting[0]}x{fitting[1]} pixels"
            return _other_channels(channels, "It", at)
    return None


@torch.no_grad()
def _first_that_runs(
    network: nn.Module,
    invocation: Invocation,
    example: Tensor,
    channels: int,
    sizes: Iterable[tuple[int, int]],
) -> tuple[int, int] | None:
    for size in sizes:
        try:
            invocation(network, example.new_zeros(1, channels, *size))
        except Exception:
            continue
        return size
    return None
