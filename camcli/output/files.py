"""The names of what lies in an output folder beside the artefacts themselves.

A run over the whole listing writes `manifest.jsonl` and `run.json`; shard 0 of 4 writes
`manifest.0-of-4.jsonl` and `run.0-of-4.json`, until `camcli merge` joins them. While a run works,
its lock and its unfinished files are in `.camcli/`.
"""

from __future__ import annotations

import re
from pathlib import Path

from camcli.config.artefacts import ARTEFACT_KINDS
from camcli.records import WHOLE, Shard

STATE_FOLDER = ".camcli"

_SHARD_FILE = re.compile(r"(?:manifest|run)\.(\d+)-of-(\d+)\.jsonl?")


def artefact_folders() -> frozenset[str]:
    """Return the names of the folders that artefacts are in."""
    return frozenset(kind.folder for kind in ARTEFACT_KINDS.values())


def manifest_path(folder: Path, shard: Shard = WHOLE) -> Path:
    """Return where the manifest of a run, or of one shard, is."""
    return folder / f"manifest{_label(shard)}.jsonl"


def run_path(folder: Path, shard: Shard = WHOLE) -> Path:
    """Return where the record of a run, or of one shard, is."""
    return folder / f"run{_label(shard)}.json"


def lock_path(folder: Path, shard: Shard = WHOLE) -> Path:
    """Return where a run says that it is at work."""
    return folder / STATE_FOLDER / f"lock{_label(shard)}"


def staging_path(folder: Path, shard: Shard = WHOLE) -> Path:
    """Return where a run keeps files until they are whole."""
    return folder / STATE_FOLDER / f"staging{_label(shard)}"


def shards_in(folder: Path) -> frozenset[Shard]:
    """Return the shards that have left a manifest or a record in a folder."""
    found = (_SHARD_FILE.fullmatch(path.name) for path in folder.iterdir())
    return frozenset(Shard(int(match[1]), int(match[2])) for match in found if match)


def _label(shard: Shard) -> str:
    return "" if shard.count == 1 else f".{shard.index}-of-{shard.count}"
