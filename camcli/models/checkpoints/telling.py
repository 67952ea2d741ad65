"""Say what of a checkpoint is used, and what is not."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from camcli.errors import CamcliWarning

_SHOWN = 6


def tell(path: Path, taken: str, left_out: Sequence[str], remark: str = "") -> None:
    """Warn of what a checkpoint holds beside the weights in `taken`, if there is anything."""
    if left_out:
        used = f"the weights in {taken.removesuffix('.')!r}" if taken else "the weights"
        warnings.warn(
            f"of the checkpoint {path}, {used} are used, and not {shortened(left_out)}{remark}",
            CamcliWarning,
            stacklevel=2,
        )


def shortened(names: Iterable[object]) -> str:
    """Return the first few of many names, and how many more there are."""
    listed = [str(name) for name in names]
    more = f", and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
