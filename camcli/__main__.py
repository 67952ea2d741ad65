"""The process that `camcli` and `python -m camcli` are: the command line, begun and ended quickly.

A process that loads PyTorch makes some four hundred thousand objects that live until it ends.
Python would look through them again and again while they come, and once more, then freeing them one
by one, before it goes: together a second and a half of every command.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import NoReturn

# Objects made before Python looks for garbage again (its own 700 to 2,000 suit small programs),
# and how much rarer it looks through those that survived.
_COLLECT_AFTER = (100_000, 20, 20)


def run() -> NoReturn:
    """Run the command line as a process of its own, and end it."""
    gc.set_threshold(*_COLLECT_AFTER)
    ending = _QuickEnd()
    # After these two, which concern whatever it makes and registers.
    from camcli.cli import main

    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    ending.code = code
    sys.exit(code)


class _QuickEnd:
    """Ends the process, after all else that is done at its exit, without taking Python apart.

    Attributes:
        code: The exit code; as long as there is none, as in the middle of an exception that nobody
            expected, Python ends in its own way.

    """

    def __init__(self) -> None:
        """Get in line; what is registered first is called last."""
        self.code: int | None = None
        atexit.register(self._end)

    def _end(self) -> None:
        if self.code is None:
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # Python says so, and has a code for it
        os._exit(self.code)


if __name__ == "__main__":
    run()
