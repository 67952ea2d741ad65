"""What a run reports while it works: a bar on a terminal, lines elsewhere, rows as JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from types import TracebackType

from tqdm import tqdm

from camcli.cli.console import abandon_stdout, say
from camcli.output.manifest import to_line
from camcli.output.manifest_row import ManifestRow
from camcli.system.control_characters import harmless

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Progress on stderr and, where asked for, manifest rows on stdout."""

    def __init__(self, total: int | None, rows_to_stdout: bool, quiet: bool) -> None:
        """Start the clock, and the bar if there is a terminal.

        Args:
            total: Number of images, or None if it is not known.
            rows_to_stdout: Whether to print each row as a JSON line.
            quiet: Whether to say nothing on stderr.

        """
        self._rows_to_stdout = rows_to_stdout
        self._total = total
        self._done = 0
        self._start = self._last_line = time.monotonic()
        self._lines = not quiet and not sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            unit="image",
            file=sys.stderr,
            disable=quiet or self._lines,
            dynamic_ncols=True,
        )

    def on_rows(self, rows: Sequence[ManifestRow]) -> None:
        """Report the rows of one finished image.

        Raises:
            BrokenPipeError: Nobody reads the rows any more; later ones are not written.
            OSError: They cannot be written.

        """
        self._done += 1
        self._bar.update()
        for complaint in dict.fromkeys(_complaints(rows)):
            self._complain(complaint)
        if self._lines and time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._say_line()
        if self._rows_to_stdout:
            self._print(rows)

    def _print(self, rows: Sequence[ManifestRow]) -> None:
        try:
            sys.stdout.write("".join(f"{to_line(row)}\n" for row in rows))
            sys.stdout.flush()
        except OSError:
            self._rows_to_stdout = False
            abandon_stdout()
            raise

    def _complain(self, text: str) -> None:
        if self._lines:
            say(text)
        elif not self._bar.disable:
            self._bar.write(harmless(text), file=sys.stderr)

    def _say_line(self) -> None:
        self._last_line = time.monotonic()
        rate = self._done / (self._last_line - self._start)
        of_total = "" if self._total is None else f" of {self._total}"
        left = "" if self._total is None else f", {(self._total - self._done) / rate:.0f} s left"
        say(f"{self._done}{of_total} images, {rate:.1f}/s{left}")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()


def _complaints(rows: Sequence[ManifestRow]) -> Iterator[str]:
    """Yield why an image has no map; of several methods, which of them found none."""
    several = len({row.method for row in rows}) > 1
    for row in rows:
        if row.error is not None:
            by = f" by {row.method}" if several and row.status == "degenerate" else ""
            message = row.error.message.replace("\n", "\\n")
            yield f"{row.path}: {row.status}{by}: {message}"
