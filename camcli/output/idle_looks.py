"""Looks that were asked for and that no picture of a run has."""

from __future__ import annotations

from collections.abc import Iterator

from camcli.config import OutputConfig


def idle_looks(output: OutputConfig) -> Iterator[str]:
    """Yield a line for each key of the configuration that says how nothing looks."""
    usual = OutputConfig(sign=output.sign)  # signed maps have colours of their own
    shown = {key: reason for key, reason in _reasons(output) if reason is not None}
    for key, reason in shown.items():
        if getattr(output, key) != getattr(usual, key):
            yield f"output.{key} is not used: {reason}"


def _reasons(output: OutputConfig) -> Iterator[tuple[str, str | None]]:
    """Yield why each look has nothing to show on, None where it has."""
    overlays, heat, sheets = (kind in output.save for kind in ("overlays", "heat", "components"))
    legend = overlays and (output.colorbar or output.caption != "none")
    without = None if overlays else "no overlays are saved"
    for key in ("style", "overlay_format", "colorbar", "caption"):
        yield key, without
    yield "overlay_side", None if heat else without
    yield "font", None if sheets or legend else "there is no text in what is saved"
    if heat or sheets or (overlays and output.style != "mask"):
        yield "colormap", None
    else:
        yield "colormap", without or "mask shows the image's own colours"
    if sheets or (overlays and output.style in ("blend", "mask")):
        yield "alpha", None
    else:
        yield "alpha", without or f"{output.style} lets nothing shine through"
    maps = "maps" in output.save or sheets
    yield "map_size", None if maps else "no maps are saved"
