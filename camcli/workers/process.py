"""One worker process as its run sees it: it answers requests, and may die or hang."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from camcli.errors import MachineError
from camcli.workers.failures import GaveUpError
from camcli.workers.messages import Message, receive, send
from camcli.workers.protocol import Request
from camcli.workers.watchdog import Watchdog
from camcli.workers.worker import READY

_SECONDS_TO_START = 60.0
_PIPE_BYTES = 1 << 20

# The child finds the same modules as its parent, and never what lies in the current folder.
# A signal to the whole group of processes is for the parent, which ends this one by closing.
_START = (
    "import signal, sys; sys.path[:] = {path!r}; "
    "[signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]; "
    "from camcli.workers.worker import main; main()"
)


class WorkerProcess:
    """A child process that answers one request after the other, from any thread."""

    def __init__(self, watchdog: Watchdog) -> None:
        """Start it.

        Args:
            watchdog: Kills it when an answer takes too long.

        Raises:
            MachineError: The system has no room for another process.
        """
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise MachineError(f"cannot start a process to decode in: {error}") from None
        self._watchdog = watchdog
        self._requests = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        for pipe in (self._requests, self._answers):
            _widen(pipe)
        self._exchange_lock = threading.Lock()
        self._is_ready = False
        self._forgotten: deque[int] = deque()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until it has started.

        Raises:
            MachineError: It did not.
        """
        if self._is_ready:
            return
        try:
            with self._exchange_lock, self._killed_after(_SECONDS_TO_START, "starting"):
                answer = self._answer(lambda: receive(self._answers))
        except GaveUpError as error:
            raise MachineError(f"cannot start a process to decode in: {error}") from None
        if answer != (READY, []):
            raise MachineError("a process to decode in does not start as expected")
        self._is_ready = True

    def ask(self, request: Request, seconds: float | None = None, patience: float = -1) -> Message:
        """Return the answer to a request.

        Args:
            request: A message, and its byte strings.
            seconds: How long the answer may take before the process is killed; None for ever.
            patience: Seconds to wait until other threads have their answers; negative for ever.

        Raises:
            GaveUpError: The process died, or took too long, for this answer or for others.
        """
        message, blobs = request

        def exchange() -> Message | None:
            with suppress(BrokenPipeError, ValueError):  # it has died, now or before
                send(self._requests, message | {"forget": self._to_forget()}, blobs)
            return receive(self._answers)

        if not self._exchange_lock.acquire(timeout=patience):
            raise GaveUpError("Busy", f"a process was busy for more than {patience:g} s")
        try:
            with self._killed_after(seconds, "decoding"):
                return self._answer(exchange)
        finally:
            self._exchange_lock.release()

    def forget(self, index: int) -> None:
        """Release an image, with the next request."""
        self._forgotten.append(index)

    def kill(self) -> None:
        """End it; whoever waits for its answer gets a `GaveUpError`."""
        self._process.kill()
        self._process.wait()

    def _to_forget(self) -> list[int]:
        return [self._forgotten.popleft() for _ in range(len(self._forgotten))]

    def _answer(self, wait: Callable[[], Message | None]) -> Message:
        answer = wait()
        if answer is None:
            with suppress(OSError):  # what it was still to be sent
                self._requests.close()
            raise GaveUpError("DecoderDied", f"the decoder died ({_cause(self._process.wait())})")
        return answer

    @contextmanager
    def _killed_after(self, seconds: float | None, doing: str) -> Iterator[None]:
        """Kill the process when the time is up, which ends every wait for its answer."""
        if seconds is None:
            yield
            return
        with self._watchdog.limit(seconds, self._process.kill) as limit:
            try:
                yield
            except GaveUpError:
                if not limit.passed:
                    raise
                reason = f"{doing} took longer than {seconds:g} s"
                raise GaveUpError("DecoderHung", reason) from None


def _widen(pipe: BinaryIO) -> None:
    """Enlarge a pipe's buffer, where the system can: an image then passes in fewer steps."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _cause(code: int) -> str:
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"
