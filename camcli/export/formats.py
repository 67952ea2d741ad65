"""The table of formats that a run can be exported to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from camcli.comparison.entry import Entry
from camcli.export.coco_file import write_coco
from camcli.export.csv_file import write_csv
from camcli.export.exported import Exported
from camcli.export.fiftyone_file import write_fiftyone
from camcli.export.parquet_file import write_parquet

THRESHOLD = 0.5
"""Of a map's highest value; what lies above is the region that is proposed."""


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    Attributes:
        suffix: Of what it writes.
        thing: What `write` counts.
        write: Writes entries to a path, given the threshold; returns how much it wrote.
        writes_folder: Whether the path is a folder's.

    """

    suffix: str
    thing: str
    write: Callable[[Iterable[Entry], Path, float], Exported]
    writes_folder: bool = False


FORMATS = {
    "csv": ExportFormat(".csv", "row", lambda entries, path, _: Exported(write_csv(entries, path))),
    "parquet": ExportFormat(
        ".parquet", "row", lambda entries, path, _: Exported(write_parquet(entries, path))
    ),
    "coco": ExportFormat(".json", "annotation", write_coco),
    "fiftyone": ExportFormat(
        ".fiftyone",
        "heatmap",
        lambda entries, path, _: write_fiftyone(entries, path),
        writes_folder=True,
    ),
}
"""By the name that `--to` takes."""
