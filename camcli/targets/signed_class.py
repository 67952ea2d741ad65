"""A class by the side that is asked for: what speaks for it, or against it."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.records import Sign
from camcli.targets.class_table import ClassTable

_AGAINST = "-"


@dataclass(frozen=True)
class SignedClass:
    """A class, and whether what speaks for it or against it is asked for."""

    index: int
    sign: Sign = "positive"


def split_sign(word: str, table: ClassTable) -> tuple[Sign, str]:
    """Return which side a word asks for, and the word without a `-` that says so.

    A class whose name begins with `-` is that class.
    """
    if word.startswith(_AGAINST) and not table.names(word):
        return "negative", word.removeprefix(_AGAINST).lstrip()
    return "positive", word


def product(one: Sign, other: Sign) -> Sign:
    """Return the sign of a side's side: what speaks against the opposite speaks for the class."""
    return "positive" if one == other else "negative"
