"""What a file that may be a zip archive holds."""

from __future__ import annotations

import zipfile
from pathlib import Path


def names_in_zip(path: Path) -> list[str]:
    """Return the names of an archive's members; none of a file that is no archive, or a broken one.

    What reads the file as what it claims to be says what is wrong with it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError):
        return []
