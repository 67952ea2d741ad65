"""A file of prompts, for every image or for the image that each line names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from camcli.errors import PromptError
from camcli.models.text_files import read_columns, read_text


@dataclass(frozen=True)
class PromptLine:
    """A prompt in a file.

    Attributes:
        number: Of its line, from 1.
        prompt: The text, which may be empty.
        image: What the image is called that it belongs to, None for every image.
        unread: The columns or fields of the line that say something else.

    """

    number: int
    prompt: str
    image: str | None = None
    unread: tuple[str, ...] = ()


def read_prompts(path: Path) -> list[PromptLine]:
    """Read `.csv` and `.jsonl` with an image and a prompt a line, others with a prompt a line.

    Raises:
        PromptError: The file cannot be read, or a line is not what the suffix says.

    """
    text = read_text(path, f"the prompts in {path}", PromptError)
    suffix = path.suffix.lower()
    if suffix == ".tsv":
        raise PromptError(f"{path}: columns are read from .csv, with commas; .tsv is not read")
    if suffix == ".csv":
        rows = read_columns(text, str(path), (("image",), ("prompt",)), PromptError)
        return [
            PromptLine(
                row.line, prompt=row.values[1], image=row.values[0], unread=_unread(row.cells)
            )
            for row in rows
        ]
    if suffix in (".jsonl", ".ndjson"):
        return list(_from_json_lines(text, path))
    lines = enumerate(text.splitlines(), start=1)
    return [PromptLine(number, line) for number, line in lines if line.strip()]


def _from_json_lines(text: str, path: Path) -> Iterator[PromptLine]:
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
        yield PromptLine(number, prompt, image, _unread(content))


def _unread(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in fields if name not in ("image", "prompt"))


def _fields(content: object) -> tuple[str | None, str | None]:
    if not isinstance(content, Mapping):
        return None, None
    image, prompt = content.get("image"), content.get("prompt")
    return (
        image if isinstance(image, str) else None,
        prompt if isinstance(prompt, str) else None,
    )
