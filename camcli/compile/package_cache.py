"""The cache of compiled packages: what a package is called in each state, and when it goes.

The states are drawn in README.md beside this file.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KEPT = 12
_DAY = 24 * 3600.0
# A compiler that was killed leaves its folder behind.
_ABANDONED_AFTER = _DAY
# After that, drivers and the load on the machine may have changed.
_REJECTED_FOR = 30 * _DAY


@dataclass(frozen=True)
class CachedPackage:
    """A package by the names that it, or a note about it, may have in the cache.

    Attributes:
        adopted: Its path once it has proved faster than the uncompiled trunk, or has been asked
            for. Later runs use what lies there from the first image on.

    """

    adopted: Path

    @property
    def untried(self) -> Path:
        """Its path until it has proved faster."""
        return self.adopted.with_suffix(".untried.pt2")

    @property
    def rejected(self) -> bool:
        """Whether it was found within the last month that the package is no faster, or wrong."""
        try:
            return _last_use(self._rejection) > time.time() - _REJECTED_FOR
        except OSError:
            return False

    @property
    def _rejection(self) -> Path:
        return self.adopted.with_suffix(".rejected")

    def adopt(self) -> None:
        """Let later runs use the package at once, as far as the cache can be written to."""
        with suppress(OSError):  # another run may have done it
            self.untried.rename(self.adopted)

    def reject(self) -> None:
        """Remove the package, and keep later runs from compiling it unasked for a month."""
        discard(self.untried)
        discard(self.adopted)
        with suppress(OSError):  # a cache that cannot be written to serves as well
            self._rejection.touch()


def mark_used(package: Path) -> None:
    """Record that a package is in use, and remove from its folder what has expired.

    That is all but the packages used last, notes of rejected ones after a month, and what
    compilers that were killed have left.
    """
    with suppress(OSError):  # a cache that cannot be written to serves as well
        os.utime(package)
        by_last_use = sorted(package.parent.glob("*.pt2"), key=_last_use)
        unfinished = _older(package.parent.glob(".*"), _ABANDONED_AFTER)
        notes = _older(package.parent.glob("*.rejected"), _REJECTED_FOR)
        for expired in by_last_use[:-_KEPT] + unfinished + notes:
            discard(expired)


def discard(package: Path) -> None:
    """Remove a package, if it is there; a run that has it loaded is not disturbed."""
    if package.is_dir():
        shutil.rmtree(package, ignore_errors=True)
    else:
        package.unlink(missing_ok=True)


def _older(paths: Iterable[Path], seconds: float) -> list[Path]:
    return [path for path in paths if _last_use(path) < time.time() - seconds]


def _last_use(path: Path) -> float:
    return path.stat().st_mtime
