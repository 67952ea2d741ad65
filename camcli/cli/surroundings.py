"""What a command takes from where it is started: camcli.yaml there, and `CAMCLI_` variables.

For each option that sets a key of the configuration there is a variable of its name: what
`--batch-size 8` says, `CAMCLI_BATCH_SIZE=8` says too. The order is: defaults, the file, variables,
`--set`, options; what comes later wins.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from camcli.cli.console import say
from camcli.config import parse_value
from camcli.errors import CamcliWarning, suggest

_FILE = Path("camcli.yaml")
_PREFIX = "CAMCLI_"
_LEFT_OUT = "--isolated leaves it out"


def file_here() -> Path | None:
    """Return the configuration in the working folder, and say so; None where there is none."""
    if not _FILE.is_file():
        return None
    say(f"camcli: the configuration is {_FILE} in this folder ({_LEFT_OUT})")
    return _FILE


def variables(
    declared: Mapping[str, Any], given: set[str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values that variables have for options, and say which; an empty one is none.

    Variables with the prefix that belong to no option are told in a warning.

    Args:
        declared: The types of the options that set a key, by name.
        given: The options that are given on the command line, which win.
        environment: All variables.

    Raises:
        ConfigError: A value cannot be read.

    """
    ours = {name: text for name, text in environment.items() if name.startswith(_PREFIX) and text}
    known = {f"{_PREFIX}{name.upper()}": name for name in declared}
    for variable in sorted(ours.keys() - known.keys()):
        warnings.warn(
            f"the variable {variable} is not used: no option is called so"
            f"{suggest(variable, known)}",
            CamcliWarning,
            stacklevel=2,
        )
    found = {}
    for variable, option in known.items():
        if variable in ours and option not in given:
            found[option] = _value(ours[variable], declared[option], variable)
            say(f"camcli: from the environment: {variable}={ours[variable]} ({_LEFT_OUT})")
    return found


def _value(text: str, declared: Any, variable: str) -> Any:
    """Read a variable as its option is read; several values are a list in YAML."""
    if get_origin(declared) is list:
        return parse_value(text, f"the variable {variable}") if text[0] == "[" else [text]
    if {str, Path} & set(get_args(declared)):
        return text
    return parse_value(text, f"the variable {variable}")
