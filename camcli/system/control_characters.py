"""Text that cannot control what shows it."""

from __future__ import annotations

import re

# Control characters move the cursor, rename the window or answer queries; the direction marks
# make `gpj.exe` look like `exe.jpg`. Lone surrogates stand for bytes that were not UTF-8.
_UNRULY = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    r"""Return text whose control characters are spelt out (`\x1b`), all but newline and tab."""
    return _UNRULY.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)
