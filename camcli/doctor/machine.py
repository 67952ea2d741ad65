"""Versions, devices and the compiler."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from camcli import __version__
from camcli.doctor.finding import Finding

_PACKAGES = ("torch", "torchvision", "numpy", "pillow")


def versions() -> Iterator[Finding]:
    """Yield the versions of camcli, Python, the system, and the packages that results rest on."""
    yield Finding("versions", "camcli", __version__)
    yield Finding("versions", "python", platform.python_version())
    yield Finding("versions", "system", f"{platform.system()} {platform.release()}, "
                  f"{platform.machine()}")  # fmt: skip
    for package in _PACKAGES:
        try:
            yield Finding("versions", package, version(package))
        except PackageNotFoundError:
            problem = f"it is not installed: pip install {package}"
            yield Finding("versions", package, "not installed", problem)


def devices() -> Iterator[Finding]:
    """Yield the devices that PyTorch sees; the first is what `--device auto` takes."""
    import torch

    for number in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(number)
        memory = f"{properties.total_memory / 2**30:.0f} GiB"
        yield Finding("devices", f"cuda:{number}", f"{properties.name}, {memory}")
    yield Finding("devices", "cpu", f"{torch.get_num_threads()} threads")


def compiler() -> Iterator[Finding]:
    """Yield what networks are compiled with; a run does without it."""
    from camcli.compile.compilation import compiler_missing

    missing = compiler_missing()
    yield Finding("compiler", "c++", missing or "found")
