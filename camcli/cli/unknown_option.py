"""What to do instead of an option that a command does not have."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from camcli.config import config_keys


def advice(option: str, command: Any, commands: Iterable[Any]) -> str:
    """Return what was probably meant, to go behind `No such option: --colormap`, or nothing.

    Args:
        option: As it was typed, with its hyphens.
        command: The command that does not have it.
        commands: Those of the program.

    """
    own, typed = _options(command), option.replace("_", "-")
    keys = {_option_like(key): key for key in config_keys() if "." in key} if "--set" in own else {}
    sets = {name: f"--set {key}=VALUE" for name, key in keys.items() if name not in own}
    if typed in sets:
        return f"; that is a key of the configuration: {sets[typed]}"
    others = [f"camcli {other.name}" for other in commands if typed in _options(other)]
    near = get_close_matches(typed, [*own, *sets], n=1, cutoff=0.8 if others else 0.6)
    meant = f"; did you mean {sets.get(near[0], near[0])}?" if near else ""
    return f"; it belongs to {', '.join(others)}{meant}" if others else meant


def _options(command: Any) -> list[str]:
    return [name for option in command.params for name in option.opts if name.startswith("--")]


def _option_like(key: str) -> str:
    """Return an option of the name that a key ends with: `--batch-size` for `run.batch_size`."""
    return f"--{key.rpartition('.')[2].replace('_', '-')}"
