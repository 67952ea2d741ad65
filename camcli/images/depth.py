"""Values of more than eight bits as eight, and in words what was done to them.

A file of sixteen or more can hold anything: 12 bits of a scanner, counts, metres, probabilities.
Which range is black to white is a guess unless the file or the user says so, and whatever is not
the plain reading of a full 16-bit file is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Window = tuple[float, float]
"""The values that become black and white."""

_SIXTEEN: Window = (0, 65535)
_STRETCHED = "stretched to 0 to 255"
FULL = 2**14
"""Integers below this leave two bits of sixteen or more unused, and would be nearly black."""


@dataclass(frozen=True)
class Depth:
    """What is known of an image's values.

    Attributes:
        kind: What messages call the values, such as `16-bit`.
        window: What the user asks for, None to find out.
        stated: The range that the file states, or None.
        sixteen: Whether the format holds 16-bit values, and no others.

    """

    kind: str
    window: Window | None = None
    stated: Window | None = None
    sixteen: bool = True


def to_8_bits(values: npt.NDArray[Any], depth: Depth) -> tuple[npt.NDArray[np.uint8], str | None]:
    """Return values as 0 to 255, and what is to be known of it, or None.

    - In a window, values beyond it are black or white.
    - Integers up to 255 are taken for eight bits, those below 2^14 are stretched from their own
      minimum to their own maximum, and up to 65535 they lose their lower byte.
    - Floats are taken to be in [0, 1] or, if that range does not hold them all, in [0, 255].
    - Other ranges are stretched from their own minimum to their own maximum.

    Args:
        values: Integers or floats, of any shape; those that are not finite become 0.
        depth: What is known of them.

    """
    finite = np.isfinite(values)
    lost = int(values.size - finite.sum())
    values = np.where(finite, values, 0) if lost else values
    low, high = float(values.min()), float(values.max())
    window, how = _window_for(values.dtype.kind == "f", low, high, depth)
    notes = [f"{depth.kind} values {low:g} to {high:g} {how}"] if how else []
    if lost:
        notes.append(f"{lost} values that are not finite taken for 0")
    return _scaled(values, window, rounded=how != _STRETCHED), "; ".join(notes) or None


def _window_for(is_float: bool, low: float, high: float, depth: Depth) -> tuple[Window, str | None]:
    """Return which values become black and white, and how to put it, None for the plain reading."""
    if depth.window is not None:
        return depth.window, "shown in the window {:g} to {:g}".format(*depth.window)
    if depth.stated is not None and depth.stated[0] <= low and high <= depth.stated[1]:
        return depth.stated, "of {:g} to {:g}, which the file states".format(*depth.stated)
    if is_float and low >= 0 and high <= 255:
        top = 1.0 if high <= 1 else 255.0
        return (0, top), f"taken for 0 to {top:g}"
    if not is_float and low >= 0 and high <= 255:
        return (0, 255), "taken for 8-bit"
    if not is_float and low >= 0 and FULL <= high <= 65535:
        return _SIXTEEN, None if depth.sixteen else "taken for 16-bit"
    return (low, high), _STRETCHED


def _scaled(values: npt.NDArray[Any], window: Window, rounded: bool) -> npt.NDArray[np.uint8]:
    low, high = window
    scaled: npt.NDArray[Any]
    if window is _SIXTEEN:
        scaled = values >> 8
    elif rounded:
        scaled = np.rint((values - low) * (255 / (high - low)))
    else:
        scaled = (values.astype(np.float64) - low) / ((high - low) or 1) * 255
    return np.clip(scaled, 0, 255).astype(np.uint8)
