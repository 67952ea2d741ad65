"""The files of a dataset that Hugging Face's `datasets` keeps in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from camcli.errors import InputError

_STATE = "state.json"
_SPLITS = "dataset_dict.json"
_INFO = "dataset_info.json"
# What `map` and `filter` keep beside a dataset, for themselves.
_DERIVED = "cache-"


def dataset_files(folder: Path) -> Sequence[Path]:
    """Return the tables of a dataset in their order, none where the folder is no dataset.

    That is what `save_to_disk` wrote, of one split or of several, or a folder of the cache.

    Raises:
        InputError: It says that it is one, and not what belongs to it.

    """
    try:
        if (folder / _SPLITS).is_file():
            splits = _read(folder / _SPLITS)["splits"]
            return [file for split in splits for file in _of_split(folder / str(split))]
        if (folder / _STATE).is_file():
            return _of_split(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"cannot read the dataset in {folder}: {error!r}") from None
    if not (folder / _INFO).is_file():
        return []
    files = sorted(folder.glob("*.arrow"))
    return [file for file in files if not file.name.startswith(_DERIVED)]


def _of_split(folder: Path) -> list[Path]:
    # A name only: a dataset that somebody sends must not open other files.
    return [folder / Path(file["filename"]).name for file in _read(folder / _STATE)["_data_files"]]


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
