"""When two spellings of a class name mean the same class."""

from __future__ import annotations

import unicodedata


def folded(name: str) -> str:
    """Return a class name without what its spellings differ in.

    These are case, spaces, underscores, and how an accent is encoded: file systems take `é` apart.
    """
    text = unicodedata.normalize("NFC", name.replace("_", " ").casefold())
    return " ".join(text.split())
