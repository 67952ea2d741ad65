"""Whether two runs are the same: the fingerprints of both, compared key by key."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from camcli.errors import CamcliError, CamcliWarning, OutputError

SURROUNDINGS = "surroundings"
"""The section of a fingerprint whose differences move the last bits of a result at most."""

PLUGIN = "plugin"
"""The key, in the section of a model, method or evaluation, of the package that brings it."""

_SHOWN = 90
_BEFORE = 30
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_EXPLAINED = {"model.graph": "model.graph (what the network computes, as its code says)"} | {
    f"{section}.plugin": f"{section}.plugin (the package that brings it, and its version)"
    for section in ("model", "method", "evaluation")
}
# What was recorded as null, and is now recorded as what it means.
_UNSET = {"images.window": "auto"}
# Written only where there is one.
_OF_PLUGINS = ("model", "method", "evaluation")
_OWN = "camcli's own"
_ABSENT = object()


@dataclass(frozen=True)
class Difference:
    """A key that two fingerprints have different values of.

    Attributes:
        key: Such as `model.output`, or `model.kwargs.pool` inside a value that is a mapping.
        one: The value in the first, as text; long ones are shortened.
        other: The value in the second.

    """

    key: str
    one: str
    other: str


@dataclass(frozen=True)
class Comparison:
    """How two fingerprints differ.

    Attributes:
        differences: The keys of different value, in order.
        unknown: Keys that only one of them has, as where another version of camcli wrote the other.
        surroundings: The versions and devices that differ.

    """

    differences: tuple[Difference, ...]
    unknown: tuple[str, ...]
    surroundings: tuple[Difference, ...]


@dataclass(frozen=True)
class Wording:
    """How it is told that two runs, which ought to be one, are not.

    Attributes:
        complaint: What does not go together.
        one: Where or when the first run's values hold, such as `then`.
        other: The same of the second's, such as `now`.
        remedy: What to do.

    """

    complaint: str
    one: str
    other: str
    remedy: str

    def of(self, difference: Difference) -> str:
        """Return a difference as a line."""
        key = _EXPLAINED.get(difference.key, difference.key)
        return f"{key}: {difference.one} {self.one}, {difference.other} {self.other}"


def compare(
    one: Mapping[str, Any], other: Mapping[str, Any], may_differ: Sequence[str] = ()
) -> Comparison:
    """Compare two fingerprints.

    Args:
        one: The first, as JSON has it or about to be written so.
        other: The second.
        may_differ: Keys, and whole sections, that are not compared.

    """
    left, right = _by_key(one, may_differ), _by_key(other, may_differ)
    differences: list[Difference] = []
    surroundings: list[Difference] = []
    unknown: list[str] = []
    for key in {**left, **right}:
        told = _section(key) == SURROUNDINGS
        if key in left and key in right:
            found = surroundings if told else differences
            found += _differences(key, left[key], right[key])
        elif not told:  # a library that only one of them had loaded says nothing
            unknown.append(key)
    return Comparison(tuple(differences), tuple(unknown), tuple(surroundings))


def refuse_unless_same(
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    wording: Wording,
    may_differ: Sequence[str] = (),
    error: type[CamcliError] = OutputError,
) -> None:
    """Compare two fingerprints; surroundings that differ are told in a warning.

    Args:
        one: The first, see `compare`.
        other: The second.
        wording: How to tell what differs.
        may_differ: Keys, and whole sections, that are not compared.
        error: What to raise.

    Raises:
        CamcliError: They differ, or one lacks a key of the other, so that it cannot be known
            whether they do; the message names the keys, and both values.

    """
    found = compare(one, other, may_differ)
    if found.differences or found.unknown:
        lines = [wording.of(each) for each in (*found.differences, *found.surroundings)]
        if found.unknown:
            lines.append(
                f"{', '.join(found.unknown)}: recorded for one of the two only, so whether they "
                "are the same cannot be known; only the version of camcli that began it can go on"
            )
        listed = "\n".join(f"  {line}" for line in lines)
        raise error(f"{wording.complaint}:\n{listed}\n{wording.remedy}")
    if found.surroundings:
        lines = [wording.of(each).partition(".")[2] for each in found.surroundings]
        warnings.warn(
            f"{'; '.join(lines)}: results of both may differ in their last bits",
            CamcliWarning,
            stacklevel=2,
        )


def _by_key(fingerprint: Mapping[str, Any], without: Sequence[str]) -> dict[str, Any]:
    """Return the values of a fingerprint by key: those of a section by section and key."""
    keyed: dict[str, Any] = {}
    for section, value in json.loads(json.dumps(fingerprint)).items():
        if isinstance(value, dict):
            if section in _OF_PLUGINS:
                keyed[f"{section}.{PLUGIN}"] = _OWN
            keyed |= {f"{section}.{key}": inner for key, inner in value.items()}
        else:
            keyed[section] = value
    return {
        key: value
        for key, value in keyed.items()
        if key not in without and _section(key) not in without
    }


def _section(key: str) -> str:
    return key.partition(".")[0]


def _differences(key: str, one: Any, other: Any) -> Iterator[Difference]:
    """Yield the differences of two values, those of mappings entry by entry."""
    if key in _UNSET:
        one, other = (_UNSET[key] if value is None else value for value in (one, other))
    if _json(one) == _json(other):  # in which 1 is neither true nor 1.0
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            inner = one.get(name, _ABSENT), other.get(name, _ABSENT)
            yield from _differences(f"{key}.{name}", *inner)
    elif _text(one) == _text(other):  # such as 1 and "1"
        yield Difference(key, *_side_by_side(_json(one), _json(other)))
    else:
        yield Difference(key, *_side_by_side(_text(one), _text(other)))


def _json(value: Any) -> str:
    return "not given" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _side_by_side(one: str, other: str) -> tuple[str, str]:
    """Shorten digests, and cut two long texts to the place where they begin to differ."""
    one, other = (_DIGEST.sub(r"\1", text) for text in (one, other))
    if max(len(one), len(other)) <= _SHOWN:
        return one, other
    pairs = enumerate(zip(one, other, strict=False))
    first = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, first - _BEFORE)
    return _excerpt(one, start), _excerpt(other, start)


def _excerpt(text: str, start: int) -> str:
    end = start + _SHOWN
    return f"{'...' if start else ''}{text[start:end]}{'...' if len(text) > end else ''}"
