"""The reference pages: `python -m docs.generate` writes them, `--check` compares them.

They are made from the commands, the configuration, the tables of methods, rules and metrics, the
model sources, so that none of them is said twice. They are kept in the repository, where they can
be read without building anything; the API pages are made when the site is.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from camcli.comparison.report.document import diff_schema
from camcli.evaluation.record import evaluation_run_schema
from camcli.evaluation.report.document import evaluation_schema
from camcli.evaluation.rows import evaluation_row_schema
from camcli.output.row_schema import row_schema
from camcli.run.run_document import run_schema
from docs.tables.commands import commands_page
from docs.tables.configuration import configuration_page
from docs.tables.manual import manual
from docs.tables.methods import methods_page
from docs.tables.metrics import metrics_page
from docs.tables.models import models_page
from docs.tables.rules import rules_page
from docs.tables.targets import targets_page

FOLDER = Path(__file__).parent / "reference"
_SHOWN = 40  # lines of a difference


def pages() -> Mapping[str, str]:
    """Return every generated page by its file name."""
    return {
        "commands.md": commands_page(),
        "camcli.1": manual(),
        "configuration.md": configuration_page(),
        "methods.md": methods_page(),
        "rules.md": rules_page(),
        "metrics.md": metrics_page(),
        "models.md": models_page(),
        "targets.md": targets_page(),
        "row.schema.json": _json(row_schema()),
        "run.schema.json": _json(run_schema()),
        "evaluation_row.schema.json": _json(evaluation_row_schema()),
        "evaluation.schema.json": _json(evaluation_schema()),
        "evaluation_run.schema.json": _json(evaluation_run_schema()),
        "diff.schema.json": _json(diff_schema()),
    }


def _json(content: object) -> str:
    return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n"


def write(folder: Path) -> None:
    """Write all pages into a folder and delete the pages that nothing makes any more."""
    wanted = pages()
    for path in _pages_in(folder) - wanted.keys():
        (folder / path).unlink()
    for path, text in wanted.items():
        (folder / path).write_text(text, encoding="utf-8")


def stale(folder: Path) -> list[str]:
    """Return how the pages in a folder differ from what they should be, as lines of a diff."""
    wanted = pages()
    lines: list[str] = []
    for path in sorted(wanted.keys() | _pages_in(folder)):
        file = folder / path
        found = file.read_text(encoding="utf-8") if file.exists() else ""
        old, new = found.splitlines(), wanted.get(path, "").splitlines()
        lines += difflib.unified_diff(old, new, f"{path} (kept)", f"{path} (made)", lineterm="")
    return lines


def _pages_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix in {".md", ".json", ".1"}}


def main(argv: Sequence[str] | None = None) -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if they differ")
    if not parser.parse_args(argv).check:
        write(FOLDER)
        return 0
    difference = stale(FOLDER)
    if difference:
        print(*difference[:_SHOWN], sep="\n", file=sys.stderr)
        more = len(difference) - _SHOWN
        cut = f" ({more} more lines)" if more > 0 else ""
        print(f"docs/reference is stale{cut}: run `make reference`", file=sys.stderr)
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
