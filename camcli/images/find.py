"""List the images to explain, each once and under a unique name.

The name of an image below `maps/` and `overlays/`:

- in a folder that is the only input: relative to that folder (`photos/a/cat.jpg` -> `a/cat.jpg`);
- in a folder beside other inputs: the folder's own name goes first (`photos/a/cat.jpg`);
- a file, a glob's match or a line of standard input: its path as given, without the root, the
  drive, `.` and `..` (`../x/cat.jpg` -> `x/cat.jpg`, `/data/cat.jpg` -> `data/cat.jpg`).

Names that would coincide are numbered in the order of the listing: `cat.jpg`, `cat~2.jpg`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, overload

from camcli.errors import InputError
from camcli.images.names import UniqueNames, safe_name
from camcli.images.walk import expand_glob, has_magic, walk_folder
from camcli.records import ImageRef

_CHUNK_BYTES = 65536


class Listing(Sequence[ImageRef]):
    """The images found, in order.

    Kept as plain strings and turned into records on access: a third of the memory, which matters
    for a million images.
    """

    def __init__(self, paths: list[str], names: list[str]) -> None:
        self._paths = paths
        self._names = names

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> ImageRef: ...
    @overload
    def __getitem__(self, index: slice) -> list[ImageRef]: ...
    def __getitem__(self, index: int | slice) -> ImageRef | list[ImageRef]:
        places = range(len(self))[index]
        return [self._ref(i) for i in places] if isinstance(places, range) else self._ref(places)

    def _ref(self, index: int) -> ImageRef:
        return ImageRef(index, Path(self._paths[index]), self._names[index])


def find_images(inputs: Sequence[str], output: Path | None = None) -> Listing:
    """List every image of `inputs`, each a file, a folder or a glob, before any is opened.

    A file that is named directly is listed whatever its suffix or kind; decoding decides. A path
    reached through several inputs is listed where it comes first.

    Args:
        inputs: Where to look.
        output: The output folder; its images are not inputs, even where an input contains it.

    Raises:
        InputError: There is no input, or one does not exist, cannot be read or holds no image.

    """
    if not inputs:
        raise InputError("no images to explain: name a file, a folder or a glob")
    paths: list[str] = []
    names: list[str] = []
    unique = UniqueNames()
    for path, name in _each_once(inputs, output):
        paths.append(path)
        names.append(unique.take(name))
    return Listing(paths, names)


def refs_from_paths(paths: Iterable[str]) -> Iterator[ImageRef]:
    """Turn paths, as they arrive, into images to explain.

    The file system is not consulted: a path that does not exist becomes a failed image when it is
    decoded. A path that is repeated is explained again, under a numbered name.
    """
    unique = UniqueNames()
    for index, path in enumerate(paths):
        yield ImageRef(index, Path(path), unique.take(safe_name(_parts(path))))


def read_paths(stream: BinaryIO, nul: bool) -> Iterator[str]:
    r"""Yield the paths in `stream` as soon as they arrive, one per line or NUL-terminated.

    Bytes that are not UTF-8 become surrogates, as in `os.fsdecode`. Empty lines are skipped, and a
    line may end in `\r\n`.
    """
    separator, ending = (b"\0", b"") if nul else (b"\n", b"\r")
    # A thread that waits inside a BufferedReader holds its lock, and Python aborts on exit if it
    # cannot take that of standard input; a raw file has no lock and returns whatever has arrived.
    raw: BinaryIO = getattr(stream, "raw", stream)
    pending = b""
    while chunk := raw.read(_CHUNK_BYTES):
        *complete, pending = (pending + chunk).split(separator)
        yield from _decoded(complete, ending)
    yield from _decoded([pending], ending)


def _decoded(lines: Iterable[bytes], ending: bytes) -> Iterator[str]:
    for line in lines:
        if path := line.removesuffix(ending):
            yield path.decode("utf-8", "surrogateescape")


def _each_once(inputs: Sequence[str], output: Path | None) -> Iterator[tuple[str, str]]:
    """Yield (path, preferred name) of every image, leaving out paths already seen."""
    alone = len(inputs) == 1
    seen: set[tuple[str, str]] = set()
    real_folder = functools.cache(os.path.realpath)
    for source in inputs:
        found = False
        for path, name in _images(source, alone, output):
            found = True
            # A single input never yields a path twice, so a million paths need no second copy.
            # Only the folder is resolved: a link beside its target is an image of its own.
            if not alone:
                folder, base = os.path.split(path)
                if (key := (real_folder(folder), base)) in seen:
                    continue
                seen.add(key)
            yield path, name
        if not found:
            raise InputError(f"no image found in {source!r}")


def _images(source: str, alone: bool, output: Path | None) -> Iterator[tuple[str, str]]:
    try:
        if Path(source).is_dir():
            prefix = "" if alone else _base_name(Path(source))
            for path in walk_folder(source, output):
                yield path, safe_name([prefix, *_parts(path[len(source) :])])
        elif os.path.lexists(source):
            yield source, safe_name(_parts(source))
        elif has_magic(source):
            for path in expand_glob(source):
                yield path, safe_name(_parts(path))
        else:
            raise InputError(f"no such file or folder: {source!r}")
    except OSError as error:
        raise InputError(f"cannot read {error.filename!r}: {error.strerror}") from None


def _base_name(folder: Path) -> str:
    return folder.resolve().name if folder.name in {"", ".."} else folder.name


def _parts(path: str) -> list[str]:
    return os.path.splitdrive(path)[1].replace(os.sep, "/").split("/")
