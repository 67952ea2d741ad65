"""The device that a configuration names."""

from __future__ import annotations

import torch

from camcli.errors import ConfigError

_TYPES = ("cpu", "cuda")


def resolve_device(name: str) -> torch.device:
    """Return the device to compute on; `auto` is the first CUDA device, or else the CPU.

    Args:
        name: auto, cpu, cuda or cuda:N.

    Raises:
        ConfigError: It is none of these, or this machine has no such device.

    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in _TYPES:
        raise ConfigError(f"run.device: {name!r} is not one of auto, cpu, cuda, cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"run.device: there is no {name!r}: PyTorch sees {torch.cuda.device_count()} CUDA "
            "devices here"
        )
    return device
