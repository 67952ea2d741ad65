"""What open_clip knows of a tag besides its weights, which holds for what is trained from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_QUICK_GELU = "quick_gelu"
# How images were prepared; their size is the architecture's.
_PREPARING = ("mean", "std", "interpolation", "resize_mode", "fill_color")
_NAMED = 3


@dataclass(frozen=True)
class TagSettings:
    """The activation that weights were trained with, and how images were prepared for them.

    Attributes:
        quick_gelu: Whether the activation is QuickGELU, x sigmoid(1.702 x).
        preparing: The latter in open_clip's own keys.

    """

    quick_gelu: bool
    preparing: dict[str, Any]


def tag_settings(known: Mapping[str, Any]) -> TagSettings:
    """Return the settings in what `open_clip.get_pretrained_cfg` says of a tag."""
    preparing = {key: known[key] for key in _PREPARING if key in known}
    return TagSettings(bool(known.get(_QUICK_GELU)), preparing)


def why_name_a_tag(
    name: str, own: Mapping[str, Any], tags: Mapping[str, Mapping[str, Any]]
) -> str | None:
    """Return what to tell who gives a checkpoint and names no tag, None where none differs.

    Args:
        name: Of the model.
        own: What the architecture has without a tag.
        tags: What `open_clip.get_pretrained_cfg` says of each of its tags.

    """
    own = {_QUICK_GELU: False, **own}
    differing = {
        tag: [key for key in (_QUICK_GELU, *_PREPARING) if known.get(key, own[key]) != own[key]]
        for tag, known in tags.items()
    }
    differing = {tag: keys for tag, keys in differing.items() if keys}
    if not differing:
        return None
    keys = dict.fromkeys(key for found in differing.values() for key in found)
    named = [f"{name}/{tag}" for tag in differing]
    more = f" or {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return (
        f"{name} names no tag: {', '.join(keys)} as open_clip has it for the architecture. For a "
        f"checkpoint that was trained from {', '.join(named[:_NAMED])}{more}, name that instead"
    )
