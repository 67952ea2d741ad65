"""A target is said as what its map shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camcli.output.target_words import in_words
from camcli.records import MapSign, Target, Versus

CAT = Target(3, "cat", 1.0, 0.5)
DOG, UNNAMED = Versus(5, "dog", 0.5), Versus(7, None, 0.5)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (CAT, "cat"),
        (replace(CAT, name=None), "class 3"),
        (replace(CAT, sign="negative"), "against cat"),
        (replace(CAT, versus=(DOG,)), "cat rather than dog"),
        (replace(CAT, versus=(DOG, UNNAMED)), "cat rather than dog, class 7"),
        (replace(CAT, versus=(DOG,), sign="negative"), "against cat, for dog"),
    ],
)
def test_a_target_is_said_in_words(target: Target, expected: str) -> None:
    assert in_words(target) == expected


@pytest.mark.parametrize(
    ("target", "sign", "expected"),
    [
        (CAT, "negative", "against cat"),
        (replace(CAT, sign="negative"), "negative", "cat"),
        (replace(CAT, versus=(DOG,)), "negative", "against cat, for dog"),
        (replace(CAT, versus=(DOG,), sign="negative"), "negative", "cat rather than dog"),
        (replace(CAT, versus=(DOG,)), "signed", "cat rather than dog (signed)"),
        (replace(CAT, sign="negative"), "signed", "against cat (signed)"),
    ],
)
def test_what_is_kept_of_a_map_is_said_too(target: Target, sign: MapSign, expected: str) -> None:
    assert in_words(target, sign) == expected
