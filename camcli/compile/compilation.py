"""Compile a trunk once and keep the result: Inductor, ahead of time, with constants folded in.

The compiler runs in a process of its own (`camcli.compile.worker`), so that the run goes on in the
meantime. It leaves a package in the cache, which any later run of the same network, batch size and
precision loads at once.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor

from camcli.compile.compiled_trunk import CompiledTrunk
from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.package_cache import CachedPackage, mark_used
from camcli.compile.package_key import package_path

_WORKER = "camcli.compile.worker"


class Compilation:
    """One trunk's package in the cache, and the background process that makes it."""

    def __init__(self, trunk: InferenceTrunk, example: Tensor, requested: bool) -> None:
        """Prepare to compile for batches like `example`; nothing is started yet.

        Args:
            trunk: What to compile.
            example: A batch of the size to compile for.
            requested: Whether the user wants the compiled trunk even if it is no faster.
        """
        self._trunk = trunk
        self._example = example
        self._requested = requested
        self._cached = CachedPackage(package_path(trunk, example))
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def package(self) -> Path:
        """Where the package is, or will be."""
        if self._requested or self._cached.adopted.exists():
            return self._cached.adopted
        return self._cached.untried

    @property
    def ready(self) -> bool:
        """Whether there is a package to use, made by this run or an earlier one."""
        return self.package.exists() and not self.rejected

    @property
    def adopted(self) -> bool:
        """Whether the package is used without comparing its speed with the uncompiled trunk's."""
        return self.package == self._cached.adopted

    @property
    def rejected(self) -> bool:
        """Whether this run or an earlier one found that the package is no faster, or wrong."""
        return not self._requested and self._cached.rejected

    @property
    def started(self) -> bool:
        """Whether the compiler was started, whatever came of it."""
        return self._process is not None

    @property
    def running(self) -> bool:
        """Whether the compiler is running."""
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
            # About weights that share memory, which these need not do.
            warnings.simplefilter("ignore", UserWarning)
            torch.export.save(torch.export.export(self._trunk.module, (prepared,)), exported)
        atexit.register(self.close)
        command = [sys.executable, "-m", _WORKER, str(exported), str(self.package)]
        command += ["--tf32"] * torch.backends.cudnn.allow_tf32
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def wait(self) -> None:
        """Wait until the compiler has ended."""
        if self._process is not None:
            self._process.wait()

    def failure(self) -> str:
        """Return the last line of the compiler's output, for a message."""
        if self._scratch is None:
            return "it was not started"
        output = self._log.read_text(errors="replace").strip()
        return output.splitlines()[-1] if output else "it gave no reason"

    def load(self) -> CompiledTrunk:
        """Load the finished package; counts as its last use.

        Raises:
            RuntimeError: The package is broken.
        """
        mark_used(self.package)
        return CompiledTrunk(self.package, self._trunk, self._example)

    def adopt(self) -> None:
        """Let later runs use the package without comparing its speed again."""
        self._cached.adopt()

    def reject(self) -> None:
        """Remove the package, and keep later runs from compiling it unasked for a month."""
        self._cached.reject()

    def close(self) -> None:
        """Stop the compiler if it is still running, and remove its files."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._scratch is not None:
            self._scratch.cleanup()

    @property
    def _log(self) -> Path:
        assert self._scratch is not None
        return Path(self._scratch.name) / "log"


def compiler_missing() -> str | None:
    """Return why nothing can be compiled here, or None where it can."""
    wanted = os.environ.get("CXX") or "g++"
    if shutil.which(wanted) or shutil.which("clang++"):
        return None
    return f"there is no C++ compiler ({wanted}) on this machine"
