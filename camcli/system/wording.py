"""Small pieces of messages."""

from __future__ import annotations

from collections.abc import Collection

_EXAMPLES = 3


def counted_as(number: int, thing: str, things: str | None = None) -> str:
    """Return a number of things: `1 image`, `2 images`."""
    return f"{number} {thing}" if number == 1 else f"{number} {things or f'{thing}s'}"


def examples_of(names: Collection[str]) -> str:
    """Return the first of some names in their order: `a, b, c and 2 more`."""
    shown = ", ".join(sorted(names)[:_EXAMPLES])
    more = len(names) - _EXAMPLES
    return f"{shown} and {more} more" if more > 0 else shown
