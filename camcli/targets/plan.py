"""Which classes to explain in each image, from the words a user writes."""

from __future__ import annotations

import csv
import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from camcli.errors import ImageError, TargetError, suggest
from camcli.models.prompts import PromptPlan
from camcli.records import ImageRef

_CLASS_COLUMNS = ("target", "class_index", "class", "class_name", "label")


@dataclass(frozen=True)
class ClassTable:
    """The classes of a network: how many, and their names where they are known."""

    size: int
    labels: tuple[str, ...] | None

    def name_of(self, index: int) -> str | None:
        """Return a class's name, None where names are not known."""
        return self.labels[index] if self.labels and index < len(self.labels) else None

    def index_of(self, word: str) -> int:
        """Return the class that a word names, by index or by (case-insensitive) name.

        Raises:
            TargetError: No class is meant, or more than one.

        """
        if re.fullmatch(r"\d+", word.strip()):
            index = int(word)
            if index >= self.size:
                raise TargetError(f"there is no class {index}: the network has {self.size}")
            return index
        if self.labels is None:
            raise TargetError(
                f"cannot look up the class {word!r}: the network's class names are not known; "
                f"give an index from 0 to {self.size - 1}"
            )
        wanted = _normal(word)
        found = [i for i, label in enumerate(self.labels) if _normal(label) == wanted]
        if len(found) > 1:
            raise TargetError(
                f"the name {word!r} belongs to several classes: give the index, "
                + " or ".join(map(str, found))
            )
        if not found:
            raise TargetError(f"there is no class {word!r}{suggest(word, self.labels)}")
        return found[0]


class _Rule(ABC):
    """One `--target`: which classes it asks for in an image."""

    @abstractmethod
    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:
        """Return the class indices for an image with these logits, (N,)."""


@dataclass(frozen=True)
class _Top(_Rule):
    count: int

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        best: list[int] = logits.topk(min(self.count, len(logits))).indices.tolist()
        return best


@dataclass(frozen=True)
class _Positive(_Rule):
    """Every class that a network of independent classes finds more likely than not."""

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:
        found: list[int] = (logits > 0).nonzero().flatten().tolist()
        if not found:
            raise TargetError(f"no class has a positive score in {ref.name}")
        return found


@dataclass(frozen=True)
class _Fixed(_Rule):
    index: int

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        return [self.index]


@dataclass(frozen=True)
class _Folder(_Rule):
    table: ClassTable

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        return [self.table.index_of(ref.path.parent.name)]


@dataclass(frozen=True)
class _Listed(_Rule):
    source: Path
    by_image: dict[str, list[int]]

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        for key in (ref.name, str(ref.path), ref.path.name):
            if key in self.by_image:
                return self.by_image[key]
        raise TargetError(f"{self.source} names no class for {ref.name}")


@dataclass(frozen=True)
class _Prompts(_Rule):
    """Every prompt, or those that a file has for the image."""

    plan: PromptPlan

    def classes(self, ref: ImageRef, logits: Tensor) -> Sequence[int]:  # noqa: ARG002
        return self.plan.places(ref)


class TargetPlan:
    """The classes to explain, image by image."""

    def __init__(
        self, specs: Sequence[str], table: ClassTable, prompts: PromptPlan | None = None
    ) -> None:
        """Understand what the user wrote.

        Args:
            specs: Each `topN`, `positive` (every class with a logit above 0, for networks whose
                classes do not exclude each other), a class index or name, `folder`, `@file.csv`,
                or `prompts`.
            table: The network's classes.
            prompts: What its classes are, of a dual encoder.

        Raises:
            TargetError: Naming every target that cannot be understood.

        """
        self.table = table
        self._rules: list[_Rule] = []
        complaints = []
        for spec in specs:
            try:
                self._rules.append(_rule(spec.strip(), table, prompts))
            except TargetError as error:
                complaints.append(f"target {spec!r}: {error}")
        if complaints:
            raise TargetError("\n".join(complaints))

    @property
    def many(self) -> bool:
        """Whether an image can have more than one target, so that files carry the class."""
        return len(self._rules) > 1 or any(
            (
                isinstance(rule, _Listed)
                and any(len(listed) > 1 for listed in rule.by_image.values())
            )
            or (isinstance(rule, _Top) and rule.count > 1)
            or (isinstance(rule, _Positive) and self.table.size > 1)
            or (isinstance(rule, _Prompts) and rule.plan.many)
            for rule in self._rules
        )

    def classes(self, ref: ImageRef, logits: Tensor) -> list[int]:
        """Return the classes to explain in one image, each once, in the order asked for.

        Args:
            ref: The image.
            logits: (N,), its scores, on the CPU.

        Raises:
            ImageError: Nothing names this image's class.

        """
        try:
            asked = [index for rule in self._rules for index in rule.classes(ref, logits)]
        except TargetError as error:
            raise ImageError(str(error)) from None
        return list(dict.fromkeys(asked))


def _rule(spec: str, table: ClassTable, prompts: PromptPlan | None) -> _Rule:
    top = re.fullmatch(r"top(\d+)", spec)
    if top:
        if not 1 <= int(top[1]) <= table.size:
            raise TargetError(f"the network has {table.size} classes")
        return _Top(int(top[1]))
    if spec == "positive":
        return _Positive()
    if spec == "prompts":
        if prompts is None:
            raise TargetError("the network has classes, and there are no prompts to be targets")
        return _Prompts(prompts)
    if spec == "folder":
        return _Folder(table)
    if spec.startswith("@"):
        return _Listed(Path(spec[1:]), _read_listing(Path(spec[1:]), table))
    return _Fixed(table.index_of(spec))


def _read_listing(path: Path, table: ClassTable) -> dict[str, list[int]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            column = next((c for c in _CLASS_COLUMNS if c in (reader.fieldnames or ())), None)
            if column is None or "image" not in (reader.fieldnames or ()):
                raise TargetError(
                    f"{path} needs a header with 'image' and one of {', '.join(_CLASS_COLUMNS)}"
                )
            listed: dict[str, list[int]] = defaultdict(list)
            for row in reader:
                listed[row["image"] or ""].append(table.index_of(row[column] or ""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TargetError(f"cannot read {path}: {error}") from None
    return dict(listed)


def _normal(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
