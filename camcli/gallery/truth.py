"""The true classes of images, as a user states them for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from camcli.errors import InputError
from camcli.gallery.items import ShownRun
from camcli.models.image_lookup import AmbiguousImageError
from camcli.models.listed_images import ListedImages
from camcli.models.text_files import read_columns, read_text, whole_number
from camcli.records import ImageRef
from camcli.targets.class_names import folded
from camcli.targets.synsets import are_of_imagenet, imagenet_synsets

_COLUMNS = ("target", "class_index", "class", "class_name", "label")


@dataclass(frozen=True)
class StatedTruth:
    """What was stated, and how much of it was of use.

    Attributes:
        by_image: The true class's name, by the image's name in the run.
        told: What the user should know of the file, a line each.

    """

    by_image: Mapping[str, str]
    told: Sequence[str] = ()


def read_truth(stated: str, runs: Sequence[ShownRun]) -> StatedTruth:
    """Read the true classes: `folder`, the folder that an image lies in, or a CSV file.

    Classes are named as for `--target`: by name, which counts before an index, by WordNet id where
    the run's names are ImageNet's, or by `index:2`. Images are matched as those of a `@file.csv`.

    Raises:
        InputError: The file cannot be read, lacks a column, gives an image two classes, or names no
            image of the runs; or no folder names a class.

    """
    classes = _ExplainedClasses({index: name for run in runs for index, name in _explained_in(run)})
    images = {
        entry.image: Path(str(entry.row.get("path", "")) or entry.image)
        for run in runs
        for entry in run.entries
    }
    if stated == "folder":
        return StatedTruth(_by_folder(images, classes))
    return _by_listing(Path(stated), images, classes)


def _explained_in(run: ShownRun) -> Iterator[tuple[int, str]]:
    for entry in run.entries:
        if entry.target:
            index, name = entry.target["index"], entry.target.get("name")
            yield index, str(index) if name is None else name


@dataclass(frozen=True)
class _ExplainedClasses:
    """The classes that the runs have explained, their names by index."""

    names: Mapping[int, str]

    def called(self, word: str) -> str | None:
        """Return the name of the class that a word means, None where that is not known."""
        spelling, _, rest = word.partition(":")
        if spelling == "index" and whole_number(rest) is not None:
            return self.numbered(rest)
        if word in self.names.values():
            return word
        return self._by_spelling.get(folded(word)) or self._by_synset.get(folded(word))

    def numbered(self, text: str) -> str | None:
        """Return the name of the class of an index."""
        index = whole_number(text)
        return None if index is None else self.names.get(index, str(index))

    def by_number(self, word: str) -> str | None:
        """Return the name of the class whose index a word is, None where it may be a name.

        It may be where classes are called by numbers that are not their own: the names of those
        that were not explained are not known.
        """
        called_by_numbers = any(
            whole_number(name) not in (None, index) for index, name in self.names.items()
        )
        return None if called_by_numbers else self.numbered(word)

    @cached_property
    def _by_spelling(self) -> Mapping[str, str]:
        return {folded(name): name for name in self.names.values()}

    @cached_property
    def _by_synset(self) -> Mapping[str, str]:
        if not are_of_imagenet(self.names):
            return {}
        return {imagenet_synsets()[index]: name for index, name in self.names.items()}


def _by_folder(images: Mapping[str, Path], classes: _ExplainedClasses) -> dict[str, str]:
    folders = {image: PurePosixPath(path).parent.name for image, path in images.items()}
    if not any(map(classes.called, set(folders.values()))):
        raise InputError(
            "--truth folder: no folder of the images has the name of an explained class, such as "
            f"{next(iter(sorted(classes.names.values())), 'none')!r}; the first image lies in "
            f"{next(iter(folders.values()), '')!r}"
        )
    return {image: classes.called(name) or name for image, name in folders.items() if name}


def _by_listing(path: Path, images: Mapping[str, Path], classes: _ExplainedClasses) -> StatedTruth:
    names: dict[str, int] = {}
    by_image: dict[str, list[int]] = {}
    for image, name in _read_listing(path, classes):
        by_image.setdefault(image, []).append(names.setdefault(name, len(names)))
    listed, known = ListedImages(str(path), by_image), list(names)
    refs = [ImageRef(place, images[image], image) for place, image in enumerate(images)]
    listed.expect(refs)
    found, doubtful = {}, []
    for ref in refs:
        try:
            stated = {known[place] for place in listed.of(ref) or ()}
        except AmbiguousImageError as error:
            doubtful.append(str(error))
            continue
        if len(stated) > 1:
            raise InputError(f"{path} gives {ref.name} two classes: {' and '.join(sorted(stated))}")
        if stated:
            found[ref.name] = stated.pop()
    if not found:
        raise InputError(
            f"{path} names none of the images: it has {next(iter(by_image), 'no line')!r}, the "
            f"run has {next(iter(images), 'none')!r}"
        )
    return StatedTruth(found, (*listed.use().lines(), *doubtful))


def _read_listing(path: Path, classes: _ExplainedClasses) -> Iterator[tuple[str, str]]:
    text = read_text(path, str(path), InputError)
    for row in read_columns(text, str(path), (("image",), _COLUMNS), InputError):
        column = next(name for name in _COLUMNS if name in row.cells)
        word = row.values[1].strip()
        if column == "class_index":
            name = classes.numbered(word)
            if name is None:
                raise InputError(f"line {row.line} of {path}: {word!r} is no class index")
        else:
            name = classes.called(word) or classes.by_number(word) or word
        yield row.values[0], name
