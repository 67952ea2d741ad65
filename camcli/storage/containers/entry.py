"""What a file that holds others says of each of them."""

from __future__ import annotations

from dataclasses import dataclass

Label = int | str
"""What a source says of an image's class: an index, or a name."""


@dataclass(frozen=True)
class Entry:
    """One member of an archive, or row of a table.

    Attributes:
        name: What finds it; see `Member.name`.
        called: What the image is called: of a member, its name; of a row, what the table calls it.
        span: See `Member.span`.
        label: The class that a table gives it, None where it gives none.
        refused: Why it is not taken, in a few words; None where it is.

    """

    name: str
    called: str
    span: tuple[int, int] | None = None
    label: Label | None = None
    refused: str | None = None


def member(name: str, span: tuple[int, int] | None, refused: str | None) -> Entry:
    """Return the entry of an archive's member, refused also where its name leaves the archive."""
    parts = name.split("/")
    if name.startswith("/"):
        refused = "absolute name"
    elif ".." in parts:
        refused = "name with .."
    elif "\0" in name:
        refused = "name with NUL"
    plain = "/".join(part for part in parts if part not in ("", "."))
    return Entry(plain, plain, span, refused=refused)
