"""Insertion and deletion curves as an SVG image."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from torch import Tensor

from camcli.system.escaping import in_xml

_WIDTH, _HEIGHT = 420, 320
_LEFT, _TOP, _GAP, _BOTTOM = 52, 40, 70, 60
_KEY_WIDTH, _KEY_LINE = 150, 18
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
# Distinct in hue or, where hues come round again, in lightness.
_COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
    "#bcbd22", "#17becf", "#0b3c5d", "#a65000", "#115511", "#700f0f", "#4b2a6b", "#3f2620",
    "#98df8a", "#ffbb78",
)  # fmt: skip


def curve_plot(insertion: Mapping[str, Tensor], deletion: Mapping[str, Tensor]) -> str:
    """Draw both families of mean curves, (S + 1,) each, side by side with one key."""
    key_left = _LEFT + 2 * _WIDTH + _GAP + 24
    rows = max(len(insertion), 1)
    height = max(_TOP + _HEIGHT + _BOTTOM, _TOP + rows * _KEY_LINE)
    width = key_left + _KEY_WIDTH
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(insertion)}
    body = [
        _panel(insertion, colours, _LEFT, "insertion: higher is better", "share shown"),
        _panel(
            deletion, colours, _LEFT + _WIDTH + _GAP, "deletion: lower is better", "share hidden"
        ),
        *(
            _key_entry(name, colour, key_left, _TOP + i * _KEY_LINE + 9)
            for i, (name, colour) in enumerate(colours.items())
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n{"".join(body)}</svg>\n'
    )


def _panel(
    curves: Mapping[str, Tensor], colours: Mapping[str, str], left: int, title: str, axis: str
) -> str:
    top_value = max((float(curve.max()) for curve in curves.values()), default=1.0) or 1.0
    bottom = _TOP + _HEIGHT
    parts = [f'<text x="{left}" y="{_TOP - 14}" font-weight="bold">{title}</text>\n']
    for tick in _TICKS:
        x, y = left + tick * _WIDTH, bottom - tick * _HEIGHT
        parts += [
            f'<line x1="{left}" y1="{y}" x2="{left + _WIDTH}" y2="{y}" stroke="#ddd"/>\n',
            f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{tick * top_value:.2f}</text>\n',
            f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{tick:.0%}</text>\n',
        ]
    parts.append(
        f'<text x="{left + _WIDTH / 2}" y="{bottom + 38}" text-anchor="middle">{axis}</text>\n'
    )
    for name, curve in curves.items():
        steps = len(curve) - 1
        points = " ".join(
            f"{left + i / steps * _WIDTH:.1f},{bottom - value / top_value * _HEIGHT:.1f}"
            for i, value in enumerate(curve.tolist())
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colours[name]}" '
            f'stroke-width="1.6"/>\n'
        )
    return "".join(parts)


def _key_entry(name: str, colour: str, x: int, y: int) -> str:
    return (
        f'<line x1="{x}" y1="{y}" x2="{x + 22}" y2="{y}" stroke="{colour}" stroke-width="3"/>\n'
        f'<text x="{x + 28}" y="{y + 4}">{escape(in_xml(name))}</text>\n'
    )
