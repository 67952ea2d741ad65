"""The pages of the repository's root, copied to where they stand on the site."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).parents[2]
_NAMES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")


def write_root_pages(folder: Path) -> None:
    """Write the root's pages into a folder of `docs/`, their links turned to match."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        text = (_ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](../")
        for other in _NAMES:
            text = text.replace(f"]({other}", f"]({other.lower()}")
        (folder / name.lower()).write_text(text, encoding="utf-8")
