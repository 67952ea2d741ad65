"""Decode in processes of their own: a decoder that dies or hangs costs one picture, not the run.

A thread cannot be survived when C code crashes in it, nor ended when it hangs. Each decoding
thread of a stream therefore has a child process that decodes for it, and that is replaced when it
dies, or killed when it takes too long. Python's lock no longer holds decoding threads up either.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO, cast

from camcli.errors import MachineError
from camcli.images.worker import READY, Answer, answer_for, receive, request_for, send
from camcli.records import FailedImage, ImageItem, ImageRef, Preprocess, Reading

_SECONDS_TO_START = 60.0
_PIPE_BYTES = 1 << 20

# The child finds the same modules as its parent, and never what lies in the current folder.
_START = "import sys; sys.path[:] = {path!r}; from camcli.images.worker import main; main()"


class IsolatedDecoder:
    """Decodes in child processes, one for each thread that calls; closes them when it is left."""

    def __init__(self, timeout: float, reading: Reading) -> None:
        """Prepare; nothing is started yet.

        Args:
            timeout: Seconds after which decoding one picture is given up.
            reading: What is asked of every file.

        """
        self._timeout = timeout
        self._reading = reading
        self._mine = threading.local()
        self._all: list[_Child] = []
        self._spare: list[_Child] = []
        self._lock = threading.Lock()
        self._closed = False

    def start(self, count: int) -> None:
        """Start processes for the first `count` threads; they get ready while others work.

        Raises:
            MachineError: A process cannot be started.

        """
        with self._lock:
            self._spare += [self._started() for _ in range(count)]

    def __call__(self, ref: ImageRef, preprocess: Preprocess) -> ImageItem | FailedImage:
        """Decode a picture; whatever goes wrong with it is returned, never raised.

        Raises:
            MachineError: No child process can be started.

        """
        try:
            request = request_for(ref.path, preprocess, self._reading)
            message, blobs = self._child().ask(request, self._timeout)
        except _GaveUpError as error:
            return FailedImage(ref, error.kind, str(error))
        return answer_for(ref, message, blobs)

    def _child(self) -> _Child:
        child: _Child | None = getattr(self._mine, "child", None)
        if child is None or not child.is_alive:
            with self._lock:
                if self._closed:
                    raise _GaveUpError("Interrupted", "the run was stopped")
                child = self._mine.child = self._spare_one() or self._started()
            child.wait_until_ready()
        return child

    def _spare_one(self) -> _Child | None:
        while self._spare:
            child = self._spare.pop()
            if child.is_alive:
                return child
        return None

    def _started(self) -> _Child:
        child = _Child()
        self._all = [other for other in self._all if other.is_alive] + [child]
        return child

    def __enter__(self) -> IsolatedDecoder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closed = True
            for child in self._all:
                child.kill()


class _GaveUpError(Exception):
    """A child process did not answer."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _Child:
    """One child process."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise MachineError(f"cannot start a process to decode in: {error}") from None
        self._requests = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        _widen(self._answers)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        try:
            answer = self._within(_SECONDS_TO_START, self._receive)
        except _GaveUpError as error:
            raise MachineError(f"cannot start a process to decode in: {error}") from None
        if answer[0].keys() != {*READY, "lengths"}:
            raise MachineError("a process to decode in says something unexpected")

    def ask(self, request: dict[str, Any], timeout: float) -> Answer:
        """Return the answer to a request.

        Raises:
            _GaveUpError: The process died, or took longer than `timeout` seconds and was killed.

        """

        def exchange() -> Answer | None:
            with suppress(BrokenPipeError):
                send(self._requests, request)
            return self._receive()

        return self._within(timeout, exchange)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _receive(self) -> Answer | None:
        return receive(self._answers)

    def _within(self, seconds: float, wait: Callable[[], Answer | None]) -> Answer:
        """Wait for an answer; the process is killed when it takes too long, which ends the wait."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, give_up)
        timer.start()
        try:
            answer = wait()
        finally:
            timer.cancel()
        if answer is None:
            code = self._process.wait()
            if late.is_set():
                raise _GaveUpError("DecoderHung", f"decoding took longer than {seconds:g} s")
            raise _GaveUpError("DecoderDied", f"the decoder died ({_cause(code)})")
        return answer


def _widen(pipe: BinaryIO) -> None:
    """Let a pipe hold more, where the system can: a picture then takes fewer turns to pass."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _cause(code: int) -> str:
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"
