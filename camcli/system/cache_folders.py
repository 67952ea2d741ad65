"""Where camcli keeps what it would rather not compute again."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def cache_folder(kind: str) -> Path:
    """Return the folder of one kind of cached data: `camcli/KIND` in the user's cache folder.

    On Linux the user's cache folder is `$XDG_CACHE_HOME`, by default `~/.cache`. The folder is not
    made.
    """
    return platformdirs.user_cache_path("camcli", appauthor=False) / kind
