"""What the values of a stored map mean, as its row says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, get_args

from camcli.errors import InputError
from camcli.records import MapSign, MapValues, Normalize

_FIELDS = ("sign", "normalize", "scale", "clipped")


def meaning_of(row: Mapping[str, Any]) -> MapValues:
    """Return what the values of a row's map mean; rows that do not say it are from 0 to 1.

    Raises:
        InputError: The row says something that this version does not know.

    """
    given = row.get("map_values")
    if given is None:
        return MapValues()
    if not isinstance(given, Mapping) or not _is_known(given):
        raise InputError(
            f"the row of {row.get('image')} has map_values that this version of camcli does not "
            f"know ({given!r}): use the version that wrote them, or explain again"
        )
    return MapValues(**given)


def _is_known(given: Mapping[str, Any]) -> bool:
    scale = given.get("scale")
    has_scale = isinstance(scale, float | int) and math.isfinite(scale) and scale > 0
    return (
        set(given) == set(_FIELDS)
        and given["sign"] in get_args(MapSign)
        and given["normalize"] in get_args(Normalize)
        and isinstance(given["clipped"], int)
        and has_scale == (given["normalize"] != "minmax")
    )
