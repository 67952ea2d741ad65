"""One run at a time in an output folder: a lock that names its owner and outlives no one.

Two files make it. `lock.held` is locked in the kernel while its owner works, which ends with the
process, however that ends. `lock` is the owner's record: it names who is at work, it stays behind
where that did not end in order, and it is touched now and then, as a sign of life of an owner on
another machine, of whom this kernel may know nothing.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from camcli.errors import OutputError
from camcli.output.owner import Owner, read_owner, write_owner

_SECONDS_BETWEEN_SIGNS_OF_LIFE = 30.0
_SECONDS_WITHOUT_A_SIGN = 600.0
_SECONDS_BETWEEN_LOOKS = 0.1
# Long enough for who has just taken the lock to have written the record.
_SECONDS_TO_WAIT = 0.2
_ATTEMPTS = 100

# What file systems without locks answer.
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP})


class FolderLock:
    """Holds the lock of an output folder while it is entered.

    Attributes:
        predecessor: The dead owner from whom it was taken over, None after an orderly end.
        files_may_be_lost: Whether the machine of a dead owner may not have written its last files
            to the disk, as it stopped, too, or nothing is known of it.

    """

    def __init__(self, path: Path) -> None:
        self.predecessor: Owner | None = None
        self.files_may_be_lost = False
        self._path = path
        self._held_path = path.with_name(f"{path.name}.held")
        self._soft_path = path.with_name(f"{path.name}.soft")
        self._me = Owner.me()
        self._done = threading.Event()
        self._held = ExitStack()

    def __enter__(self) -> FolderLock:
        """Take the lock.

        Raises:
            OutputError: A living process holds it, who is named.
            OSError: The lock cannot be written.

        """
        for _ in range(_ATTEMPTS):
            if self._take():
                threading.Thread(target=self._show_life, name="camcli-lock", daemon=True).start()
                return self
        raise OutputError(f"cannot take the lock {self._path}: others keep taking it")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._held.close()

    def _take(self) -> bool:
        """Try to take the lock and to write the record; return whether that succeeded."""
        with ExitStack() as held:
            held.callback(self._remove_folder)
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                held.callback(self._acquired().release)
                held.callback(self._remove_files)
                if not self._follow():
                    return False
                write_owner(self._path, self._me)
            except (FileNotFoundError, FileExistsError):
                # The folder went with the lock of another, or another machine was faster.
                if self._path.parent.is_file():
                    raise
                return False
            self._held = held.pop_all()
        return True

    def _acquired(self) -> BaseFileLock:
        """Return the kernel's lock, held; on a file system without locks, the next best."""
        try:
            return _hold(FileLock(self._held_path, fallback_to_soft=False, thread_local=False))
        except Timeout:
            raise self._in_use() from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        try:
            return _hold(SoftFileLock(self._soft_path, thread_local=False))
        except Timeout:
            raise self._in_use() from None

    def _follow(self) -> bool:
        """Remove the record of a dead owner; return False where it may be about to be written.

        Nobody on this machine is at work: who is in the record is dead, or elsewhere.

        Raises:
            OutputError: The owner is alive, on another machine.

        """
        found = read_owner(self._path)
        if found is None:
            return True
        if found.owner is None and found.quiet_for < _SECONDS_BETWEEN_SIGNS_OF_LIFE:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            return False
        if found.owner and not found.owner.is_here and found.quiet_for < _SECONDS_WITHOUT_A_SIGN:
            raise self._in_use()
        self.predecessor = found.owner
        self.files_may_be_lost = found.owner is None or not found.owner.saw_this_boot()
        self._path.unlink(missing_ok=True)
        return True

    def _in_use(self) -> OutputError:
        found = read_owner(self._path)
        by = f" ({found.owner})" if found and found.owner else ""
        return OutputError(
            f"{self._path.parent.parent} is in use by another run{by}: wait for it, end it, or "
            f"choose another folder with -o. If it no longer runs, remove {self._path}"
        )

    def _remove_files(self) -> None:
        """Remove both files while they are held, unless the record is someone else's."""
        with suppress(OSError):  # the folder may be what cannot be written any more
            found = read_owner(self._path)
            if found is None or found.owner == self._me:
                self._path.unlink(missing_ok=True)
                self._held_path.unlink(missing_ok=True)

    def _remove_folder(self) -> None:
        with suppress(OSError):  # other shards are at work
            self._path.parent.rmdir()

    def _show_life(self) -> None:
        while not self._done.wait(_SECONDS_BETWEEN_SIGNS_OF_LIFE):
            try:
                os.utime(self._path)
            except OSError:
                return


def _hold(lock: BaseFileLock) -> BaseFileLock:
    lock.acquire(timeout=_SECONDS_TO_WAIT)
    return lock
