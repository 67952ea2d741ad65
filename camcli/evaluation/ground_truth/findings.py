"""What of the ground truth was not used as it stands: counted, and told with examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Literal, get_args

Finding = Literal[
    "image_unannotated",
    "image_ambiguous",
    "picture_unmatched",
    "matched_by_name",
    "matched_by_file",
    "picture_refused",
    "image_unreadable",
    "scaled",
    "turned",
    "crowd",
    "no_outline",
    "box_for_outline",
    "in_fractions",
    "degenerate",
    "outside",
    "beyond_edge",
    "other_size",
    "unknown_picture",
    "unknown_category",
    "unknown_class",
    "ambiguous_class",
    "mask_beside_classes",
    "file_not_read",
]

_TEXTS: dict[Finding, str] = {
    "image_unannotated": "images without an annotation",
    "image_ambiguous": "images whose annotation cannot be told from another's",
    "picture_unmatched": "annotated pictures that are not among the images",
    "matched_by_name": "annotations matched by file name alone, their folders differ",
    "matched_by_file": "annotations matched by their own file's name, they state that of no image",
    "picture_refused": "images whose annotation was not used",
    "image_unreadable": "images that cannot be read",
    "scaled": "annotations scaled from the size that they state to that of the image",
    "turned": "annotations turned upright with the image, by its EXIF orientation",
    "crowd": "regions not used: crowds (iscrowd)",
    "no_outline": "regions not used: neither a box nor an outline that can be read",
    "box_for_outline": "regions used as the box around them: their outline cannot be read",
    "in_fractions": "regions not used: boxes within the first pixel, as shares of the picture are",
    "degenerate": "regions not used: without extent, or not of finite numbers",
    "outside": "regions not used: outside the picture",
    "beyond_edge": "regions that reach beyond the picture's edge, used up to it",
    "other_size": "regions not used: masks of another size than their picture",
    "unknown_picture": "regions not used: their image_id is no image of the file",
    "unknown_category": "regions not used: their category_id is no category of the file",
    "unknown_class": "regions of what is no class of the network, taken for other objects",
    "ambiguous_class": "regions not used: their name belongs to several classes of the network",
    "mask_beside_classes": "masks not used: without a class, beside masks of classes",
    "file_not_read": "files not read",
}
assert set(_TEXTS) == set(get_args(Finding))
_EXAMPLES = 5
_SHOWN = 3


class Findings:
    """Counts by kind, and the first examples of each."""

    def __init__(self) -> None:
        self._counts: Counter[Finding] = Counter()
        self._examples: defaultdict[Finding, list[str]] = defaultdict(list)

    def note(self, kind: Finding, example: str) -> None:
        """Count one more of a kind."""
        self._counts[kind] += 1
        known = self._examples[kind]
        if len(known) < _EXAMPLES and example not in known:
            known.append(example)

    def to_json(self) -> dict[str, Any]:
        """Return what was found, by kind; kinds that were not are missing."""
        return {
            kind: {"count": self._counts[kind], "examples": self._examples[kind]}
            for kind in _TEXTS
            if self._counts[kind]
        }

    def lines(self) -> list[str]:
        """Return a line for each kind that was found."""
        return [self._line(kind) for kind in _TEXTS if self._counts[kind]]

    def _line(self, kind: Finding) -> str:
        count, examples = self._counts[kind], self._examples[kind][:_SHOWN]
        such_as = "such as " if count > len(examples) else ""
        return f"{_TEXTS[kind]}: {count} ({such_as}{', '.join(examples)})"
