"""Runs in miniature: what they leave in their output folder, with one image for every letter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camcli.output.atomic import write_bytes
from camcli.output.files import manifest_path
from camcli.output.folder import FolderPolicy, open_folder, sort_manifest
from camcli.output.manifest import Manifest, read_rows
from camcli.output.manifest_row import ErrorInfo, ManifestRow
from camcli.output.record import write_run
from camcli.output.resume import ResumeState
from camcli.records import WHOLE, ImageRef, Shard

FINGERPRINT = {"model": {"name": "demo"}, "targets": ["top1"]}


@dataclass(frozen=True)
class Use:
    """What `camcli.output.folder.FolderUse` asks for."""

    folder_policy: FolderPolicy = FolderPolicy.REFUSE
    retry_failed: bool = False
    shard: Shard = WHOLE


RESUME = Use(FolderPolicy.RESUME)
OVERWRITE = Use(FolderPolicy.OVERWRITE)


def run_record(state: str = "finished", images: int = 0) -> dict[str, Any]:
    return {
        "state": state,
        "fingerprint": FINGERPRINT,
        "started": "2026-01-01",
        "images": images,
        "rows": {"ok": images, "degenerate": 0, "failed": 0},
        "seconds": {"total": 1.0, "explain": 0.5},
    }


def explain_image(folder: Path, name: str, status: str = "ok") -> ManifestRow:
    """Write what an image leaves behind, and return its row."""
    if status != "ok":
        return ManifestRow(name, name, "failed", "m", "l", ErrorInfo("ImageError", "broken"))
    data = f"map of {name}".encode()
    write_bytes(folder / "maps" / f"{name}.npy", data)
    digest = {"map": hashlib.sha256(data).hexdigest()}
    return ManifestRow(name, name, "ok", "m", "l", map=f"maps/{name}.npy", sha256=digest)


def run(
    folder: Path,
    names: str,
    use: Use = Use(),
    failing: str = "",
    state: str = "finished",
    fingerprint: dict[str, Any] = FINGERPRINT,
    vary: bool = False,
) -> ResumeState:
    """Do what a run does, with one image for every letter."""
    with open_folder(folder, use, fingerprint, vary) as resume_state:
        write_run(folder, run_record("running") | {"fingerprint": fingerprint}, use.shard)
        order = {}
        with Manifest(manifest_path(folder, use.shard)) as manifest:
            for place, name in enumerate(names):
                order[name] = place
                if not resume_state.holds(ImageRef(place, Path(name), name)):
                    manifest.append(
                        [explain_image(folder, name, "failed" if name in failing else "ok")]
                    )
        if state == "finished":
            sort_manifest(folder, use, order)
        write_run(folder, run_record(state, len(names)) | {"fingerprint": fingerprint}, use.shard)
    return resume_state


def names_in(folder: Path) -> str:
    return "".join(row["image"] for row in read_rows(folder / "manifest.jsonl"))


def use_of_shard(index: int, count: int, folder_policy: FolderPolicy = FolderPolicy.REFUSE) -> Use:
    return Use(folder_policy, shard=Shard(index, count))
