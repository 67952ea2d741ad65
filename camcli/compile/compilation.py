"""Compile a trunk once and keep the result on disk: Inductor, ahead of time, weights frozen in.

Compilation runs in a process of its own, so that a stream of images goes on meanwhile, and ends
in a package that any later run of the same network, batch size and precision loads at once.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.packages import (
    discard,
    is_refuted,
    load,
    mark_used,
    package_path,
    promote,
    refute,
    untried,
)

_WORKER = "camcli.compile.worker"


class CompiledTrunk:
    """A compiled trunk: images (B, 3, H, W) -> (activation, *bypass), float32 outside.

    It is compiled for one batch size. More images are taken in parts, fewer are filled up; half of
    them or fewer, as when memory has run out, are run uncompiled.
    """

    def __init__(self, package: Path, trunk: InferenceTrunk, example: Tensor) -> None:
        """Load a package that was made for batches like `example`.

        Raises:
            RuntimeError: The package is broken, or was made for another machine.
        """
        # It would tell, every time, that there is no CUDA on a machine without it.
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        self._run: Any = load(package, example.device)
        self._trunk = trunk
        self._batch_size = len(example)

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the trunk on any number of float32 images."""
        parts = [self._run_part(part) for part in images.split(self._batch_size)]
        if len(parts) == 1:
            return parts[0]
        by_output = zip(self._trunk.batch_dims, *parts, strict=True)
        return tuple(torch.cat(outputs, dim) for dim, *outputs in by_output)

    def _run_part(self, images: Tensor) -> tuple[Tensor, ...]:
        missing = self._batch_size - len(images)
        if missing >= len(images):
            return self._trunk(images)
        filled = torch.cat([images, images[-1:].expand(missing, -1, -1, -1)]) if missing else images
        outputs = zip(self._run(self._trunk.prepared(filled)), self._trunk.batch_dims, strict=True)
        return tuple(output.narrow(dim, 0, len(images)).float() for output, dim in outputs)


class Compilation:
    """One trunk being compiled in the background."""

    def __init__(self, trunk: InferenceTrunk, example: Tensor, asked: bool) -> None:
        """Prepare to compile for batches like `example`; nothing is started yet.

        Args:
            trunk: What to compile.
            example: A batch of the size that it is compiled for.
            asked: Whether the user wants it whether it proves faster or not.
        """
        self._trunk = trunk
        self._example = example
        self._asked = asked
        self._package = package_path(trunk, example)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def package(self) -> Path:
        """Where the result is, or will be."""
        if self._asked or self._package.exists():
            return self._package
        return untried(self._package)

    @property
    def ready(self) -> bool:
        """Whether the package is there, from this run or an earlier one."""
        return self.package.exists() and not self.refuted

    @property
    def proved(self) -> bool:
        """Whether nobody has to find out any more if the package is faster than the trunk."""
        return self.package == self._package

    @property
    def refuted(self) -> bool:
        """Whether this run or an earlier one found that compiling brings nothing."""
        return not self._asked and is_refuted(self._package)

    @property
    def started(self) -> bool:
        """Whether the compiler was started, however that went."""
        return self._process is not None

    @property
    def running(self) -> bool:
        """Whether the compiler is at work."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start compiling in a process of its own, at low priority.

        Raises:
            OSError: The cache folder cannot be written to.
        """
        self.package.parent.mkdir(parents=True, exist_ok=True)
        self._scratch = tempfile.TemporaryDirectory(prefix="camcli-compile-")
        exported = Path(self._scratch.name) / "trunk.pt2"
        prepared = self._trunk.prepared(self._example)
        with torch.no_grad(), warnings.catch_warnings():
            # Of weights that share memory, which ours do not need to.
            warnings.simplefilter("ignore", UserWarning)
            torch.export.save(torch.export.export(self._trunk.module, (prepared,)), exported)
        atexit.register(self.close)
        command = [sys.executable, "-m", _WORKER, str(exported), str(self.package)]
        command += ["--tf32"] * torch.backends.cudnn.allow_tf32
        with (Path(self._scratch.name) / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def wait(self) -> None:
        """Wait until the compiler has ended."""
        if self._process is not None:
            self._process.wait()

    def failure(self) -> str:
        """Return the last line that the compiler said, for a message."""
        if self._scratch is None:
            return "it was not started"
        said = (Path(self._scratch.name) / "log").read_text(errors="replace").strip()
        return said.splitlines()[-1] if said else "it said nothing"

    def load(self) -> CompiledTrunk:
        """Load the finished package; counts as its last use.

        Raises:
            RuntimeError: The package is broken.
        """
        mark_used(self.package)
        return CompiledTrunk(self.package, self._trunk, self._example)

    def prove(self) -> None:
        """Let later runs use the package without asking how fast it is."""
        promote(untried(self._package), self._package)

    def refute(self) -> None:
        """Leave the word for later runs that compiling brings nothing."""
        discard(self.package)
        refute(self._package)

    def close(self) -> None:
        """Stop the compiler if it is still at work, and clean up after it."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._scratch is not None:
            self._scratch.cleanup()


def compiler_missing() -> str | None:
    """Return why nothing can be compiled here, or None where it can."""
    wanted = os.environ.get("CXX") or "g++"
    if shutil.which(wanted) or shutil.which("clang++"):
        return None
    return f"there is no C++ compiler ({wanted}) on this machine"
