"""What `camcli --version` prints."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from camcli import __version__


def version_lines() -> Iterator[str]:
    """Yield the versions of camcli, Python and torch, and the devices that torch sees."""
    yield f"camcli {__version__}"
    yield f"python {platform.python_version()}"
    try:
        import torch
    except ImportError as error:
        yield f"torch cannot be imported: {error}"
        return
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    yield f"torch {torch.__version__} ({', '.join(['cpu', *names])})"
