"""The process that `camcli` and `python -m camcli` are: the command line, and a quick end.

A process that has loaded PyTorch holds some four hundred thousand objects. Python would look
through them once more and free them one by one before it goes, for most of a second; the system
frees them all at once.
"""

from __future__ import annotations

import atexit
import os
import sys


def run() -> None:
    """Run the command line as a process of its own, and end it."""
    ending = _QuickEnd()
    # Only now, for whatever it registers for the exit must come after, to be called before.
    from camcli.cli import main

    try:
        main()
    except SystemExit as stop:
        ending.code = stop.code if isinstance(stop.code, int) else None
        raise


class _QuickEnd:
    """Ends the process, once what camcli has registered for it is done, without taking it apart.

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
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:  # as where it was closed by who started the process
                    stream.flush()
        except (OSError, ValueError):
            return  # Python says so, and has a code for it
        os._exit(self.code)


if __name__ == "__main__":
    run()
