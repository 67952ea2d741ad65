"""How much of the ground truth an evaluation uses, as its records have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Found:
    """What of the ground truth was not used as it stands, of one kind.

    Attributes:
        count: How often.
        examples: The first of them.

    """

    count: int
    examples: Sequence[str]


@dataclass(frozen=True)
class TruthRead:
    """What was read of the ground truth.

    Attributes:
        source: The file or folder.
        images: How many images the run has.
        matched: How many of them have an annotation that is used.
        annotated: How many pictures are annotated.
        regions: How many objects are used, by what says where they are: box, polygon, mask.
        findings: What was not used as it stands, by kind.

    """

    source: str
    images: int
    matched: int
    annotated: int
    regions: Mapping[str, int]
    findings: Mapping[str, Found]


@dataclass(frozen=True)
class TruthUse(TruthRead):
    """How much of the ground truth is used.

    Attributes:
        pairs: How many images and classes had it (`used`), and how many had not, by reason.

    """

    pairs: Mapping[str, int]


def truth_read(counted: Mapping[str, Any]) -> TruthRead:
    """Return the record of what a `TruthReport` counted."""
    return TruthRead(**{**counted, "findings": _findings(counted)})


def truth_use(counted: Mapping[str, Any]) -> TruthUse:
    """Return the record of what a summary counted, which has `pairs`, too."""
    return TruthUse(**{**counted, "findings": _findings(counted)})


def _findings(counted: Mapping[str, Any]) -> dict[str, Found]:
    return {kind: Found(**each) for kind, each in counted["findings"].items()}
