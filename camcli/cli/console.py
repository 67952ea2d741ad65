"""Print messages without letting an untrusted file name or label control the terminal."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from camcli.system.control_characters import harmless


def say(text: str) -> None:
    """Write a message to stderr; if nobody reads that any more, it is dropped silently."""
    with suppress(BrokenPipeError, ValueError):
        sys.stderr.write(f"{harmless(text)}\n")
        sys.stderr.flush()


def silent(_text: str) -> None:
    """Print nothing, in place of `say`."""


def abandon_stdout() -> None:
    """Discard whatever is still to be written to stdout, which can no longer be written to."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
