"""Run the real command line many times without importing PyTorch each time.

A server process imports everything once and forks for every command. The fork runs the ordinary
`camcli` in a process of its own, which can be killed like any other.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Finished:
    """How a command ended: exit code (negative for a signal), and whether it had to be killed."""

    code: int
    timed_out: bool
    stdout: bytes
    stderr: str


class Command:
    """A running command."""

    def __init__(self, server: CommandServer, pid: int, stdout: Path, stderr: Path) -> None:
        self.pid = pid
        self._server = server
        self._stdout = stdout
        self._stderr = stderr

    def kill(self) -> None:
        """Kill it as `kill -9` does; has no effect once it has ended."""
        os.kill(self.pid, signal.SIGKILL)

    def is_running(self) -> bool:
        """Return whether it has not ended yet."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        except OSError:
            return False
        return state.split()[0] not in "ZX"

    def wait(self, timeout: float = 120.0) -> Finished:
        """Wait for it to end, and kill it if that takes too long."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self.kill()

        timer = threading.Timer(timeout, give_up)
        timer.start()
        code = self._server.request({"wait": self.pid})["code"]
        timer.cancel()
        stderr = self._stderr.read_text(encoding="utf-8", errors="replace")
        return Finished(code, late.is_set(), self._stdout.read_bytes(), stderr)


class CommandServer:
    """Starts commands, whose output goes to files in `scratch`."""

    def __init__(self, scratch: Path, environment: dict[str, str] | None = None) -> None:
        self._scratch = scratch
        self._count = 0
        root = str(Path(__file__).resolve().parents[1])
        # One thread: the pool of OpenMP does not survive a fork.
        inherited = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": root}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.command_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=inherited | (environment or {}),
            text=True,
        )

    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        stdin: Path | None = None,
        stdout: Path | None = None,
        memory_bytes: int | None = None,
        file_bytes: int | None = None,
    ) -> Command:
        """Start `camcli` with some arguments in a folder.

        Args:
            arguments: As on the command line.
            folder: Where to run.
            stdin: What to read, by default nothing.
            stdout: Where to write, by default a file that `Finished.stdout` is read from.
            memory_bytes: A limit on its address space.
            file_bytes: A limit on the size of each file that it writes.

        """
        self._count += 1
        kept, stderr = (self._scratch / f"{self._count}.{end}" for end in ("out", "err"))
        for path in (kept, stderr):  # the command may be killed before it opens them
            path.touch()
        answer = self.request(
            {
                "arguments": [os.fsencode(argument).hex() for argument in arguments],
                "folder": str(folder),
                "stdin": str(stdin or os.devnull),
                "stdout": str(stdout or kept),
                "stderr": str(stderr),
                "memory_bytes": memory_bytes,
                "file_bytes": file_bytes,
            }
        )
        return Command(self, answer["pid"], kept, stderr)

    def run(self, arguments: Sequence[str], folder: Path, **options: Any) -> Finished:
        """Start a command and wait for it to end."""
        return self.start(arguments, folder, **options).wait()

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a request to the server process and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def __enter__(self) -> CommandServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _serve() -> None:
    _warm_up()
    for line in sys.stdin:
        message = json.loads(line)
        if "wait" in message:
            _, status = os.waitpid(message["wait"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                _become(message)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)


def _warm_up() -> None:
    """Import what every command would import, the exporter's own modules included."""
    import torch

    import camcli.cli.explain
    import camcli.run.explain  # noqa: F401
    from camcli.config import ModelConfig
    from camcli.models import load_model
    from camcli.network.trace import trace

    trace(load_model(ModelConfig(name="demo")).network, torch.zeros(2, 3, 64, 64))


def _become(message: dict[str, Any]) -> None:
    """Turn this process into the command; never returns."""
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(message["stdin"], os.O_RDONLY), 0)
    os.dup2(os.open(message["stdout"], writing), 1)
    os.dup2(os.open(message["stderr"], writing), 2)
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False))  # noqa: SIM115
    sys.stdout = io.TextIOWrapper(open(1, "wb", closefd=False))  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(
        open(2, "wb", closefd=False),  # noqa: SIM115
        errors="backslashreplace",
        line_buffering=True,
    )
    os.chdir(message["folder"])
    _limit(message["memory_bytes"], message["file_bytes"])
    sys.argv = ["camcli", *(os.fsdecode(bytes.fromhex(a)) for a in message["arguments"])]
    code = 70
    try:
        from camcli.cli import main

        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _limit(memory_bytes: int | None, file_bytes: int | None) -> None:
    import resource

    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))


if __name__ == "__main__":
    _serve()
