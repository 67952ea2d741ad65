"""What an output folder holds of the run that is resumed in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from camcli.output import manifest
from camcli.output.integrity import Check


@dataclass
class ResumeState:
    """What an earlier run into the same folder left behind.

    Attributes:
        redone: Images whose rows were taken out, to be explained again.

    """

    redone: set[str] = field(default_factory=set)
    _done: dict[str, tuple[int | None, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def images(self) -> int:
        """How many images need not be explained again."""
        return len(self._done)

    @property
    def counts(self) -> Counter[str]:
        """How many of the rows that are kept have each status."""
        return Counter(status for _, statuses in self._done.values() for status in statuses)

    def holds(self, name: str, path: str) -> bool:
        """Return whether an image is done, under this name and from this path as it was given."""
        return name in self._done and self._done[name][0] in (hash(path), None)

    def add(self, name: str, path: str | None, statuses: tuple[str, ...]) -> None:
        """Note an image as done, with its path where rows have it, and their statuses."""
        if name in self._done:  # camcli writes a name once; of two that share it, neither is sure
            self.forget(name)
        elif name not in self.redone:
            self._done[name] = (None if path is None else hash(path), statuses)

    def forget(self, name: str) -> None:
        """Note that an image must be explained again after all."""
        self._done.pop(name, None)
        self.redone.add(name)


def recover(
    path: Path, check: Check, retry_failed: bool, last_may_be_torn: bool, staging: Path
) -> ResumeState:
    """Reduce a manifest to the images that are done, and return what it holds then.

    Args:
        path: The manifest. Cut off after its last whole row; rows of images to be explained again
            are taken out.
        check: Finds what is wrong with the files of a row.
        retry_failed: Whether what failed is to be explained again.
        last_may_be_torn: Whether the last image may lack rows, as its run was stopped and images
            can have several.
        staging: Where a new manifest is written before it is moved into place.

    Raises:
        OSError: The manifest cannot be read or replaced.

    """
    resume_state, end = _survey(path, check, retry_failed, last_may_be_torn)
    manifest.cut(path, end)
    if resume_state.redone:
        manifest.drop(path, resume_state.redone, staging)
    return resume_state


def _survey(
    path: Path, check: Check, retry_failed: bool, last_may_be_torn: bool
) -> tuple[ResumeState, int]:
    """Return what a manifest holds that is done, and where that ends."""
    resume_state, end = ResumeState(), 0
    for name, lines in _images(path, last_may_be_torn):
        rows = [line.row for line in lines]
        end = lines[-1].end
        statuses = tuple(row["status"] for row in rows)
        retried = retry_failed and "failed" in statuses
        if retried or any(True for row in rows for _ in check(path.parent, row)):
            resume_state.forget(name)
        else:
            resume_state.add(name, rows[0].get("path"), statuses)
    return resume_state, end


def _images(path: Path, without_last: bool) -> Iterator[tuple[str, list[manifest.Line]]]:
    """Yield each image's lines of a manifest, perhaps but for the last one's."""
    waiting: tuple[str, list[manifest.Line]] | None = None
    for name, lines in groupby(manifest.read_lines(path), key=lambda line: line.row["image"]):
        if waiting is not None:
            yield waiting
        waiting = name, list(lines)
    if waiting is not None and not without_last:
        yield waiting
