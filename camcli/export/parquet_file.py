"""A run as Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from camcli.comparison.entry import Entry
from camcli.errors import CamcliError
from camcli.export.columns import COLUMNS, values_of
from camcli.output.atomic import write_bytes
from camcli.system.distribution import install_command


def write_parquet(entries: Iterable[Entry], path: Path) -> int:
    """Write one row a row, each column with its type and nullable; return how many.

    Raises:
        CamcliError: pyarrow is missing.
        OSError: The file cannot be written.

    """
    arrow, parquet = _pyarrow()
    types = {str: arrow.string(), int: arrow.int64(), float: arrow.float64()}
    schema = arrow.schema([(name, types[kind]) for name, (kind, _) in COLUMNS.items()])
    table = arrow.Table.from_pylist([values_of(entry.row) for entry in entries], schema=schema)
    file = io.BytesIO()
    parquet.write_table(table, file)
    write_bytes(path, file.getvalue())
    return int(table.num_rows)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CamcliError(f"--to parquet needs pyarrow: {install_command('parquet')}") from None
    return pyarrow, pyarrow.parquet
