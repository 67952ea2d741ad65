"""Say things on a terminal without letting a stranger's file name or label speak to it."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

# Control characters move the cursor, rename the window or answer queries; the direction marks
# make `gpj.exe` look like `exe.jpg`. Lone surrogates stand for bytes that were no UTF-8.
_UNRULY = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    r"""Return text whose control characters are spelt out (`\x1b`), all but newline and tab."""
    return _UNRULY.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def say(text: str) -> None:
    """Write a message on stderr; where nobody reads that any more, it is lost without a word."""
    with suppress(BrokenPipeError, ValueError):
        sys.stderr.write(f"{harmless(text)}\n")
        sys.stderr.flush()


def silent(_text: str) -> None:
    """Say nothing, in the place of `say`."""


def abandon_stdout() -> None:
    """Send to nowhere what is still to be written to stdout, which takes nothing any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
