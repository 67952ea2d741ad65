"""Which texts an image is asked about: from flags, files and templates to a plan."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from camcli.config import PromptsConfig
from camcli.errors import PromptError, TargetError
from camcli.records import ImageRef

PLACE = "{}"
"""What a template has where the prompt goes."""


@dataclass(frozen=True)
class Prompt:
    """What an image is asked about.

    Attributes:
        name: As the user wrote it.
        texts: What the text encoder reads: the name itself, or the name in each template.

    """

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class PromptPlan:
    """The prompts of a run, each once, and which of them belong to which image.

    Attributes:
        prompts: All of them; their places are the classes of the network.
        shared: Places of those that every image is asked about.
        by_image: Places of further ones that an image, by name or path, has for itself.
        source: The file that says so.

    """

    prompts: tuple[Prompt, ...]
    shared: tuple[int, ...]
    by_image: Mapping[str, Sequence[int]] = field(default_factory=dict)
    source: Path | None = None

    @property
    def many(self) -> bool:
        """Whether an image can have more than one prompt."""
        most = max(map(len, self.by_image.values()), default=0)
        return len(self.shared) + most > 1

    def places(self, ref: ImageRef) -> list[int]:
        """Return the places of an image's prompts, each once.

        Raises:
            TargetError: It has none.

        """
        keys = (ref.name, str(ref.path), ref.path.name)
        own = next((self.by_image[key] for key in keys if key in self.by_image), ())
        if not self.shared and not own:
            raise TargetError(f"{self.source} has no prompt for {ref.name}")
        return list(dict.fromkeys([*self.shared, *own]))


def plan_prompts(config: PromptsConfig) -> PromptPlan | None:
    """Read the prompts that a configuration names, None where it names none.

    Raises:
        PromptError: A file cannot be read or is not what its suffix says, or a prompt is empty.

    """
    listed = None if config.file is None else list(_read(Path(config.file)))
    if listed is None and not config.texts:
        return None
    places: dict[str, int] = {}

    def place_of(text: str, where: str) -> int:
        if not text.strip():
            raise PromptError(f"{where} is empty: write what the image is to be asked about")
        return places.setdefault(text.strip(), len(places))

    shared = [place_of(text, f"prompt {n}") for n, text in enumerate(config.texts, start=1)]
    by_image: dict[str, list[int]] = defaultdict(list)
    for line in listed or ():
        place = place_of(line.prompt, f"the prompt in line {line.number} of {config.file}")
        (shared if line.image is None else by_image[line.image]).append(place)
    if not places:
        raise PromptError(f"there is no prompt in {config.file}")
    return PromptPlan(
        prompts=tuple(Prompt(name, _filled(name, config.templates)) for name in places),
        shared=tuple(dict.fromkeys(shared)),
        by_image=dict(by_image),
        source=None if config.file is None else Path(config.file),
    )


def _filled(name: str, templates: Sequence[str]) -> tuple[str, ...]:
    return tuple(template.replace(PLACE, name) for template in templates) or (name,)


@dataclass(frozen=True)
class _Line:
    number: int
    prompt: str
    image: str | None = None


def _read(path: Path) -> Iterator[_Line]:
    """Read a file: `.csv` and `.jsonl` with an image and a prompt a line, else a prompt a line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"cannot read the prompts in {path}: {error}") from None
    if path.suffix == ".csv":
        return _from_csv(text, path)
    if path.suffix in (".jsonl", ".ndjson"):
        return _from_json_lines(text, path)
    lines = enumerate(text.splitlines(), start=1)
    return (_Line(number, line) for number, line in lines if line.strip())


def _from_csv(text: str, path: Path) -> Iterator[_Line]:
    reader = csv.DictReader(text.splitlines())
    header = reader.fieldnames or ()
    if "image" not in header or "prompt" not in header:
        raise PromptError(
            f"{path} needs a header with image and prompt; it has {', '.join(header) or 'none'}"
        )
    for row in reader:
        yield _Line(reader.line_num, row["prompt"] or "", row["image"] or "")


def _from_json_lines(text: str, path: Path) -> Iterator[_Line]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise PromptError(f"line {number} of {path} is not JSON: {error}") from None
        image, prompt = _fields(content)
        if image is None or prompt is None:
            raise PromptError(
                f'line {number} of {path} must be {{"image": "a/cat.jpg", "prompt": "a cat"}}'
            )
        yield _Line(number, prompt, image)


def _fields(content: object) -> tuple[str | None, str | None]:
    if not isinstance(content, Mapping):
        return None, None
    image, prompt = content.get("image"), content.get("prompt")
    return (
        image if isinstance(image, str) else None,
        prompt if isinstance(prompt, str) else None,
    )
