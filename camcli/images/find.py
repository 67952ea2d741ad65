"""List the images to explain, each once and under a unique name.

The name of an image below `maps/` and `overlays/`:

- in a folder that is the only input: relative to that folder (`photos/a/cat.jpg` -> `a/cat.jpg`);
- in a folder beside other inputs: the folder's own name goes first (`photos/a/cat.jpg`);
- a file, a glob's match or a line of standard input: its path as given, without the root, the
  drive, `.` and `..` (`../x/cat.jpg` -> `x/cat.jpg`, `/data/cat.jpg` -> `data/cat.jpg`);
- in an archive or a table: as in a folder that is called what the file is without its suffix
  (`photos.tar` -> `a/cat.jpg`, beside other inputs `photos/a/cat.jpg`);
- in a CSV file: as the file has it.

Names that would coincide are numbered in the order of the listing: `cat.jpg`, `cat~2.jpg`.
"""

from __future__ import annotations

import functools
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from camcli.errors import CamcliWarning, InputError
from camcli.images.braces import expanded
from camcli.images.datasets import dataset_files
from camcli.images.image_list import listed_in
from camcli.images.listing import Listing, Picture, Unlisted, told
from camcli.images.members import pictures_in
from camcli.images.names import UniqueNames, safe_name
from camcli.images.remote import pictures_at
from camcli.images.walk import expand_glob, has_magic, other_suffix, unopened, walk_folder
from camcli.records import ImageRef
from camcli.storage.containers import container_suffix
from camcli.storage.containers.entry import Label
from camcli.storage.location import Url, is_url, location_of, unpacked

_CHUNK_BYTES = 65536
_LIST_SUFFIX = ".csv"


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
    locations: list[str] = []
    names: list[str] = []
    labels: dict[int, Label] = {}
    unique = UniqueNames()
    unlisted = Unlisted()
    for image in _each_once(inputs, output, unlisted):
        if image.label is not None:
            labels[len(names)] = image.label
        locations.append(image.location)
        names.append(unique.take(image.name))
    for message in unlisted.messages():
        warnings.warn(message, CamcliWarning, stacklevel=2)
    return Listing(locations, names, labels, unlisted.left_out)


def holds_several(source: str) -> bool:
    """Return whether a name alone says that what it names is listed: an archive, a list, a URL."""
    suffix = container_suffix(source)
    return suffix is not None or is_url(source) or source.lower().endswith(_LIST_SUFFIX)


def refs_from_paths(paths: Iterable[str]) -> Iterator[ImageRef]:
    """Turn paths, as they arrive, into images to explain.

    The file system is not consulted: a path that does not exist becomes a failed image when it is
    decoded. A path that is repeated is explained again, under a numbered name.
    """
    unique = UniqueNames()
    for index, path in enumerate(paths):
        location = location_of(path)
        parts = location.parts if isinstance(location, Url) else _parts(path)
        yield ImageRef(index, location, unique.take(safe_name(parts)))


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


def _each_once(inputs: Sequence[str], output: Path | None, unlisted: Unlisted) -> Iterator[Picture]:
    """Yield every image once, and count in `unlisted` what is left out."""
    seen: set[tuple[str, ...]] = set()
    real_folder = functools.cache(os.path.realpath)
    texts = [text for source in inputs for text in _patterns(source)]
    alone = len(texts) == 1
    for source in texts:
        found, before = False, unlisted.left_out
        may_repeat = not alone or source.lower().endswith(_LIST_SUFFIX)
        for picture in _pictures(source, alone, output):
            found = found or picture.is_image
            # Most single inputs never yield an image twice, so a million need no second copy.
            if may_repeat and picture.refused is None:
                if (key := _identity(picture, real_folder)) in seen:
                    unlisted.repeated += picture.is_image
                    continue
                seen.add(key)
            if picture.is_image:
                yield picture
            else:
                unlisted.add(picture)
        if not found:
            raise InputError(_nothing_in(source, unlisted.left_out - before))


def _patterns(source: str) -> Iterator[str]:
    """Yield what a pattern with braces stands for; a file may be called like one."""
    return iter([source]) if os.path.lexists(source) else expanded(source)


def _identity(picture: Picture, real_folder: Callable[[str], str]) -> tuple[str, ...]:
    """Return what images have in common that are one.

    Only the folder of a file is resolved: a link beside its target is an image of its own.
    """
    location = unpacked(picture.location)
    if not isinstance(location, Path):
        return (picture.location,)
    folder, base = os.path.split(picture.location)
    return real_folder(folder), base, picture.suffix or ""


def _pictures(source: str, alone: bool, output: Path | None) -> Iterator[Picture]:
    """Yield what an input holds; `alone` where there is no other."""
    path = Path(source)
    try:
        if is_url(source):
            yield from pictures_at(Url(source), alone)
        elif path.is_dir():
            yield from _of_folder(source, "" if alone else _base_name(path), output)
        elif os.path.lexists(source):
            yield from _of_file(source, alone)
        elif has_magic(source):
            yield from _of_glob(source)
        else:
            raise InputError(f"no such file or folder: {source!r}")
    except OSError as error:
        raise InputError(f"cannot read {error.filename!r}: {error.strerror}") from None


def _of_folder(source: str, prefix: str, output: Path | None) -> Iterator[Picture]:
    files = dataset_files(Path(source))
    for file in files:
        below = file.relative_to(source).with_suffix("").parts if len(files) > 1 else ()
        yield from pictures_in(file, [prefix, *below])
    for path in () if files else walk_folder(source, output):
        name = safe_name([prefix, *_parts(path[len(source) :])])
        yield Picture(path, name, suffix=other_suffix(path), refused=unopened(path))


def _of_file(source: str, alone: bool) -> Iterator[Picture]:
    if not Path(source).is_file():
        yield Picture(source, safe_name(_parts(source)))
    elif container_suffix(source):
        yield from pictures_in(Path(source), [] if alone else [_stem(source)])
    elif source.lower().endswith(_LIST_SUFFIX):
        yield from listed_in(Path(source))
    else:
        yield Picture(source, safe_name(_parts(source)))


def _of_glob(pattern: str) -> Iterator[Picture]:
    for path in expand_glob(pattern):
        if container_suffix(path) and container_suffix(pattern):
            yield from pictures_in(Path(path), [*_parts(path)[:-1], _stem(path)])
        else:
            name = safe_name(_parts(path))
            yield Picture(path, name, suffix=other_suffix(path), refused=unopened(path))


def _stem(path: str) -> str:
    """Return what a file is called without the suffix of an archive or table."""
    name = _parts(path)[-1]
    return name[: -len(container_suffix(name) or "")]


def _nothing_in(source: str, others: Counter[str]) -> str:
    suffixes = Counter({what: count for what, count in others.items() if what.startswith(".")})
    left_out = [told(suffixes)] if suffixes else []
    left_out += [f"{count} left out, {why}" for why, count in (others - suffixes).items()]
    return ": ".join(
        [f"no image found in {source!r}", *(["; ".join(left_out)] if left_out else [])]
    )


def _base_name(folder: Path) -> str:
    return folder.resolve().name if folder.name in {"", ".."} else folder.name


def _parts(path: str) -> list[str]:
    return os.path.splitdrive(path)[1].replace(os.sep, "/").split("/")
