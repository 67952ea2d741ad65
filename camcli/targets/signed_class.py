"""One thing to explain in an image: a class, and which evidence about it."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.records import Sign


@dataclass(frozen=True)
class SignedClass:
    """A class by index; what speaks for it (`positive`), or against it (`negative`)."""

    index: int
    sign: Sign = "positive"
