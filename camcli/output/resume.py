"""What an output folder holds of the run that is resumed in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from camcli.errors import ImageError
from camcli.output import manifest
from camcli.output.integrity import Check
from camcli.output.rows import readable
from camcli.records import ImageRef
from camcli.storage.reading import digest_of
from camcli.system.wording import counted_as, examples_of


class DoneImage(NamedTuple):
    """What the rows of an image say, with texts as hashes: there may be a million images.

    Attributes:
        path: Its path as it was given; None where rows have none.
        sha256: The digest of its bytes; None where rows have none, as of an image that failed.
        statuses: Of its rows.
        label: What its source said of its class; None where it said nothing.
        has_label: Whether rows tell the label, as older ones do not.

    """

    path: int | None
    sha256: int | None
    statuses: tuple[str, ...]
    label: int | None = None
    has_label: bool = False

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> DoneImage:
        """Return what an image's rows say."""
        path, digests = rows[0].get("path"), rows[0].get("sha256")
        sha256 = digests.get("image") if isinstance(digests, Mapping) else None
        label = rows[0].get("label")
        statuses = tuple(row["status"] for row in rows)
        return cls(_hash(path), _hash(sha256), statuses, _hash(label), "label" in rows[0])


@dataclass
class ResumeState:
    """What an earlier run into the same folder left behind.

    Attributes:
        redone: Images whose rows were taken out, to be explained again.
        changed: Images that are no longer what they were; their older rows are yet to be taken out.
        unreadable: Images that are done, and that cannot be read now to see whether they changed.
        unlisted: Images that are done, and that are not given any more.
        end: Where the rows of the earlier run end in the manifest.

    """

    redone: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    end: int = 0
    _done: dict[str, DoneImage] = field(default_factory=dict)

    @property
    def images(self) -> int:
        """How many images need not be explained again."""
        return len(self._done)

    @property
    def counts(self) -> Counter[str]:
        """How many of the rows that are kept have each status."""
        return Counter(status for done in list(self._done.values()) for status in done.statuses)

    def holds(self, ref: ImageRef) -> bool:
        """Return whether an image is done: under this name, from this path, and as it is now.

        The digest of its bytes decides, and not the times of the file, which copies change and
        which copies keep. Reading an image takes a hundredth of the time of explaining it.
        """
        done = self._done.get(ref.name)
        if done is None:
            return False
        same_path = done.path in (hash(readable(ref.path)), None)
        same_label = done.label == _hash(ref.label) or not done.has_label
        if same_path and same_label and self._is_as_it_was(ref, done):
            return True
        self.changed.add(ref.name)
        del self._done[ref.name]
        return False

    def add(self, name: str, done: DoneImage) -> None:
        """Note an image as done."""
        if name in self._done:  # camcli writes a name once; of two that share it, neither is sure
            self.forget(name)
        elif name not in self.redone:
            self._done[name] = done

    def forget(self, name: str) -> None:
        """Note that an image must be explained again after all."""
        self._done.pop(name, None)
        self.redone.add(name)

    def compare_with(self, listed: Mapping[str, int]) -> None:
        """Note which images are done without being among those that are given now, by name."""
        self.unlisted = self._done.keys() - listed.keys()

    def lines(self) -> Iterator[str]:
        """Yield what the user should know of images that are not as they were, a line each."""
        for names, told in (
            (self.changed, "but changed since, and so not kept"),
            (self.unreadable, "but not to be read now; rows kept"),
            (self.unlisted, "but not given now; rows kept"),
        ):
            if names:
                counted = counted_as(len(names), "image")
                yield f"{counted} done before, {told}: {examples_of(names)}"

    def to_json(self) -> dict[str, int]:
        """Return how many images are not as they were, as builtins."""
        kinds = ("changed", "unreadable", "unlisted")
        return {kind: len(getattr(self, kind)) for kind in kinds}

    def _is_as_it_was(self, ref: ImageRef, done: DoneImage) -> bool:
        try:
            now = digest_of(ref.path)
        except (OSError, ValueError, ImageError):
            if "failed" not in done.statuses:
                self.unreadable.add(ref.name)
            return True
        return "failed" in done.statuses or hash(now) == done.sha256


def _hash(value: object) -> int | None:
    return None if value is None else hash(value)


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
    resume_state.end = path.stat().st_size if path.exists() else 0
    return resume_state


def _survey(
    path: Path, check: Check, retry_failed: bool, last_may_be_torn: bool
) -> tuple[ResumeState, int]:
    """Return what a manifest holds that is done, and where that ends."""
    resume_state, end = ResumeState(), 0
    for name, lines in _images(path, last_may_be_torn):
        rows = [line.row for line in lines]
        end = lines[-1].end
        done = DoneImage.of(rows)
        retried = retry_failed and "failed" in done.statuses
        if retried or any(True for row in rows for _ in check(path.parent, row)):
            resume_state.forget(name)
        else:
            resume_state.add(name, done)
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
