"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: What it belongs to: versions, devices, compiler, caches, extras, plug-ins, self-test.
        name: Of the thing.
        found: What there is.
        problem: What does not work and what to do about it, None where nothing is wrong.

    """

    topic: str
    name: str
    found: str
    problem: str | None = None
