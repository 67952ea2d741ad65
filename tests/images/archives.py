"""Archives and tables that tests make of folders, and of what is hostile."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def files_in(folder: Path) -> list[tuple[str, bytes]]:
    """Return the files below a folder with their paths in it, sorted as folders are walked."""
    files = (file for file in folder.rglob("*") if file.is_file())
    found = [(file.relative_to(folder).as_posix(), file.read_bytes()) for file in files]
    return sorted(found, key=lambda entry: entry[0].split("/"))


def write_tar(path: Path, members: Iterable[tuple[str | tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: Path, members: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    return path


def table_of(members: Iterable[tuple[str, bytes]], names: Iterable[str] = ()) -> pa.Table:
    """Return a table as Hugging Face's libraries have it; the labels count the rows."""
    members, names = list(members), list(names)
    features: Mapping[str, object] = {
        "image": {"_type": "Image"},
        "label": {"names": names, "_type": "ClassLabel"} if names else {"_type": "Value"},
    }
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    images = [{"bytes": data, "path": name} for name, data in members]
    table = pa.table({"image": images, "label": list(range(len(images)))})
    return table.replace_schema_metadata(metadata)


def write_parquet(path: Path, table: pa.Table) -> Path:
    pq.write_table(table, path, row_group_size=3)
    return path


def save_to_disk(folder: Path, parts: Iterable[pa.Table]) -> Path:
    """Write a dataset as Hugging Face's `save_to_disk` does."""
    folder.mkdir(parents=True)
    files = []
    for number, part in enumerate(parts):
        name = f"data-{number:05d}.arrow"
        with pa.ipc.new_stream(folder / name, part.schema) as writer:
            writer.write_table(part)
        files.append({"filename": name})
    (folder / "state.json").write_text(json.dumps({"_data_files": files}))
    (folder / "dataset_info.json").write_text("{}")
    return folder
