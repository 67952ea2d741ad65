"""When two spellings of a class name mean the same class."""

from __future__ import annotations


def folded(name: str) -> str:
    """Return a class name without what its spellings differ in: case, spaces, underscores."""
    return " ".join(name.replace("_", " ").casefold().split())
