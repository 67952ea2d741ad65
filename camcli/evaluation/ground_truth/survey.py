"""Ground truth against the images of a run, before any is evaluated.

Annotations are matched to images, their frames to the pictures and their names to the network's
classes. Whatever does not fit is counted, and what would leave nothing to measure is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from camcli.errors import InputError
from camcli.evaluation.ground_truth.class_names import AmbiguousClassError, ClassNames
from camcli.evaluation.ground_truth.content import (
    Annotations,
    Content,
    Reader,
    Region,
    UnusableTruthError,
)
from camcli.evaluation.ground_truth.findings import Findings
from camcli.evaluation.ground_truth.frames import Frame, frame_of
from camcli.evaluation.ground_truth.matching import Matching
from camcli.evaluation.ground_truth.report import TruthReport
from camcli.evaluation.ground_truth.shapes import Raster
from camcli.evaluation.ground_truth.truth import ClassedShape, PictureTruth, Truth
from camcli.images.decode import stored_picture
from camcli.models.image_lookup import AmbiguousImageError
from camcli.records import ImageRef
from camcli.system.wording import counted_as
from camcli.targets.class_table import ClassTable

# In pixels: annotations are rounded, and some tools count from 1.
_TOLERANCE = 1.0
_NO_CLASS = -1


@dataclass
class _Survey:
    """One pass over the images of a run."""

    matching: Matching
    names: ClassNames
    findings: Findings = field(default_factory=Findings)
    pictures: dict[str, PictureTruth] = field(default_factory=dict)
    regions: Counter[str] = field(default_factory=Counter)
    named: int = 0

    def look_at(self, ref: ImageRef) -> None:
        """Find, read and check the annotation of one image."""
        try:
            read = self._match(ref)
            if read is not None:
                self._keep(ref, read())
        except AmbiguousImageError as error:
            self.findings.note("image_ambiguous", str(error))
        except UnusableTruthError as error:
            self.findings.note("picture_refused", f"{ref.name} ({error})")

    def _match(self, ref: ImageRef) -> Reader | None:
        found = self.matching.of(ref)
        if found is None:
            self.findings.note("image_unannotated", ref.name)
            return None
        entry = found.match.entry
        if found.by_file:
            self.findings.note("matched_by_file", f"{ref.name} with {entry.name}")
        elif found.match.by_name_alone:
            self.findings.note("matched_by_name", f"{ref.name} with {entry.name}")
        return entry.value

    def _keep(self, ref: ImageRef, content: Content) -> None:
        try:
            picture = stored_picture(ref.path)
        except Exception as error:  # its row will say so; a broken header raises anything at all
            self.findings.note("image_unreadable", f"{ref.name} ({type(error).__name__})")
            return
        frame = frame_of(content.size, picture)
        if frame.scaled:
            self.findings.note("scaled", ref.name)
        if frame.turn is not None:
            self.findings.note("turned", ref.name)
        for kind, example in content.dropped:
            self.findings.note(kind, f"{ref.name} ({example})")
        kept = [self._classed(region, frame, ref) for region in content.regions]
        self.pictures[ref.name] = PictureTruth(frame, tuple(thing for thing in kept if thing))

    def _classed(self, region: Region, frame: Frame, ref: ImageRef) -> ClassedShape | None:
        """Return a region with its class, None where it cannot be used."""
        if not self._is_inside(region, frame, ref):
            return None
        try:
            index = None if region.label is None else self.names.class_of(region)
        except AmbiguousClassError:
            self.findings.note("ambiguous_class", str(region.label))
            return None
        if region.label is not None and index is None:
            self.findings.note("unknown_class", region.label)
            return ClassedShape(region.shape, _NO_CLASS)
        self.named += 1
        self.regions[region.shape.kind] += 1
        return ClassedShape(region.shape, index)

    def _is_inside(self, region: Region, frame: Frame, ref: ImageRef) -> bool:
        if isinstance(region.shape, Raster):
            if region.shape.size == frame.size:
                return True
            self.findings.note("other_size", ref.name)
            return False
        bounds = region.shape.bounds
        assert bounds is not None
        left, top, right, bottom = bounds
        width, height = frame.size
        if right <= 0 or bottom <= 0 or left >= width or top >= height:
            self.findings.note("outside", ref.name)
            return False
        over = max(-left, -top, right - width, bottom - height)
        if over > _TOLERANCE:
            self.findings.note("beyond_edge", ref.name)
        return True


def survey(
    annotations: Annotations,
    source: Path,
    listing: Sequence[ImageRef],
    total: int,
    table: ClassTable,
) -> Truth:
    """Match annotations to images, and check them.

    Args:
        annotations: What was read.
        source: Where from.
        listing: Every image that was given, among which an annotation has to mean one.
        total: How many of them, from the first, are evaluated.
        table: The network's classes.

    Raises:
        InputError: No image has an annotation that can be used, or no annotated object is of a
            class of the network.

    """
    matching = Matching(annotations, str(source), listing)
    found = _Survey(matching, ClassNames(table))
    for ref in listing[:total]:
        found.look_at(ref)
    for name in matching.unmatched:
        found.findings.note("picture_unmatched", name)
    for kind, example in annotations.dropped:
        found.findings.note(kind, example)
    _check(found, source, total)
    report = TruthReport(
        source=str(source),
        images=total,
        matched=len(found.pictures),
        annotated=len(annotations.entries),
        regions=dict(found.regions),
        findings=found.findings,
    )
    return Truth(found.pictures, report)


def _check(found: _Survey, source: Path, total: int) -> None:
    if found.named:
        return
    if not found.pictures:
        problem = (
            f"of {counted_as(total, 'image')}, none has an annotation in {source} that can be used"
        )
    elif any(picture.objects for picture in found.pictures.values()):
        problem = (
            f"no object in {source} is of a class of the network: the annotations have to name "
            "classes as the network does (model.labels names them)"
        )
    else:
        problem = f"no image has an annotated object in {source} that can be used"
    raise InputError("\n  ".join([f"{problem}:", *found.findings.lines()]))
