"""The kinds of target, one small class each, and how `--target` spells them.

The table holds import paths, so that the help can be shown without any of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camcli.targets.rules.base import Rule

RULES: Mapping[str, str] = {
    "topN": "camcli.targets.rules.top:Top",
    "positive": "camcli.targets.rules.positive:Positive",
    "folder": "camcli.targets.rules.folder:Folder",
    "label": "camcli.targets.rules.label:OwnLabel",
    "prompts": "camcli.targets.rules.prompts:Prompts",
    "@file.csv": "camcli.targets.rules.listed:Listed",
    "a class name or index": "camcli.targets.rules.fixed:Fixed",
}
"""By usage, in the order in which they are tried.

The last two take what is left: any word behind an `@` for a file, and any other for a class.
"""


VERSUS = "runner-up, nearestN, empty-prompt, @file.csv, or a class name or index"
"""What `--versus` takes; see `camcli.targets.contrast`."""


def usage() -> str:
    """Return how `--target` spells each kind, as one phrase."""
    *others, last = RULES
    return f"{', '.join(others)}, or {last}"


def rules() -> Iterator[type[Rule]]:
    """Yield the class of every kind; each is imported when it is reached."""
    for home in RULES.values():
        module, _, attribute = home.partition(":")
        rule: type[Rule] = getattr(importlib.import_module(module), attribute)
        yield rule
