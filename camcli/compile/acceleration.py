"""What a run calls: the trunk in inference form, at which precision, and when it is compiled."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import torch

from camcli.compile.adaptive import AdaptiveTrunk, Policy
from camcli.compile.inference_form import InferenceTrunk
from camcli.config import Precision, RunConfig
from camcli.errors import ConfigError, ModelError
from camcli.network.split import SplitNetwork
from camcli.system.allocator import keep_freed_memory

ResolvedPrecision = Literal["fp32", "tf32", "bf16", "fp16"]

DTYPES: dict[ResolvedPrecision, torch.dtype] = {
    "fp32": torch.float32,
    "tf32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}


def resolve_precision(precision: Precision, device: torch.device) -> ResolvedPrecision:
    """Return the precision that the trunk computes in; `auto` is float32 everywhere.

    Maps of a bfloat16 trunk are as good on the one trained network that docs/results/performance.md
    measures (mean cosine to float32's 0.9999, the same predictions). What another network loses
    depends on its weights, and could only be known by explaining its images twice: a user who
    knows the network may choose, `auto` does not.

    Raises:
        ConfigError: The device has no such precision.
    """
    if precision == "tf32" and device.type != "cuda":
        raise ConfigError("run.precision: tf32 exists on CUDA devices only; use fp32 or bf16")
    return "fp32" if precision == "auto" else precision


def accelerate(
    network: SplitNetwork,
    run: RunConfig,
    device: torch.device,
    batch_size: int,
    images_ahead: int | None,
    notify: Callable[[str], None],
) -> SplitNetwork:
    """Return a network whose trunk is in inference form, and compiled where that pays.

    The tail stays as it is, in float32. See `streamlined` and `compiling`.
    """
    fast = streamlined(network, run, device)
    return compiling(fast, run, device, batch_size, images_ahead, notify)


def streamlined(network: SplitNetwork, run: RunConfig, device: torch.device) -> SplitNetwork:
    """Return a network whose trunk is in inference form; see `InferenceTrunk`.

    Args:
        network: Split, float32, on `device`.
        run: The precision that was asked for.
        device: Where the network runs.

    Raises:
        ConfigError: The device has no such precision.
        ModelError: The network does not run at that precision.
    """
    precision = resolve_precision(run.precision, device)
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
    keep_freed_memory()
    trunk = InferenceTrunk(network.trunk, DTYPES[precision], network.batch_dims)
    try:
        with torch.no_grad():
            trunk(torch.zeros(1, 3, *network.image_size, device=device))
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"the network does not run in {precision}: {reason}. Use --precision fp32"
        ) from None
    return dataclasses.replace(network, trunk=trunk)


def compiling(
    network: SplitNetwork,
    run: RunConfig,
    device: torch.device,
    batch_size: int,
    images_ahead: int | None,
    notify: Callable[[str], None],
) -> SplitNetwork:
    """Return a streamlined network that is compiled during the run; see `AdaptiveTrunk`.

    Args:
        network: What `streamlined` returns.
        run: Whether to compile.
        device: Where the network runs.
        batch_size: Images in a batch.
        images_ahead: How many images the run has, None where that is not known.
        notify: Called with one line for each decision.
    """
    assert isinstance(network.trunk, InferenceTrunk)
    example = torch.zeros(batch_size, 3, *network.image_size, device=device)
    policy = _policy(run, device)
    trunk = AdaptiveTrunk(network.trunk, example, policy, images_ahead, notify)
    return dataclasses.replace(network, trunk=trunk)


def _policy(run: RunConfig, device: torch.device) -> Policy:
    if run.compile == "auto":
        # A compiler that searches for kernels would compete with the run for the GPU.
        return "auto" if device.type == "cpu" else "never"
    return "always" if run.compile else "never"
