"""How the help of a command is laid out: options by what they are about, and examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from camcli.cli.options import KEYS

_OWN = "Options"
_CONFIGURATION = "Configuration"
# By the section of the configuration that an option sets a key of.
_SECTIONS = {
    "model": "Network",
    "method": "Method and targets",
    "targets": "Method and targets",
    "versus": "Method and targets",
    "prompts": "Method and targets",
    "run": "Speed and device",
    "output": "What is written",
}
_OF_CONFIGURATION = ("config", "overrides", "isolated")
# Options without a key of their own, by the key whose heading they stand under.
_BESIDE = {"option": "method.name"}

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "explain": (
        "camcli explain photos/",
        "camcli explain photos/ -m resnet50 --method grad-cam --target top2 -o out50",
        "camcli explain photos/ --method lift-cam --method grad-cam --save grid",
        "camcli explain photos/ -m resnet18 --checkpoint best.safetensors --resume",
        "camcli explain photos/ -m demo-clip --prompt 'a drawing of a cat'",
    ),
    "evaluate": (
        "camcli evaluate photos/ -m resnet50 --methods lift-cam,grad-cam,decom-cam",
        "camcli evaluate photos/ --methods all --at-most shap-cam=20 --truth masks/",
    ),
    "bench": ("camcli bench", "camcli bench photos/ -m resnet50 --device cuda -b 32 --json"),
    "layers": ("camcli layers resnet50", "camcli layers vit_b_16 'encoder.*' --depth 3"),
    "models": ("camcli models 'resnet*'", "camcli models 'timm:vit*' --json"),
    "methods": ("camcli methods", "camcli methods lift-cam"),
    "report": ("camcli report out/ --open",),
    "diff": ("camcli diff golden/ out/ --fail-under cosine=0.99",),
    "export": ("camcli export out/ --to csv -o rows.csv",),
    "merge": ("camcli merge out/",),
    "verify": ("camcli verify out/",),
    "doctor": ("camcli doctor", "camcli doctor --json --no-self-test"),
}
"""Commands as they are typed, by the command they are of."""


def by_panel(options: Iterable[Any]) -> dict[str, list[Any]]:
    """Return options by the heading that they stand under, the command's own first."""
    panels: dict[str, list[Any]] = {title: [] for title in (_OWN, *_SECTIONS.values())}
    panels[_CONFIGURATION] = []
    for option in options:
        panels[_panel(option.name)].append(option)
    panels = {title: listed for title, listed in panels.items() if listed}
    if len(panels) == len({_OWN, _CONFIGURATION} & panels.keys()):  # too few to need headings
        return {_OWN: [option for panel in panels.values() for option in panel]}
    return panels


def epilog(command: str) -> str | None:
    """Return the examples of a command, a line each, as click leaves lines as they are."""
    lines = EXAMPLES.get(command)
    return None if lines is None else "\n".join(["\b", "Examples:", *(f"  {x}" for x in lines)])


def _panel(name: str) -> str:
    if name in _OF_CONFIGURATION:
        return _CONFIGURATION
    section = (KEYS.get(name) or _BESIDE.get(name, "")).partition(".")[0]
    return _SECTIONS.get(section, _OWN)
