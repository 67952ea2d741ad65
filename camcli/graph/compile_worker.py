"""The process that compiles: `python -m camcli.graph.compile_worker EXPORTED PACKAGE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch


def main(exported: Path, package: Path) -> None:
    """Compile an exported trunk to a package, which appears whole or not at all."""
    os.nice(10)
    program = torch.export.load(exported)
    # Inductor insists on the suffix, and appends nothing to a name that has it.
    unfinished = package.with_name(f".{package.stem}-{os.getpid()}.pt2")
    try:
        with torch.no_grad():
            torch._inductor.aoti_compile_and_package(
                program, package_path=str(unfinished), inductor_configs={"freezing": True}
            )
        unfinished.replace(package)
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
