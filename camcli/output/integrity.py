"""From a manifest row to the files it promises, and whether they are there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

from camcli.config.artefacts import ARTEFACT_KINDS

_CHUNK_BYTES = 1 << 20

Fault = Literal["missing", "empty", "changed", "outside the folder", "without a digest"]
Check = Callable[[Path, Mapping[str, Any]], Iterator[tuple[str, Fault]]]


class ListedFile(NamedTuple):
    """One file of a row: its path relative to the output folder, and its SHA-256 if recorded."""

    path: str
    sha256: str | None


def files_of(row: Mapping[str, Any]) -> Iterator[ListedFile]:
    """Yield the files that a manifest row lists."""
    digests = _mapping(row.get("sha256"))
    for name, kind in ARTEFACT_KINDS.items():
        path = _value_at(kind.place or ("artefacts", name), row)
        if path:
            yield ListedFile(str(path), digests.get(name))


def faults_at_a_glance(folder: Path, row: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
    """Yield the files of a row that are missing or empty, without reading any.

    Files are moved into place whole, so that after anything short of a power failure this is all
    that can be wrong with a file that nobody meddled with.
    """
    for artefact in files_of(row):
        fault = _fault_of(folder, artefact)
        if fault is not None:
            yield artefact.path, fault


def faults_in_full(
    folder: Path, row: Mapping[str, Any], known: Container[ListedFile] = ()
) -> Iterator[tuple[str, Fault]]:
    """Yield the files of a row that are missing or whose bytes are not those recorded.

    Args:
        folder: The output folder.
        row: Of its manifest.
        known: Files that were looked at before, as rows of an image share some.

    """
    for artefact in files_of(row):
        if artefact in known:
            continue
        fault = _fault_of(folder, artefact)
        if fault is None and artefact.sha256 is None:
            fault = "without a digest"
        if fault is None and _digest(folder / artefact.path) != artefact.sha256:
            fault = "changed"
        if fault is not None:
            yield artefact.path, fault


def _value_at(place: tuple[str, ...], row: Mapping[str, Any]) -> object:
    value: object = row
    for key in place:
        value = _mapping(value).get(key)
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a value if it is a mapping: a manifest may have been edited by anyone."""
    return value if isinstance(value, Mapping) else {}


def _fault_of(folder: Path, artefact: ListedFile) -> Fault | None:
    relative = PurePosixPath(artefact.path)
    if relative.is_absolute() or ".." in relative.parts:
        return "outside the folder"
    try:
        path = folder / artefact.path
        if not path.is_file():
            return "missing"
        return None if path.stat().st_size else "empty"
    except (OSError, ValueError):
        return "missing"


def _digest(path: Path) -> str | None:
    """Return the SHA-256 of a file, None where it cannot be read."""
    sha = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                sha.update(chunk)
    except OSError:
        return None
    return sha.hexdigest()
