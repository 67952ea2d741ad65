"""A target in the words of captions and provenance."""

from __future__ import annotations

from camcli.records import Target


def in_words(target: Target) -> str:
    """Return what a map shows: `cat`, `against cat`, `cat rather than dog`.

    What speaks against a class that is compared with others speaks for those: `against cat, for
    dog`. A class without a name is called `class 3`.
    """
    name = _called(target.name, target.index)
    rivals = ", ".join(_called(other.name, other.index) for other in target.versus)
    if target.sign == "negative":
        return f"against {name}, for {rivals}" if rivals else f"against {name}"
    return f"{name} rather than {rivals}" if rivals else name


def _called(name: str | None, index: int) -> str:
    return name or f"class {index}"
