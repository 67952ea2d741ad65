"""Parquet files with a column of images."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, chain, islice
from typing import Any, BinaryIO, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from camcli.errors import ImageError
from camcli.storage.containers.base import ContainerError, ElsewhereError
from camcli.storage.containers.columns import bytes_in, columns_of
from camcli.storage.containers.entry import Entry

# Rows are decoded together, so many that it is fast and so few that their images fit in memory.
_ROWS_AT_ONCE = 16
_LISTED_AT_ONCE = 8192


class Parquet:
    """A Parquet file; see `Container`. An entry's name is the number of its row."""

    of_images: ClassVar[bool] = True

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._file = pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            raise ContainerError(f"it is damaged, cut off or no Parquet file: {error}") from None
        self._columns = columns_of(self._file.schema_arrow)
        groups = (self._file.metadata.row_group(i) for i in range(self._file.num_row_groups))
        self._starts = [0, *accumulate(group.num_rows for group in groups)]
        self._next = 0
        self._rows: Iterator[Any] | None = None

    def entries(self) -> Iterator[Entry]:
        """Yield the rows; see `Container.entries`."""
        columns = self._columns
        if not columns.listed:
            yield from (columns.entry(number, {}) for number in range(self._starts[-1]))
            return
        batches = self._file.iter_batches(_LISTED_AT_ONCE, columns=columns.listed)
        try:
            rows = chain.from_iterable(batch.to_pylist() for batch in batches)
            yield from (columns.entry(number, row) for number, row in enumerate(rows))
        except (pa.ArrowException, OSError) as error:
            raise ContainerError(f"it is damaged: {error}") from None

    def read(self, name: str, span: tuple[int, int] | None, most: int) -> bytes:  # noqa: ARG002
        """Return the image in a row; see `Container.read`."""
        number = int(name)
        if not 0 <= number < self._starts[-1]:
            raise ImageError("the table has no such row")
        try:
            return image_in(self._row(number), most)
        except (pa.ArrowException, OSError) as error:
            raise ImageError(f"the row cannot be read: {error}") from None

    def _row(self, number: int) -> Any:
        """Go on to a row, from the start of its group where it lies behind or in another one."""
        group = bisect_right(self._starts, number) - 1
        start = self._starts[group]
        if self._rows is None or not start <= self._next <= number:
            self._next, self._rows = start, self._images(group)
        ahead = number - self._next
        self._next = number + 1
        return next(islice(self._rows, ahead, None)).as_py()

    def _images(self, group: int) -> Iterator[Any]:
        later = list(range(group, self._file.num_row_groups))
        column = self._columns.image
        for batch in self._file.iter_batches(_ROWS_AT_ONCE, row_groups=later, columns=[column]):
            yield from batch.column(0)


def image_in(cell: Any, most: int) -> bytes:
    """Return the bytes of an image in a cell of a table.

    Raises:
        ElsewhereError: It has a path instead.
        ImageError: It has neither, or more bytes than `most`.

    """
    data, path = bytes_in(cell)
    if data is None and path:
        raise ElsewhereError(path)
    if not data:
        raise ImageError("the row holds no image")
    if len(data) > most:
        raise ImageError(f"the row has {len(data)} bytes; the limit is {most}")
    return data
