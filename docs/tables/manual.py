"""The manual page of the command, in roff, from Typer: `man camcli`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from docs.tables.commands import all_commands, default_of, flags_of, placeholder_of

_HEAD = r"""
.\" Made by `make reference`.
.TH CAMCLI 1
.SH NAME
camcli \- batch saliency maps for image networks
.SH SYNOPSIS
.B camcli
.I COMMAND
.RI [ OPTIONS ]
.SH DESCRIPTION
Turns folders of images into heatmaps, maps and a machine\-readable manifest that show which parts
of each image a network's score rests on.
.SH COMMANDS
"""
_TAIL = r"""
.SH FILES
.TP
.B camcli.yaml
The configuration in the working folder, read unless \-c names another or \-\-isolated is given.
.SH ENVIRONMENT
.TP
.B CAMCLI_OPTION
What the option of that name says, such as CAMCLI_BATCH_SIZE=8; options and \-\-set win.
"""


def manual() -> str:
    """Return the manual page of all commands, with their arguments, options and exit codes."""
    lines = (line for name, command in all_commands() for line in _section(name, command))
    return "\n".join([_HEAD.strip(), *lines, _TAIL.strip(), ""])


def _section(name: str, command: Any) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    yield f".SS camcli {_plain(' '.join([name, *map(placeholder_of, arguments)]))}"
    for number, paragraph in enumerate(re.split(r"\n\s*\n", inspect.cleandoc(command.help or ""))):
        yield from ([".PP"] if number else [])
        yield _plain(" ".join(paragraph.split()))
    for each in arguments:
        yield from _entry(placeholder_of(each), each)
    for each in options:
        yield from _entry(flags_of(each).replace("`", ""), each)


def _entry(term: str, parameter: Any) -> Iterator[str]:
    default = default_of(parameter).replace("`", "")
    yield ".TP"
    yield f".B {_plain(term)}"
    yield _plain(" ".join((parameter.help or "").split()) + f" Default: {default}." * bool(default))


def _plain(text: str) -> str:
    """Return text as roff takes it: no escapes, and no line that would be a request."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped[:1] in (".", "'") else escaped
