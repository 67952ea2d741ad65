"""Looks that were asked for and that no picture of a run has."""

from __future__ import annotations

from collections.abc import Iterator

from camcli.config import OutputConfig


def idle_looks(output: OutputConfig) -> Iterator[str]:
    """Yield a line for each key of the configuration that says how nothing looks."""
    overlays, sheets = "overlays" in output.save, "components" in output.save
    legend = output.colorbar or output.caption != "none"
    if output.colorbar and not overlays:
        yield "output.colorbar is not used: no overlays are saved"
    if output.caption != "none" and not overlays:
        yield "output.caption is not used: no overlays are saved"
    if output.font and not sheets and not (legend and overlays):
        yield "output.font is not used: there is no text in what is saved"
