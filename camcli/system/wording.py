"""Small pieces of messages."""

from __future__ import annotations


def counted_as(number: int, thing: str) -> str:
    """Return a number of things: `1 image`, `2 images`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
