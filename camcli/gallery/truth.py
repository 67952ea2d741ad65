"""The true classes of images, as a user states them for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from camcli.errors import InputError
from camcli.gallery.items import ShownRun
from camcli.models.text_files import read_columns, read_text

_CLASS_COLUMNS = ("target", "class", "class_name", "label")


@dataclass(frozen=True)
class StatedTruth:
    """What was stated, and how much of it was of use.

    Attributes:
        by_image: The true class's name, by the image's name in the run.
        unused: How many lines of the file name no image of the runs.

    """

    by_image: Mapping[str, str]
    unused: int = 0


def read_truth(stated: str, runs: Sequence[ShownRun]) -> StatedTruth:
    """Read the true classes: `folder`, the folder that an image lies in, or a CSV file.

    A class that a run names in another case, or with other spaces, is taken by the run's name.

    Raises:
        InputError: The file cannot be read, lacks a column, or names no image of the runs.

    """
    images = list(dict.fromkeys(entry.image for run in runs for entry in run.entries))
    if stated == "folder":
        paths = {entry.image: str(entry.row.get("path", "")) for r in runs for entry in r.entries}
        found = {name: PurePosixPath(paths[name] or name).parent.name for name in images}
        truth = _as_explained({k: v for k, v in found.items() if v}, runs)
        if not set(truth.values()) & _explained(runs):
            raise InputError(
                "--truth folder: no folder of the images has the name of an explained class; the "
                f"first image lies in {found[images[0]]!r}, and was explained for "
                f"{next(iter(sorted(_explained(runs))), 'nothing')!r}"
            )
        return StatedTruth(truth)
    listed = _listed(Path(stated))
    used = {name: listed[name] for name in images if name in listed}
    if not used:
        raise InputError(
            f"{stated} names none of the images: it has {next(iter(listed), 'no line')!r}, the "
            f"run has {images[0]!r}"
        )
    return StatedTruth(_as_explained(used, runs), len(listed) - len(used))


def _listed(path: Path) -> dict[str, str]:
    text = read_text(path, str(path), InputError)
    rows = read_columns(text, str(path), (("image",), _CLASS_COLUMNS), InputError)
    return {row.values[0]: row.values[1] for row in rows}


def _explained(runs: Sequence[ShownRun]) -> set[str]:
    return {entry.target_name for run in runs for entry in run.entries if entry.target_name}


def _as_explained(truth: Mapping[str, str], runs: Sequence[ShownRun]) -> dict[str, str]:
    spelt = {_folded(name): name for name in sorted(_explained(runs))}
    return {image: spelt.get(_folded(name), name) for image, name in truth.items()}


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
