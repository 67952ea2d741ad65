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
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, overload

from camcli.errors import CamcliWarning, InputError
from camcli.images.names import UniqueNames, safe_name
from camcli.images.walk import expand_glob, has_magic, other_suffix, walk_folder
from camcli.records import ImageRef

_CHUNK_BYTES = 65536


class Listing(Sequence[ImageRef]):
    """The images found, in order.

    Kept as plain strings and turned into records on access: a third of the memory, which matters
    for a million images.

    Attributes:
        left_out: How many pictures were left out because of their format, by suffix.

    """

    def __init__(self, paths: list[str], names: list[str], left_out: Mapping[str, int]) -> None:
        self._paths = paths
        self._names = names
        self.left_out = left_out

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
    reached through several inputs is listed where it comes first. Pictures of other formats that
    folders and globs hold are counted, and told in a warning.

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
    unlisted = _Unlisted()
    for path, name in _each_once(inputs, output, unlisted):
        paths.append(path)
        names.append(unique.take(name))
    for message in unlisted.messages():
        warnings.warn(message, CamcliWarning, stacklevel=2)
    return Listing(paths, names, unlisted.left_out)


class _Unlisted:
    """Counts what inputs hold that is not listed for them.

    Attributes:
        left_out: Pictures of other formats, by suffix.
        repeated: Images that an earlier input has.

    """

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        self.repeated = 0

    def messages(self) -> Iterator[str]:
        if self.left_out:
            yield _told(self.left_out)
        if self.repeated:
            yield f"{self.repeated} of the images given are named again, and explained once"


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


def _each_once(
    inputs: Sequence[str], output: Path | None, unlisted: _Unlisted
) -> Iterator[tuple[str, str]]:
    """Yield (path, preferred name) of every image, and count in `unlisted` what is left out."""
    alone = len(inputs) == 1
    seen: set[tuple[str, str, str | None]] = set()
    real_folder = functools.cache(os.path.realpath)
    for source in inputs:
        found, before = False, unlisted.left_out.copy()
        for path, name in _pictures(source, alone, output):
            suffix = other_suffix(path) if path != source else None
            found = found or suffix is None
            # A single input never yields a path twice, so a million paths need no second copy.
            # Only the folder is resolved: a link beside its target is an image of its own.
            if not alone:
                folder, base = os.path.split(path)
                if (key := (real_folder(folder), base, suffix)) in seen:
                    unlisted.repeated += suffix is None
                    continue
                seen.add(key)
            if suffix is None:
                yield path, name
            else:
                unlisted.left_out[suffix] += 1
        if not found:
            raise InputError(_nothing_in(source, unlisted.left_out - before))


def _pictures(source: str, alone: bool, output: Path | None) -> Iterator[tuple[str, str]]:
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


def _nothing_in(source: str, others: Counter[str]) -> str:
    message = f"no image found in {source!r}"
    return f"{message}: {_told(others)}" if others else message


def _told(left_out: Counter[str]) -> str:
    total = left_out.total()
    counted = ", ".join(f"{number} {suffix}" for suffix, number in left_out.most_common())
    what = "1 picture was" if total == 1 else f"{total} pictures were"
    return f"{what} left out, of formats that are not listed: {counted}; convert to .jpg or .png"


def _base_name(folder: Path) -> str:
    return folder.resolve().name if folder.name in {"", ".."} else folder.name


def _parts(path: str) -> list[str]:
    return os.path.splitdrive(path)[1].replace(os.sep, "/").split("/")
