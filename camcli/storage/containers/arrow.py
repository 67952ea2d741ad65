"""Arrow files with a column of images, as Hugging Face's `datasets` keeps them on disk."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO, ClassVar

import pyarrow as pa

from camcli.errors import ImageError
from camcli.storage.containers.base import ContainerError
from camcli.storage.containers.columns import columns_of
from camcli.storage.containers.entry import Entry
from camcli.storage.containers.parquet import image_in

_FILE_MAGIC = b"ARROW1"


class Arrow:
    """A stream or file of Arrow; see `Container`. An entry's name is the number of its row.

    A local file is mapped into memory: only the rows that are read come in.
    """

    of_images: ClassVar[bool] = True

    def __init__(self, file: BinaryIO) -> None:
        is_file = file.read(len(_FILE_MAGIC)) == _FILE_MAGIC
        file.seek(0)
        try:
            local = isinstance(getattr(file, "name", None), str)
            source = pa.memory_map(file.name) if local else pa.PythonFile(file)
            reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
            batches = reader.read_all().to_batches()
            for batch in batches:  # whose offsets could point anywhere
                batch.validate(full=True)
        except (pa.ArrowException, OSError) as error:
            raise ContainerError(f"it is damaged, cut off or no Arrow file: {error}") from None
        self._columns = columns_of(reader.schema)
        self._batches = [batch for batch in batches if batch.num_rows]
        self._starts = [0, *accumulate(batch.num_rows for batch in self._batches)]

    def entries(self) -> Iterator[Entry]:
        """Yield the rows; see `Container.entries`."""
        columns = self._columns
        kept = {column.partition(".")[0] for column in columns.listed}
        for batch, start in zip(self._batches, self._starts, strict=False):
            few = pa.table(
                {name: _without_bytes(batch.column(name)) for name in sorted(kept)}
            ).to_pylist()
            rows = few or [{}] * batch.num_rows
            yield from (columns.entry(start + place, row) for place, row in enumerate(rows))

    def read(self, name: str, span: tuple[int, int] | None, most: int) -> bytes:  # noqa: ARG002
        """Return the image in a row; see `Container.read`."""
        number = int(name)
        if not 0 <= number < self._starts[-1]:
            raise ImageError("the table has no such row")
        place = bisect_right(self._starts, number) - 1
        cell = self._batches[place].column(self._columns.image)[number - self._starts[place]]
        return image_in(cell.as_py(), most)


def _without_bytes(column: pa.Array) -> pa.Array:
    if not pa.types.is_struct(column.type):
        return column
    return pa.StructArray.from_arrays([column.field("path")], ["path"])
