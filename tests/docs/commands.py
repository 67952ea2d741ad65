"""The command lines that the pages show, as a reader would type them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md")))

_BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"^ {4}(camcli .*)$", re.MULTILINE)
_CAMCLI = re.compile(r"(?:^|\|\s*|\$ )(camcli [^|]*)")


def commands() -> dict[str, list[str]]:
    """Return the arguments of every `camcli` line of the pages, by the line, in order."""
    lines = (line for page in PAGES for line in _lines(page.read_text(encoding="utf-8")))
    found = (match[1].strip() for line in lines if (match := _CAMCLI.search(line)))
    return {line: shlex.split(line, comments=True)[1:] for line in found}


def _lines(text: str) -> Iterator[str]:
    for block in _BLOCK.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from _INDENTED.findall(text)
