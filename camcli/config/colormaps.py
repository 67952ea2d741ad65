"""Colour maps by name, as the package `cmap` knows them: matplotlib's and many others."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from camcli.errors import suggest

COLORMAPS = (
    *("turbo", "viridis", "magma", "inferno", "plasma", "cividis", "jet", "gray"),
    *("coolwarm", "seismic", "RdBu_r"),
)
"""The usual ones, which messages list. They are known to exist."""

DIVERGING = ("coolwarm", "seismic", "RdBu_r")
"""Those of the usual ones that have a middle."""

_REVERSED = "_r"


def qualified_name(name: str) -> str:
    """Return the full name of a colour map in `cmap`, such as `matplotlib:coolwarm`.

    A short name that several collections have means matplotlib's, if it is among them. With `_r`
    after a name, the colours are reversed.

    Raises:
        KeyError: There is no such colour map.

    """
    from cmap import Colormap  # takes a tenth of a second, and most commands draw nothing

    catalog = Colormap.catalog()
    try:
        return catalog.resolve(name)
    except KeyError:
        if not name.endswith(_REVERSED):
            raise
        return catalog.resolve(name.removesuffix(_REVERSED)) + _REVERSED


def known_colormap(name: str) -> str:
    """Return the name if there is such a colour map, for the configuration.

    Raises:
        PydanticCustomError: There is none of that name; the message suggests similar ones.

    """
    if name in COLORMAPS:
        return name
    try:
        qualified_name(name)
    except KeyError:
        from cmap import Colormap

        near = suggest(name, [*COLORMAPS, *sorted(set(Colormap.catalog()) - set(COLORMAPS))])
        listed = ", ".join(COLORMAPS)
        message = f"{name!r} is not one of {listed}, nor another colour map of cmap{near}"
        raise PydanticCustomError("unknown_choice", "{message}", {"message": message}) from None
    return name


def is_diverging(name: str) -> bool:
    """Return whether a known colour map has a middle, as `cmap` classes it."""
    if name in COLORMAPS:
        return name in DIVERGING
    from cmap import Colormap

    return Colormap(qualified_name(name)).category == "diverging"
