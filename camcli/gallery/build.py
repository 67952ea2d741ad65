"""A page of runs, from the runs to the folder it is in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from camcli import __version__
from camcli.errors import OutputError
from camcli.gallery.items import ShownRun, items_of
from camcli.gallery.parts import ITEMS_PER_PART, Vocabulary, columns, details, script
from camcli.gallery.pictures import Pictures
from camcli.output.atomic import write_bytes
from camcli.system.control_characters import harmless
from camcli.system.wording import counted_as

SIDE = 640
"""The longest side of originals, in pixels."""

NO_TRUTH: Mapping[str, str] = MappingProxyType({})

_PAGE = "index.html"
_STATIC = ("gallery.js", "gallery.css")


@dataclass(frozen=True)
class Gallery:
    """What was made.

    Attributes:
        page: The file to open.
        items: How many places it has.
        missing: How many images could not be read, so that their maps are shown without them.
        changed: The same of images whose bytes are no longer those that were explained.
        unmapped: How many rows were explained and have kept no map to show.

    """

    page: Path
    items: int
    missing: int
    changed: int = 0
    unmapped: int = 0

    def lines(self) -> Iterator[str]:
        """Yield what the page does not show, and why, a line each."""
        if self.missing:
            yield f"{self.missing} originals could not be read: their maps are shown without them"
        if self.changed:
            yield (
                f"{self.changed} originals changed since they were explained: their maps are shown "
                "without them"
            )
        if self.unmapped:
            yield (
                f"{counted_as(self.unmapped, 'explained row')} kept no map, and the page draws "
                "from maps: the images are shown alone; explain again with --save maps"
            )


def build_gallery(
    runs: Sequence[ShownRun],
    folder: Path,
    truth: Mapping[str, str] = NO_TRUTH,
    side: int = SIDE,
    on_items: Callable[[int, int], object] = lambda _done, _all: None,
) -> Gallery:
    """Make a page of runs; pictures that an earlier page in the folder has are kept.

    Args:
        runs: Side by side, in this order.
        folder: Where to make it.
        truth: The true class of images, by name, where it is known.
        side: The longest side of originals, in pixels; 0 for none.
        on_items: Called with how many items are done, and how many there are.

    Raises:
        OutputError: The folder holds something else, or cannot be written to.
        InputError: A map cannot be read.

    """
    _refuse_other_content(folder)
    items = items_of(runs)
    pictures = Pictures(folder, tuple(run.colormap for run in runs), side)
    classes = Vocabulary()
    starts = range(0, len(items), ITEMS_PER_PART)
    try:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for part, start in enumerate(starts):
                shown = items[start : start + ITEMS_PER_PART]
                drawn = []
                for done, made in enumerate(pool.map(pictures.of, shown), start=start + 1):
                    drawn.append(made)
                    on_items(done, len(items))
                content = columns(shown, drawn, truth, classes)
                _write(folder, f"rows/{part}.js", script("galleryRows", part, content))
                detail = script("galleryDetails", part, details(shown, drawn))
                _write(folder, f"rows/{part}.details.js", detail)
        _write_page(folder, runs, len(items), len(starts), classes)
    except OSError as error:
        raise OutputError(f"cannot write the page in {folder}: {error}") from None
    return Gallery(
        folder / _PAGE, len(items), pictures.missing, pictures.changed, pictures.unmapped
    )


def _refuse_other_content(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: choose a folder with -o")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "gallery.js").is_file():
        raise OutputError(f"{folder} is not empty and holds no report: choose another folder")
    shutil.rmtree(folder / "rows", ignore_errors=True)


def _write_page(
    folder: Path, runs: Sequence[ShownRun], items: int, parts: int, classes: Vocabulary
) -> None:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    source = files("camcli.gallery")
    for name in _STATIC:
        _write(folder, name, (source / "static" / name).read_bytes())
    about = {
        "runs": [run.name for run in runs],
        "items": items,
        "parts": parts,
        "itemsPerPart": ITEMS_PER_PART,
        "classes": classes.words,
    }
    _write(folder, "rows/about.js", script("galleryAbout", 0, about))
    environment = Environment(
        loader=PackageLoader("camcli.gallery"), autoescape=True, undefined=StrictUndefined
    )
    template = environment.get_template("index.html")
    title = harmless(", ".join(run.name for run in runs))
    page = template.render(title=title, version=__version__, several=len(runs) > 1)
    # Last, so that a page that is there is whole.
    _write(folder, _PAGE, page.encode("utf-8", "replace"))


def _write(folder: Path, name: str, data: bytes) -> None:
    write_bytes(folder / name, data)
