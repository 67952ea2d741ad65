"""A target in the words of captions and provenance."""

from __future__ import annotations

from dataclasses import replace

from camcli.records import MapSign, Sign, Target


def in_words(target: Target, sign: MapSign = "positive") -> str:
    """Return what a map shows: `cat`, `against cat`, `cat rather than dog`, `cat (signed)`.

    What speaks against a class that is compared with others speaks for those: `against cat, for
    dog`. A class without a name is called `class 3`. Of a negative map of what speaks against a
    class, nothing is left but what speaks for it.

    Args:
        target: What was explained.
        sign: What of its map is shown.

    """
    if sign == "negative":
        turned: Sign = "negative" if target.sign == "positive" else "positive"
        return in_words(replace(target, sign=turned))
    if sign == "signed":
        return f"{in_words(target)} (signed)"
    name = _called(target.name, target.index)
    rivals = ", ".join(_called(other.name, other.index) for other in target.versus)
    if target.sign == "negative":
        return f"against {name}, for {rivals}" if rivals else f"against {name}"
    return f"{name} rather than {rivals}" if rivals else name


def _called(name: str | None, index: int) -> str:
    return name or f"class {index}"
