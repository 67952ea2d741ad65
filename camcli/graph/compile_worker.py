"""The process that compiles: `python -m camcli.graph.compile_worker EXPORTED PACKAGE`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from torch import Tensor

from camcli.graph.packages import being_made
from camcli.graph.trial import timed

_SECONDS_BETWEEN_LOOKS = 1.0
_ROUNDS = 5

Mode = Mapping[str, Any]

# How Inductor may go about it. On a CPU one way was always the fastest. On a GPU it depends on the
# network and the GPU whether constants are worth folding in and kernels worth searching for.
_MODES: dict[str, Sequence[Mode]] = {
    "cpu": ({"freezing": True},),
    "cuda": (
        {},
        {"freezing": True},
        {"freezing": True, "max_autotune": True, "coordinate_descent_tuning": True},
    ),
}


def main(exported: Path, package: Path) -> None:
    """Compile an exported trunk to a package, which appears whole or not at all."""
    os.nice(10)
    Thread(target=_end_with_the_parent, args=(os.getppid(),), daemon=True).start()
    program = torch.export.load(exported)
    (example,), _ = program.example_inputs
    with torch.no_grad(), being_made(package) as archive:
        made = list(_archives(program, _MODES[example.device.type], archive))
        fastest = made[0] if len(made) == 1 else min(made, key=lambda path: _cost(path, example))
        fastest.rename(archive)


def _archives(
    program: torch.export.ExportedProgram, modes: Sequence[Mode], archive: Path
) -> Iterator[Path]:
    """Compile in every mode, each to an archive of the same name in a folder of its own.

    Raises:
        Exception: Whatever the compiler raised in the last mode, if it worked in none.
    """
    refused: Exception | None = None
    succeeded = False
    for number, mode in enumerate(modes):
        path = archive.parent / str(number) / archive.name
        path.parent.mkdir()
        try:
            torch._inductor.aoti_compile_and_package(
                program, package_path=str(path), inductor_configs=dict(mode)
            )
        except Exception as error:  # of any kind: what a mode needs may be missing here
            refused = error
        else:
            succeeded = True
            yield path
    if refused is not None and not succeeded:
        raise refused


def _cost(archive: Path, example: Tensor) -> float:
    """Return the seconds that a batch takes at best, after one that is not counted."""
    run: Callable[[Tensor], tuple[Tensor, ...]] = torch._inductor.aoti_load_package(str(archive))
    run(example)
    return min(timed(run, example)[1] for _ in range(_ROUNDS))


def _end_with_the_parent(parent: int) -> None:
    """End this process when the run that wanted the package is gone, however it ended."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
