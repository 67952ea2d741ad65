"""What is explained in one image."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.records import Sign, Target


@dataclass(frozen=True)
class Rival:
    """A class that another one is compared with.

    Attributes:
        index: Which.
        weight: Its share; the shares of all rivals add up to 1.

    """

    index: int
    weight: float = 1.0


@dataclass(frozen=True)
class ClassTarget:
    """A class, by what its score has beyond those of its rivals: s_c - Σ w_r s_r.

    Attributes:
        index: c.
        sign: Negative for what speaks against that difference.
        rivals: r with their shares w_r; none for the class by itself.

    """

    index: int
    sign: Sign = "positive"
    rivals: tuple[Rival, ...] = ()


def target_of(record: Target) -> ClassTarget:
    """Return what a record describes."""
    rivals = tuple(Rival(other.index, other.weight) for other in record.versus)
    return ClassTarget(record.index, record.sign, rivals)
