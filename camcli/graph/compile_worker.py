"""The process that compiles: `python -m camcli.graph.compile_worker EXPORTED PACKAGE`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Thread

import torch

from camcli.graph.packages import being_made

_SECONDS_BETWEEN_LOOKS = 1.0


def main(exported: Path, package: Path) -> None:
    """Compile an exported trunk to a package, which appears whole or not at all."""
    os.nice(10)
    Thread(target=_end_with_the_parent, args=(os.getppid(),), daemon=True).start()
    program = torch.export.load(exported)
    with torch.no_grad(), being_made(package) as archive:
        torch._inductor.aoti_compile_and_package(
            program, package_path=str(archive), inductor_configs={"freezing": True}
        )


def _end_with_the_parent(parent: int) -> None:
    """End this process when the run that wanted the package is gone, however it ended."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
