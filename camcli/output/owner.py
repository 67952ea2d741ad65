"""Who holds a lock: a record beside it that people and other machines can read."""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class Owner:
    """The process that holds a lock.

    Attributes:
        pid: Its number.
        host: The machine's name.
        boot: What distinguishes one start of the machine from the next; empty where there is none.
        since: When it took the lock, for people to read.
        token: Distinguishes it from other locks of the same process.

    """

    pid: int
    host: str
    boot: str
    since: str
    token: str

    @classmethod
    def me(cls) -> Owner:
        """Return this process as an owner."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        return cls(os.getpid(), socket.gethostname(), _boot(), now, uuid.uuid4().hex)

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.host == socket.gethostname()

    def saw_this_boot(self) -> bool:
        """Return whether it ran on this machine since it was last started."""
        return self.is_here and self.boot == _boot()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


class OwnerRecord(NamedTuple):
    """What a record says: the owner, None if it is illegible, and seconds since it was touched."""

    owner: Owner | None
    quiet_for: float


def write_owner(path: Path, owner: Owner) -> None:
    """Write a record where there is none.

    Raises:
        FileExistsError: There is one.
        OSError: It cannot be written; no part of it is left.

    """
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(json.dumps(asdict(owner)))
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise


def read_owner(path: Path) -> OwnerRecord | None:
    """Return what a record says, None where there is none.

    Raises:
        OSError: It cannot be read.

    """
    try:
        quiet_for = time.time() - path.stat().st_mtime
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    with suppress(ValueError, TypeError, KeyError):
        stored = json.loads(data)
        owner = Owner(**{field.name: stored[field.name] for field in fields(Owner)})
        return OwnerRecord(owner, quiet_for)
    return OwnerRecord(None, quiet_for)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
