"""Show a result in the desktop's own viewer, or say where it is."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from camcli.cli.console import say

_REMOTE = ("SSH_CONNECTION", "SSH_TTY")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_result(result: Path, fragment: str = "") -> None:
    """Open a page or a folder; where that cannot be done, say why and where it is.

    Nothing depends on whether it could be opened: the result is there.

    Args:
        result: What to open.
        fragment: What stands behind the `#` of a page's address.

    """
    place = f"{result}#{fragment}" if fragment else str(result)
    reason = why_not(os.environ, sys.platform)
    if reason is None:
        address = result.resolve().as_uri()
        if webbrowser.open(f"{address}#{fragment}" if fragment else address):
            say(f"opened {place}")
            return
        reason = "no viewer could be started"
    say(f"not opened ({reason}): {place}")


def why_not(environment: Mapping[str, str], platform: str) -> str | None:
    """Return why nothing can be shown here, None where it can.

    `BROWSER` says that it can, whatever else is missing: it may well reach another machine.
    """
    if environment.get("BROWSER"):
        return None
    if any(environment.get(name) for name in _REMOTE):
        return "this is a remote session; BROWSER may name a command that opens it"
    own_display = platform in ("darwin", "win32")
    if not own_display and not any(environment.get(name) for name in _DISPLAYS):
        return "there is no display; BROWSER may name a command that opens it"
    return None
