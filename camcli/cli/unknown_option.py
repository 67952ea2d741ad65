"""What to do instead of an option that a command does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from camcli.cli.habits import habitual
from camcli.config import config_keys


def advice(option: str, command: Any, commands: Iterable[Any]) -> str:
    """Return what was probably meant, to go behind `No such option: --colormap`, or nothing.

    Args:
        option: As it was typed, with its hyphens.
        command: The command that does not have it.
        commands: Those of the program.

    """
    own, typed = _options(command), option.replace("_", "-")
    if typed in own:
        return f"; did you mean {typed}?"
    others = {f"camcli {other.name}": _options(other) for other in commands if other is not command}
    return _of_habit(typed, own, others) or _of_likeness(typed, own, others)


def _of_habit(typed: str, own: list[str], others: Mapping[str, list[str]]) -> str:
    """Return what camcli has for the options of other programs."""
    habit = habitual(typed)
    if habit is None:
        return ""
    meant = habit.split()[0]
    if not habit.startswith("--") or meant == "--help":
        return f"; {habit}"
    if meant in own:
        return f"; did you mean {habit}?"
    having = [name for name, options in others.items() if meant in options]
    return f"; {habit} belongs to {', '.join(having)}" if having else ""


def _of_likeness(typed: str, own: list[str], others: Mapping[str, list[str]]) -> str:
    """Return the option or key of that name, or of the most similar one."""
    keys = {_option_like(key): key for key in config_keys() if "." in key} if "--set" in own else {}
    sets = {name: f"--set {key}=VALUE" for name, key in keys.items() if name not in own}
    if typed in sets:
        return f"; that is a key of the configuration: {sets[typed]}"
    having = [name for name, options in others.items() if typed in options]
    near = get_close_matches(typed, [*own, *sets], n=1, cutoff=0.8)
    meant = f"; did you mean {sets.get(near[0], near[0])}?" if near else ""
    return f"; it belongs to {', '.join(having)}{meant}" if having else meant


def _options(command: Any) -> list[str]:
    return [name for option in command.params for name in option.opts if name.startswith("--")]


def _option_like(key: str) -> str:
    """Return an option of the name that a key ends with: `--batch-size` for `run.batch_size`."""
    return f"--{key.rpartition('.')[2].replace('_', '-')}"
