"""The kinds of files that hold images, one class each, by suffix.

The table holds import paths: a run over folders imports none of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

from camcli.storage.containers.base import ContainerError

if TYPE_CHECKING:
    from camcli.storage.containers.base import Container

CONTAINERS: Mapping[str, str] = {
    ".tar": "camcli.storage.containers.tar:Tar",
    ".tar.gz": "camcli.storage.containers.tar:Tar",
    ".tgz": "camcli.storage.containers.tar:Tar",
    ".tar.bz2": "camcli.storage.containers.tar:Tar",
    ".tar.xz": "camcli.storage.containers.tar:Tar",
    ".tar.zst": "camcli.storage.containers.tar:Tar",
    ".zip": "camcli.storage.containers.zip:Zip",
    ".parquet": "camcli.storage.containers.parquet:Parquet",
    ".arrow": "camcli.storage.containers.arrow:Arrow",
}
"""By suffix. Tar archives that are compressed are opened to be refused for that reason."""


def container_suffix(name: str) -> str | None:
    """Return what a file that holds images ends with, None where it is no such file."""
    lower = name.lower()
    return next((suffix for suffix in CONTAINERS if lower.endswith(suffix)), None)


def opened(name: str, file: BinaryIO) -> Container:
    """Return what an open file holds, by the suffix of its name.

    Raises:
        ContainerError: It is not what its suffix says.

    """
    suffix = container_suffix(name)
    if suffix is None:
        raise ContainerError(f"it is none of {', '.join(CONTAINERS)}")
    module, _, attribute = CONTAINERS[suffix].partition(":")
    made: Container = getattr(importlib.import_module(module), attribute)(file)
    return made
