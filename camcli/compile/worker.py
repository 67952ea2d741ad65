"""The process that compiles: `python -m camcli.compile.worker EXPORTED PACKAGE`.

With `--tf32`, everything that it times may use TF32, as the run does.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from camcli.compile.package_file import LoadedPackage, being_made, load_package
from camcli.compile.trial import timed

_SECONDS_BETWEEN_CHECKS = 1.0
_ROUNDS = 4

Mode = Mapping[str, Any]

# Inductor's settings worth trying. On a CPU one was always the fastest. On a GPU it depends on the
# network and the GPU whether folding constants in and searching for kernels pays.
MODES: Mapping[str, Sequence[Mode]] = {
    "cpu": ({"freezing": True},),
    "cuda": (
        {},
        {"freezing": True},
        {"freezing": True, "max_autotune": True, "coordinate_descent_tuning": True},
    ),
}


def main() -> None:
    """Compile at low priority, for as long as the process that asked for it lives."""
    parser = argparse.ArgumentParser()
    parser.add_argument("exported", type=Path)
    parser.add_argument("package", type=Path)
    parser.add_argument("--tf32", action="store_true")
    options = parser.parse_args()
    os.nice(10)
    Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    torch.set_flush_denormal(True)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.tf32
    compile_to(options.package, torch.export.load(options.exported))


@torch.no_grad()
def compile_to(package: Path, program: ExportedProgram) -> None:
    """Compile an exported trunk in the fastest mode; the package appears whole or not at all.

    Where there are several modes, they take turns at the batch that was exported.

    Args:
        package: Where to put the result.
        program: The trunk, with the batch it was exported on.

    Raises:
        Exception: Whatever the compiler raised, if it worked in no mode.
    """
    assert program.example_inputs is not None
    (example,), _ = program.example_inputs
    if example.is_cuda:
        torch.cuda.set_device(example.device)
    with being_made(package, example.device) as archive:
        _fastest(_compiled(program, example, archive), example).rename(archive)


def _compiled(
    program: ExportedProgram, example: Tensor, archive: Path
) -> dict[Path, LoadedPackage]:
    """Compile in every mode, each to an archive of the same name in a folder of its own.

    Raises:
        Exception: What went wrong in the last mode, if none gave anything that runs.
    """
    found: dict[Path, LoadedPackage] = {}
    for number, mode in enumerate(MODES[example.device.type]):
        path = archive.parent / str(number) / archive.name
        path.parent.mkdir()
        try:
            torch._inductor.aoti_compile_and_package(
                program, package_path=str(path), inductor_configs=dict(mode)
            )
            run = load_package(path, example.device)
            run(example)
        except Exception as error:  # of any kind: what a mode needs may be missing here
            failure = error
        else:
            found[path] = run
    if not found:
        raise failure
    return found


def _fastest(runs: Mapping[Path, LoadedPackage], example: Tensor) -> Path:
    """Return the key of what runs a batch in the least time."""
    if len(runs) == 1:
        return next(iter(runs))
    best = dict.fromkeys(runs, math.inf)
    for _ in range(_ROUNDS + 1):  # the first of which warms up, and is never the best
        for name, run in runs.items():
            best[name] = min(best[name], timed(run, example)[1])
    return min(best, key=lambda name: best[name])


def end_with_parent(parent: int) -> None:
    """End this process once the run that started it is gone, however that ended."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_CHECKS)
    os._exit(1)


if __name__ == "__main__":
    main()
