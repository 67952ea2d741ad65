"""The commands, from Typer."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer.main

from camcli.cli import app
from docs.tables.markdown import code, escaped, page, table


def commands_page() -> str:
    """Return the page of all commands with their arguments and options."""
    sections = [_section(name, command) for name, command in all_commands()]
    return page(
        "Commands",
        "Every command with its arguments and options, as `camcli COMMAND --help` prints them.",
        *sections,
    )


def all_commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, under its full name, such as `config show`."""
    yield from _under(typer.main.get_command(app), "")


def _under(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _under(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _section(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    usage = " ".join(
        ["camcli", name, *map(placeholder_of, arguments), *["[OPTIONS]"] * bool(options)]
    )
    parts = [f"## camcli {name}", f"```text\n{usage}\n```", _described(command.help)]
    if arguments:
        rows = [(code(placeholder_of(p)), default_of(p), escaped(p.help or "")) for p in arguments]
        parts.append(table(("argument", "default", "meaning"), rows))
    if options:
        rows = [(flags_of(p), default_of(p), escaped(p.help or "")) for p in options]
        parts.append(table(("option", "default", "meaning"), rows))
    return "\n\n".join(parts)


def _described(text: str | None) -> str:
    return escaped(inspect.cleandoc(text or ""))


def placeholder_of(argument: Any) -> str:
    """Return what stands for an argument in a usage, in brackets if it may be left out."""
    shown = argument.metavar or argument.name.upper()
    return shown if argument.required or shown.startswith("[") else f"[{shown}]"


def flags_of(option: Any) -> str:
    """Return the spellings of an option, the long one with what stands for its value."""
    names = [*sorted(option.opts, key=len, reverse=True), *option.secondary_opts]
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return ", ".join(code(f"{flag}{value}" if flag.startswith("--") else flag) for flag in names)


def default_of(parameter: Any) -> str:
    """Return what holds where a parameter is not given, or nothing."""
    given = parameter.default
    nothing = given is None or given is False or given == [] or given == () or callable(given)
    return (
        ""
        if nothing or parameter.required
        else code(str(given).lower() if given is True else given)
    )
