"""A run as a FiftyOne dataset on disk, which `fiftyone.Dataset.from_dir` loads."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from camcli.comparison.entry import Entry, Map
from camcli.errors import InputError
from camcli.export.exported import FAILED, NO_MAP, Exported
from camcli.export.fiftyone_documents import (
    dataset_document,
    field_of_map,
    field_of_target,
    label_document,
    sample_document,
)
from camcli.output.atomic import write_bytes
from camcli.output.render import placed_levels
from camcli.storage.reading import found_at
from camcli.system.file_digest import file_digest

_MAPS = "fields"
_HIGHEST = 255


def write_fiftyone(entries: Iterable[Entry], path: Path) -> Exported:
    """Write a folder of the type `fiftyone.types.FiftyOneDataset`; return how many maps it has.

    An image is a sample, which names the file where it lies and holds no copy. It has a
    classification for each of its targets and a heatmap for each map. As FiftyOne lays a heatmap
    over the whole image, a map is drawn where it belongs in the upright image, 0 around it.

    Args:
        entries: The rows.
        path: The folder, which does not exist or is empty.

    Raises:
        InputError: A map cannot be read or is negative somewhere, or an image is not there any more
            as it was explained.
        OSError: The folder cannot be written.

    """
    labels: dict[str, str] = {}
    count, left_out = 0, Counter[str]()
    with _written_whole(path) as folder:
        samples = []
        for number, rows in enumerate(_by_image(entries), start=1):
            found = dict(_labels(folder, number, rows))
            labels |= {name: label["_cls"] for name, label in found.items()}
            count += sum(label["_cls"] == "Heatmap" for label in found.values())
            left_out.update(_why_not(row) for row in rows if not row.row.get("map"))
            samples.append(_sample(rows) | found)
        _write_json(folder / "metadata.json", dataset_document(labels))
        _write_json(folder / "samples.json", {"samples": samples})
    return Exported(count, left_out)


def _why_not(row: Entry) -> str:
    return FAILED if row.status == "failed" else NO_MAP


@contextmanager
def _written_whole(path: Path) -> Iterator[Path]:
    """Yield a folder with a place for maps, which comes to be `path` if all goes well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=path.parent))
    try:
        (staging / _MAPS).mkdir()
        yield staging
        # A temporary folder is open to its owner alone, any other as the user has it.
        staging.chmod((staging / _MAPS).stat().st_mode)
        staging.replace(path)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _by_image(entries: Iterable[Entry]) -> Iterable[Sequence[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.image, []).append(entry)
    return found.values()


def _sample(rows: Sequence[Entry]) -> dict[str, Any]:
    errors = [error for row in rows if (error := row.row.get("error"))]
    return sample_document(
        rows[0].image,
        str(_image_path(rows[0])),
        tags=sorted({row.status for row in rows} - {"ok"}),
        error="; ".join(f"{error['type']}: {error['message']}" for error in errors) or None,
    )


def _labels(
    folder: Path, number: int, rows: Sequence[Entry]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Write the maps of an image, and yield each of its labels with its field."""
    explained = [row for row in rows if row.target]
    places = {key: n for n, key in enumerate(dict.fromkeys(row.key for row in explained), start=1)}
    for row in explained:
        place = places[row.key]
        field = field_of_target(place)
        yield field, label_document("Classification", row.image, field, **_classified(row))
        values = row.read_map()
        if values is None:
            continue
        field = field_of_map(str(row.row.get("method", "map")), place)
        # An image's name may be anything, a number is a file's name everywhere.
        name = f"{_MAPS}/{field}/{number:06d}.png"
        write_bytes(folder / name, _png(row, values))
        shown = {"label": row.target_name, "map_path": name, "range": [0, _HIGHEST]}
        yield field, label_document("Heatmap", row.image, field, **shown)


def _classified(row: Entry) -> dict[str, Any]:
    """Return the class itself, also where the map compares it or shows what speaks against it."""
    target = row.target
    return {
        "label": str(target["index"] if target.get("name") is None else target["name"]),
        "confidence": target.get("probability"),
        "score": target.get("score"),
        "completeness_error": row.row.get("completeness_error"),
    }


def _image_path(entry: Entry) -> Path:
    """Return where an image lies; one that was explained must still be what it was."""
    given = entry.row.get("path")
    if given is None:
        raise InputError(
            "FiftyOne shows the images themselves, and a frozen run does not say where they are: "
            "export the output folder"
        )
    if not isinstance(found_at(given), Path):
        raise InputError(
            f"FiftyOne shows the images themselves, and {given} is no file of its own: export a "
            "run over the folder that the archive was made of, or that the store was copied to"
        )
    path = Path(given).absolute()
    if entry.digest is None:
        return path
    try:
        digest = file_digest(path)
    except OSError as error:
        raise InputError(
            f"FiftyOne shows the images themselves, and {path} cannot be read "
            f"({error.strerror}): export where they are, in the folder that the run was started in"
        ) from None
    if digest != entry.digest:
        raise InputError(
            f"{path} is not the image that was explained any more: explain it again with --resume"
        )
    return path


def _png(entry: Entry, values: Map) -> bytes:
    """Return a map over its upright image, 8-bit; one with values above 1 is scaled to have 1."""
    if values.min() < 0:
        raise InputError(
            f"the map of {entry.image} has values below 0, which FiftyOne's heatmaps have no "
            "colours for: export a run of maps without a sign"
        )
    geometry = entry.geometry
    if geometry is None:
        raise InputError(f"the row of {entry.image} does not say where in the image its map lies")
    size = geometry.width, geometry.height
    scaled = values / np.float32(max(1.0, values.max()))
    region, levels = placed_levels(size, geometry, scaled)
    whole = Image.new("L", size)
    whole.paste(levels.image, region)
    file = io.BytesIO()
    whole.save(file, "PNG")
    return file.getvalue()


def _write_json(path: Path, content: Any) -> None:
    write_bytes(path, json.dumps(content, ensure_ascii=False, allow_nan=False).encode())
