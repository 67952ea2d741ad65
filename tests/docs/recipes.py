"""CONTRIBUTING.md's recipes, followed to the letter in a copy of the repository."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SECTION = re.compile(r"^## ((?:A|An) .+)$", re.MULTILINE)
_BLOCK = re.compile(
    r"^`([^`]+)`(?:, below `([^`]+)`)?:\n\n```(?:python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """One code block: a new file, or lines that go below the first line with some words."""

    path: str
    below: str | None
    code: str

    def put_into(self, tree: Path) -> None:
        """Do to a copy of the repository what the recipe says."""
        file = tree / self.path
        if self.below is None:
            assert not file.exists()
            file.write_text(self.code, encoding="utf-8")
            return
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        place = next(i for i, line in enumerate(lines) if line.lstrip().startswith(self.below))
        lines.insert(place + 1, self.code)
        file.write_text("".join(lines), encoding="utf-8")


def recipes() -> dict[str, tuple[Block, ...]]:
    """Return the blocks of every recipe by its heading."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, *parts = _SECTION.split(text)
    return {
        title: tuple(Block(path, below or None, code) for path, below, code in _BLOCK.findall(body))
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }


def copy_of_repository(folder: Path) -> Path:
    """Copy what the tests of a recipe need."""
    for name in ("camcli", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder
