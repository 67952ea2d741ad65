"""The kinds of target, one small class each, and how `--target` spells them.

Nothing here imports torch, so that the help can be shown without it.
"""

from __future__ import annotations

from camcli.errors import TargetError
from camcli.targets.class_table import UnknownClassError
from camcli.targets.rules.base import Rule, Vocabulary
from camcli.targets.rules.fixed import Fixed
from camcli.targets.rules.folder import Folder
from camcli.targets.rules.listed import Listed
from camcli.targets.rules.positive import Positive
from camcli.targets.rules.prompts import Prompts
from camcli.targets.rules.top import Top

__all__ = ["RULES", "Rule", "Vocabulary", "rule_of", "usage"]

RULES: tuple[type[Rule], ...] = (
    Top,
    Positive,
    Folder,
    Listed,
    Prompts,
    Fixed,
)
"""In the order in which they are tried; the last takes any word for a class."""


def usage() -> str:
    """Return how `--target` spells each kind, as one phrase."""
    *others, last = (rule.usage for rule in RULES)
    return f"{', '.join(others)}, or {last}"


def rule_of(spec: str, vocabulary: Vocabulary) -> Rule:
    """Return the rule that a target spells.

    Raises:
        TargetError: It refers to what does not exist.

    """
    try:
        found = (rule.parse(spec, vocabulary) for rule in RULES)
        return next(rule for rule in found if rule is not None)
    except UnknownClassError as error:
        raise TargetError(f"{error} (a target is {usage()})") from None
