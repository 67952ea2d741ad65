"""The images inside an archive or a table, named and ordered as in the folder it was made of."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from camcli.errors import ImageError, InputError
from camcli.images.listing import Picture
from camcli.images.names import safe_name
from camcli.images.walk import is_listed, other_suffix
from camcli.storage.containers import container_suffix
from camcli.storage.containers.base import Container, ContainerError
from camcli.storage.containers.entry import Entry, Label
from camcli.storage.location import Member, Url, packed
from camcli.storage.reading import open_container

# As WebDataset names what lies beside an image; the first that is there counts.
_LABELS = (".cls", ".json", ".txt")
_MOST_OF_A_LABEL = 1 << 16
_MOST_ENTRIES = 10_000_000
_INDEX = re.compile("[0-9]{1,9}")


def pictures_in(container: Path | Url, prefix: Sequence[str]) -> Iterator[Picture]:
    """Yield the pictures in an archive or a table, and what is refused of it.

    Of an archive: sorted as in a folder, without hidden members. Members of which several have one
    name are refused, as nothing says which is meant.

    Args:
        container: The file.
        prefix: What stands before the names, as components of a path.

    Raises:
        InputError: It cannot be read, or is damaged.
        OSError: The system cannot read it.

    """
    try:
        opened = open_container(container)
        if opened.of_images:
            yield from _in_table(container, prefix, opened)
        else:
            yield from _in_archive(container, prefix, _contents(opened))
    except ContainerError as error:
        raise InputError(f"cannot read {str(container)!r}: {error}") from None
    except ImageError as error:  # which says what it is about
        raise InputError(str(error)) from None


def _in_table(container: Path | Url, prefix: Sequence[str], table: Container) -> Iterator[Picture]:
    for entry in table.entries():
        location = packed(Member(container, entry.name))
        yield Picture(location, safe_name([*prefix, entry.called]), entry.label)


@dataclass
class _Contents:
    """What an archive holds that counts."""

    entries: list[Entry] = field(default_factory=list)
    labels: dict[str, dict[str, Label]] = field(default_factory=dict)

    def label(self, entry: Entry) -> Label | None:
        beside = self.labels.get(_key(entry.name), {})
        return next((beside[suffix] for suffix in _LABELS if suffix in beside), None)


def _contents(archive: Container) -> _Contents:
    found = _Contents()
    for number, entry in enumerate(archive.entries()):
        if number == _MOST_ENTRIES:
            raise ContainerError(f"it has more than {_MOST_ENTRIES} members")
        suffix = PurePosixPath(entry.name).suffix.lower()
        if suffix in _LABELS and entry.refused is None:
            label = _label(archive, entry, suffix)
            if label is not None:
                found.labels.setdefault(_key(entry.name), {})[suffix] = label
        elif is_listed([part for part in entry.name.split("/") if part != ".."] or [""]):
            found.entries.append(entry)
    return found


def _in_archive(
    container: Path | Url, prefix: Sequence[str], contents: _Contents
) -> Iterator[Picture]:
    times = Counter(entry.name for entry in contents.entries if entry.refused is None)
    for entry in sorted(contents.entries, key=lambda entry: entry.name.split("/")):
        location = packed(Member(container, entry.name, entry.span))
        refused = entry.refused or _refused(entry, times)
        if refused is not None:
            yield Picture(location, f"{container}/{entry.name}", refused=refused)
            continue
        name = safe_name([*prefix, *entry.name.split("/")])
        yield Picture(location, name, contents.label(entry), other_suffix(entry.name))


def _refused(entry: Entry, times: Mapping[str, int]) -> str | None:
    if times[entry.name] > 1:
        return "named more than once"
    return "archive in an archive" if container_suffix(entry.name) else None


def _key(name: str) -> str:
    """Return what members of one sample share: their name up to its first dot."""
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def _label(archive: Container, entry: Entry, suffix: str) -> Label | None:
    """Return the label in a member, None where it has none that can be read."""
    try:
        text = archive.read(entry.name, entry.span, _MOST_OF_A_LABEL).decode().strip()
        if suffix == ".json":
            value = json.loads(text).get("label")
            is_label = isinstance(value, int | str) and not isinstance(value, bool)
            return value if is_label else None
    except (ImageError, ValueError, AttributeError):
        return None
    is_index = suffix == ".cls" and _INDEX.fullmatch(text)
    return int(text) if is_index else text or None
