"""Print messages without letting an untrusted file name or label control the terminal."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

# Control characters move the cursor, rename the window or answer queries; the direction marks
# make `gpj.exe` look like `exe.jpg`. Lone surrogates stand for bytes that were not UTF-8.
_UNRULY = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    r"""Return text whose control characters are spelt out (`\x1b`), all but newline and tab."""
    return _UNRULY.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def say(text: str) -> None:
    """Write a message to stderr; if nobody reads that any more, it is dropped silently."""
    with suppress(BrokenPipeError, ValueError):
        sys.stderr.write(f"{harmless(text)}\n")
        sys.stderr.flush()


def counted_as(number: int, thing: str) -> str:
    """Return a number of things: `1 image`, `2 images`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def silent(_text: str) -> None:
    """Print nothing, in place of `say`."""


def abandon_stdout() -> None:
    """Discard whatever is still to be written to stdout, which can no longer be written to."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
