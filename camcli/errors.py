"""What camcli raises where the user has to change a command, a file or the machine.

Every message says what happened, to which file or key, and what to do about it. The command line
turns them into one line on stderr and an exit code; anything else that escapes is a bug in camcli.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CamcliError(Exception):
    """A mistake that ends the run before any image is touched (exit code 2)."""


class ConfigError(CamcliError):
    """The YAML file, a `--set` override or a flag does not describe a run."""


class ModelError(CamcliError):
    """A network cannot be found, loaded or traced."""


class LayerError(CamcliError):
    """A target layer does not exist or cannot be explained at."""


class MethodError(CamcliError):
    """A method, or one of its options, does not exist."""


class PluginError(CamcliError):
    """What another package adds to camcli cannot be used."""


class TargetError(CamcliError):
    """A class to explain is not known."""


class PromptError(CamcliError):
    """A text cannot be explained, or not by this model."""


class InputError(CamcliError):
    """The images to explain cannot be listed."""


class OutputError(CamcliError):
    """The output folder cannot be used."""


class MachineError(Exception):
    """The machine stopped a run midway, which can be resumed (exit code 74)."""


class ImageError(Exception):
    """One image cannot be explained; the run goes on and its manifest row says why."""


class CamcliWarning(UserWarning):
    """Something the user should know that does not stop the run; one line on stderr."""


def suggest(word: str, choices: Iterable[str], limit: int = 3) -> str:
    """Return `"; did you mean 'a' or 'b'?"` for the nearest choices, or an empty string."""
    near = difflib.get_close_matches(word, list(choices), n=limit, cutoff=0.5)
    return f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
