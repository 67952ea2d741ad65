"""One run at a time in an output folder: a lock that names its owner and outlives no one.

The lock is a file that exists while its owner works, made by a hard link (or, where there are
none, opened exclusively), both of which also hold among the machines that share a network folder.
It says which process on which machine made it. On the same machine, the process table tells
whether it still lives; of another machine's owner it is enough that the file is not touched any
more.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from camcli.errors import OutputError

_SECONDS_BETWEEN_SIGNS_OF_LIFE = 30.0
_SECONDS_WITHOUT_A_SIGN = 600.0
_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_TO_BURY = 5.0
_ATTEMPTS = 100


@dataclass(frozen=True)
class Owner:
    """The process that holds a lock.

    Attributes:
        pid: Its number.
        host: The machine's name.
        boot: What tells one start of the machine from the next; empty where there is none.
        born: When the process began, in the machine's own count; tells it from a later process
            with the same number. Empty where it is not known.
        since: When it took the lock, for people to read.
        token: Tells it from other locks of the same process.

    """

    pid: int
    host: str
    boot: str
    born: str
    since: str
    token: str

    @classmethod
    def me(cls) -> Owner:
        """Describe this process."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        pid, host, token = os.getpid(), socket.gethostname(), uuid.uuid4().hex
        return cls(pid, host, _boot(), _born(pid), now, token)

    def saw_this_boot(self) -> bool:
        """Tell whether it ran on this machine since it was last started."""
        return self.host == socket.gethostname() and self.boot == _boot()

    def lives(self, quiet_for: float) -> bool:
        """Tell whether the owner still runs, as well as can be known here.

        Args:
            quiet_for: Seconds since the lock was last touched.

        """
        if self.host != socket.gethostname():
            return quiet_for < _SECONDS_WITHOUT_A_SIGN
        return self.boot == _boot() and _exists(self.pid) and self.born == _born(self.pid)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


class FolderLock:
    """Holds the lock of an output folder while it is entered.

    Attributes:
        predecessor: The dead owner from whom it was taken over, None after an orderly end.

    """

    def __init__(self, path: Path) -> None:
        self.predecessor: Owner | None = None
        self._path = path
        self._me = Owner.me()
        self._done = threading.Event()

    def __enter__(self) -> FolderLock:
        """Take the lock.

        Raises:
            OutputError: A living process holds it, who is named.
            OSError: The lock cannot be written.

        """
        for _ in range(_ATTEMPTS):
            if self._make():
                threading.Thread(target=self._show_life, name="camcli-lock", daemon=True).start()
                return self
            self._take_away_from_the_dead()
        raise OutputError(f"cannot take the lock {self._path}: others keep taking it")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        try:
            found = self._look(self._path)
            if found is not None and found[0] == self._me:
                self._path.unlink(missing_ok=True)
            for stray in self._path.parent.glob(f"{self._path.name}-*"):
                stray.unlink(missing_ok=True)
            self._path.parent.rmdir()
        except OSError:  # other shards are at work; or the folder cannot be written any more
            return

    def _make(self) -> bool:
        """Make the lock with its content in one step; tell whether that succeeded."""
        if not self._make_folder():
            return False
        mine = self._path.with_name(f"{self._path.name}-{uuid.uuid4().hex}")
        text = json.dumps(asdict(self._me))
        try:
            mine.write_text(text, encoding="utf-8")
            os.link(mine, self._path)
        except (FileExistsError, FileNotFoundError):  # the folder may go with the lock of another
            return False
        except OSError:
            return self._make_without_links(text)
        finally:
            mine.unlink(missing_ok=True)
        return True

    def _make_folder(self) -> bool:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            if self._path.parent.is_file():
                raise
            return False  # it was there, and went with the lock of another
        return True

    def _make_without_links(self, text: str) -> bool:
        try:
            with self._path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            return False
        return True

    def _take_away_from_the_dead(self) -> None:
        found = self._look(self._path)
        if found is None:
            return
        owner, quiet_for = found
        if owner is None:
            if quiet_for < _SECONDS_BETWEEN_SIGNS_OF_LIFE:
                time.sleep(_SECONDS_BETWEEN_LOOKS)  # it may be about to be written
                return
        elif owner.lives(quiet_for):
            raise OutputError(
                f"{self._path.parent.parent} is in use by another run ({owner}): wait for it, end "
                f"it, or choose another folder with -o. If it no longer runs, remove {self._path}"
            )
        self._bury(owner)

    def _bury(self, owner: Owner | None) -> None:
        """Remove a dead owner's lock; only one process at a time may, lest it be a new one."""
        claim = self._path.with_name(f"{self._path.name}-claim")
        try:
            claim.touch(exist_ok=False)
        except FileExistsError:
            self._wait_for(claim)
            return
        except FileNotFoundError:  # whoever was faster has finished, and removed the folder
            return
        try:
            found = self._look(self._path)
            if found is not None and found[0] == owner:
                self._path.unlink()
                self.predecessor = owner
        finally:
            claim.unlink(missing_ok=True)

    @staticmethod
    def _wait_for(claim: Path) -> None:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        with suppress(FileNotFoundError):
            if time.time() - claim.stat().st_mtime > _SECONDS_TO_BURY:
                claim.unlink()  # of a process that died in these few lines

    @staticmethod
    def _look(path: Path) -> tuple[Owner | None, float] | None:
        """Return the owner (None if illegible) and the seconds since the last sign of life."""
        try:
            quiet_for = time.time() - path.stat().st_mtime
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return Owner(**json.loads(text)), quiet_for
        except (ValueError, TypeError):
            return None, quiet_for

    def _show_life(self) -> None:
        while not self._done.wait(_SECONDS_BETWEEN_SIGNS_OF_LIFE):
            try:
                os.utime(self._path)
            except OSError:
                return


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _born(pid: int) -> str:
    """Return when a process began, in clock ticks since the machine did."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in parentheses may hold anything, spaces and parentheses too.
    state, *fields = stat.rpartition(")")[2].split()
    # Killed, but not yet asked about by its parent: it has a number and will never run again.
    return "" if state in "ZX" else fields[18]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
