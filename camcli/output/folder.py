"""The output folder: who may use it, and what is in it already."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from camcli.errors import OutputError
from camcli.output import manifest
from camcli.output.atomic import write_bytes

RUN_FILE = "run.json"
_ARTEFACT_FOLDERS = ("maps", "overlays", "components", "sheets")


class IfExists(Enum):
    """What to do with an output folder that is not empty."""

    REFUSE = "refuse"
    RESUME = "resume"
    OVERWRITE = "overwrite"


@dataclass(frozen=True)
class Earlier:
    """What an earlier run into the same folder left behind.

    Attributes:
        done: Names of the pictures that need not be explained again.
        counts: How many of their rows have each status.

    """

    done: frozenset[str] = frozenset()
    counts: Mapping[str, int] | None = None


def open_folder(
    folder: Path, if_exists: IfExists, described: Mapping[str, Any], rows_per_image_vary: bool
) -> Earlier:
    """Make an output folder ready for a run.

    Args:
        folder: Made if missing.
        if_exists: What to do where it holds something.
        described: What determines the results of this run; a run that is resumed must match.
        rows_per_image_vary: Whether pictures can have several rows.

    Raises:
        OutputError: The folder is in use, cannot be written to, or holds another run.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
        if not occupied:
            return Earlier()
        if if_exists is IfExists.OVERWRITE:
            _clear(folder)
            return Earlier()
        if if_exists is IfExists.RESUME:
            return _resume(folder, described, rows_per_image_vary)
    except (NotADirectoryError, FileExistsError):
        raise OutputError(f"{folder} is not a folder") from None
    except OSError as error:
        raise OutputError(f"cannot use the output folder {folder}: {error}") from None
    raise OutputError(
        f"the output folder {folder} is not empty: give --resume to go on with the run in it, "
        "--overwrite to replace it, or another folder with -o"
    )


def write_run(folder: Path, record: Mapping[str, Any]) -> None:
    """Write `run.json`, whole or not at all."""
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(folder / RUN_FILE, f"{text}\n".encode())


def _clear(folder: Path) -> None:
    """Remove what camcli writes, and nothing else."""
    for name in (manifest.FILE_NAME, RUN_FILE):
        (folder / name).unlink(missing_ok=True)
    for name in _ARTEFACT_FOLDERS:
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            shutil.rmtree(folder / name)


def _resume(folder: Path, described: Mapping[str, Any], rows_per_image_vary: bool) -> Earlier:
    _refuse_another_run(folder, described)
    rows = manifest.repair(folder / manifest.FILE_NAME, rows_per_image_vary)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    incomplete = {row["image"] for row in rows if not _artefacts_exist(folder, row)}
    if incomplete:
        raise OutputError(
            f"files of {len(incomplete)} pictures that {folder / manifest.FILE_NAME} lists are "
            f"gone ({', '.join(sorted(incomplete)[:3])}): start again with --overwrite"
        )
    return Earlier(frozenset(row["image"] for row in rows), counts)


def _refuse_another_run(folder: Path, described: Mapping[str, Any]) -> None:
    path = folder / RUN_FILE
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))["described"]
    except (OSError, ValueError, KeyError, TypeError):
        raise OutputError(
            f"{folder} holds no camcli run to resume ({RUN_FILE} is missing or unreadable)"
        ) from None
    mine = _flat(json.loads(json.dumps(described)))
    theirs = _flat(earlier)
    changed = [key for key in {**theirs, **mine} if mine.get(key) != theirs.get(key)]
    if changed:
        differences = "\n".join(
            f"  {key}: {theirs.get(key)!r} then, {mine.get(key)!r} now" for key in changed
        )
        raise OutputError(
            f"the run in {folder} was another one, and cannot be resumed as this:\n{differences}"
        )


def _artefacts_exist(folder: Path, row: Mapping[str, Any]) -> bool:
    components = row.get("components") or {}
    paths = [row.get("map"), row.get("overlay"), components.get("path"), components.get("sheet")]
    return all((folder / path).is_file() for path in paths if path)


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict):
        return {prefix.rstrip("."): tree}
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.")
    return flat or {prefix.rstrip("."): {}}
