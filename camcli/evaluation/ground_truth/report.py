"""How much of the ground truth an evaluation uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camcli.evaluation.ground_truth.findings import Findings


@dataclass(frozen=True)
class TruthReport:
    """Counts, and what was found on the way.

    Attributes:
        source: The file or folder.
        images: How many images the run has.
        matched: How many of them have an annotation that is used.
        annotated: How many pictures are annotated.
        regions: How many objects are used, by what says where they are: box, polygon, mask.
        findings: What was not used as it stands.

    """

    source: str
    images: int
    matched: int
    annotated: int
    regions: Mapping[str, int]
    findings: Findings

    def to_json(self) -> dict[str, Any]:
        """Return the report as builtins."""
        return {
            "source": self.source,
            "images": self.images,
            "matched": self.matched,
            "annotated": self.annotated,
            "regions": dict(self.regions),
            "findings": self.findings.to_json(),
        }

    def summary(self) -> str:
        """Return in a line how much is used."""
        used = ", ".join(f"{count} {kind}" for kind, count in self.regions.items())
        return (
            f"truth {self.source}: annotations of {self.matched} of {self.images} images are used "
            f"({used or 'nothing'})"
        )
