"""`run.json`: what a run was, and how far it came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camcli.errors import InputError, OutputError
from camcli.output.atomic import write_bytes
from camcli.output.files import run_path, staging_path
from camcli.output.identity import Wording, refuse_unless_same
from camcli.records import WHOLE, Shard

RUN_SCHEMA = 1
"""The version of `run.json` of `camcli explain`; a field that is added leaves it as it is."""

_FORMER_KEYS = {"described": "fingerprint"}


def write_run(folder: Path, record: Mapping[str, Any], shard: Shard = WHOLE) -> None:
    """Write `run.json`, whole or not at all; the folder must be held with `folder.at_work`.

    Args:
        folder: The output folder.
        record: JSON-ready; `fingerprint` is what determines the results of the run.
        shard: The shard that the run works on.

    Raises:
        OSError: It could not be written; an older record is still there.

    """
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    staging = staging_path(folder, shard)
    write_bytes(run_path(folder, shard), f"{text}\n".encode(), staging, durable=True)


def read_run(folder: Path, shard: Shard = WHOLE) -> dict[str, Any]:
    """Return the record of a run, under today's keys where an older version wrote it.

    Raises:
        OutputError: There is none, or it cannot be understood.
        InputError: A later version of camcli wrote it, and it may mean something else.

    """
    path = run_path(folder, shard)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stored = None
    fields: dict[str, Any] = stored if isinstance(stored, dict) else {}
    record = {_FORMER_KEYS.get(key, key): value for key, value in fields.items()}
    if not isinstance(record.get("fingerprint"), dict):
        raise OutputError(
            f"{folder} holds no camcli run to go on with ({path.name} is missing or unreadable)"
        )
    schema = record.get("schema", RUN_SCHEMA)  # of records from before they were numbered
    if schema != RUN_SCHEMA:
        raise InputError(
            f"{path} is a record of version {schema!r}, and this camcli reads version "
            f"{RUN_SCHEMA}: read it with the version that wrote it, camcli {record.get('camcli')}"
        )
    return record


def refuse_another_run(folder: Path, fingerprint: Any, recorded: Mapping[str, Any]) -> None:
    """Compare the fingerprint of a run with the one that a folder's record holds.

    Raises:
        OutputError: They differ; the message names the keys.

    """
    wording = Wording(
        f"the run in {folder} was another one, and cannot be resumed as this",
        "then",
        "now",
        "Give what was given then, replace the run with --overwrite, or choose another folder "
        "with -o",
    )
    refuse_unless_same(recorded, fingerprint, wording)


def refuse_another_shard(
    folder: Path, fingerprint: Any, shard: Shard, recorded: Mapping[str, Any]
) -> None:
    """Compare the fingerprint of a shard with the one that another shard's record holds.

    Raises:
        OutputError: They differ; the message names the keys.

    """
    wording = Wording(
        f"the shards in {folder} are another run's than this one",
        f"in shard {shard.index}/{shard.count}",
        "here",
        "Give what was given for the other shards, or choose another folder with -o",
    )
    refuse_unless_same(recorded, fingerprint, wording)
