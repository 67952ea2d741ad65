"""Braces in what a user names, as shells and WebDataset expand them: `train-{000..099}.tar`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from camcli.errors import InputError

_RANGE = re.compile(r"\{(\d{1,9})\.\.(\d{1,9})\}")
_CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST = 1_000_000


def expanded(text: str) -> Iterator[str]:
    """Yield every text that a pattern stands for: itself where it has no braces.

    `{000..099}` stands for its numbers, with zeros in front where the first number has them;
    `{a,b}` for each of the two.

    Raises:
        InputError: A range runs backwards, or stands for more than a million.

    """
    if match := _RANGE.search(text):
        choices: Iterator[str] = _numbers(match, text)
    elif match := _CHOICE.search(text):
        choices = iter(match[1].split(","))
    else:
        yield text
        return
    for choice in choices:
        yield from expanded(text[: match.start()] + choice + text[match.end() :])


def _numbers(match: re.Match[str], text: str) -> Iterator[str]:
    first, last = int(match[1]), int(match[2])
    if not 0 <= last - first < _MOST:
        raise InputError(
            f"{match[0]} in {text!r} is no range: write the smaller number first, and no more than "
            f"{_MOST} of them"
        )
    width = max(len(match[1]), len(match[2])) if match[1].startswith("0") else 0
    return (f"{number:0{width}d}" for number in range(first, last + 1))
