"""Which classes to explain in each image, from the words a user writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camcli.config import TargetConfig
from camcli.errors import ImageError, TargetError
from camcli.models.listed_images import FileUse, ListedImages
from camcli.models.prompts import PromptPlan
from camcli.records import ImageRef, Sign
from camcli.targets.class_axis import ClassAxis
from camcli.targets.class_table import ClassTable, UnknownClassError
from camcli.targets.rules import rules, usage
from camcli.targets.rules.base import Rule, Vocabulary
from camcli.targets.rules.fixed import Fixed
from camcli.targets.signed_class import SignedClass

if TYPE_CHECKING:
    from torch import Tensor

_AGAINST = "-"


@dataclass(frozen=True)
class SignedRule:
    """A rule, and whether what speaks for its classes or against them is asked for."""

    rule: Rule
    sign: Sign


class TargetPlan:
    """The classes to explain, image by image.

    Attributes:
        table: The network's classes.
        axis: How they lie among its logits.
        signed_rules: What was asked for, in order.

    """

    def __init__(
        self,
        specs: Sequence[str | TargetConfig],
        table: ClassTable,
        prompts: PromptPlan | None = None,
        axis: ClassAxis | None = None,
    ) -> None:
        """Understand what the user wrote.

        Args:
            specs: Each as one of `camcli.targets.rules` spells it, perhaps behind a `-`, or a
                mapping of class and sign.
            table: The network's classes.
            prompts: What its classes are, of a dual encoder.
            axis: How they lie among its logits, by default one each.

        Raises:
            TargetError: Naming every target that cannot be understood.

        """
        self.table = table
        self.axis = axis or ClassAxis()
        self.signed_rules: list[SignedRule] = []
        vocabulary = Vocabulary(table, prompts, self.axis.even)
        complaints = []
        for spec in specs:
            try:
                self.signed_rules.append(signed_rule_of(spec, vocabulary))
            except TargetError as error:
                complaints.append(f"target {_written(spec)}: {error}")
        if complaints:
            raise TargetError("\n".join(complaints))

    @property
    def many(self) -> bool:
        """Whether an image can have more than one target, so that files carry the class."""
        return len(self.signed_rules) > 1 or any(asked.rule.many for asked in self.signed_rules)

    def expect(self, listing: Sequence[ImageRef]) -> None:
        """Tell the files that list images which images there are."""
        for listed in self._listed:
            listed.expect(listing)

    def notice(self, ref: ImageRef) -> None:
        """Tell those files of the next image, where nobody knows how many there will be."""
        for listed in self._listed:
            listed.notice(ref)

    def file_uses(self) -> list[FileUse]:
        """Return what was made of each of those files."""
        return [listed.use() for listed in self._listed]

    @property
    def _listed(self) -> list[ListedImages]:
        found = [asked.rule.listed_images() for asked in self.signed_rules]
        return [listed for listed in found if listed is not None]

    @property
    def signs(self) -> set[Sign]:
        """Which kinds of evidence are asked for."""
        return {asked.sign for asked in self.signed_rules}

    def choose(self, ref: ImageRef, logits: Tensor) -> list[SignedClass]:
        """Return what to explain in one image, each once, in the order asked for.

        Args:
            ref: The image.
            logits: (n,), of the network, on the CPU.

        Raises:
            ImageError: Nothing names this image's class.

        """
        scores = self.axis.scores(logits)
        try:
            chosen = [
                SignedClass(index, asked.sign)
                for asked in self.signed_rules
                for index in asked.rule.classes(ref, scores)
            ]
        except TargetError as error:
            raise ImageError(str(error)) from None
        return list(dict.fromkeys(chosen))


def signed_rule_of(spec: str | TargetConfig, vocabulary: Vocabulary) -> SignedRule:
    """Return what a target asks for: with a `-` in front, what speaks against a rule's classes.

    A class whose name begins with `-` is that class; against others beside it, and for classes that
    are called like a rule, there is the mapping.

    Raises:
        TargetError: It refers to what does not exist.

    """
    if not isinstance(spec, str):
        return SignedRule(Fixed(vocabulary.table.index_of(spec.class_)), spec.sign)
    word = spec.strip()
    if word.startswith(_AGAINST) and not vocabulary.table.names(word):
        return SignedRule(rule_of(word.removeprefix(_AGAINST).lstrip(), vocabulary), "negative")
    return SignedRule(rule_of(word, vocabulary), "positive")


def rule_of(spec: str, vocabulary: Vocabulary) -> Rule:
    """Return the rule that a target spells; a class that is called so wins over a rule's word.

    Raises:
        TargetError: It refers to what does not exist, or may mean a class as well as a rule.

    """
    table = vocabulary.table
    may_be_a_name = not spec.startswith("@")
    if may_be_a_name and table.has_label(spec):
        return Fixed(table.index_named(spec))
    try:
        found = (rule.parse(spec, vocabulary) for rule in rules())
        rule = next(rule for rule in found if rule is not None)
    except UnknownClassError as error:
        raise TargetError(f"{error} (a target is {usage()})") from None
    if may_be_a_name and table.names(spec) and not isinstance(rule, Fixed):
        name = table.name_of(table.index_named(spec))
        raise TargetError(f"may be the class {name!r} or the rule: write class:{name} or @{spec}")
    return rule


def _written(spec: str | TargetConfig) -> str:
    return repr(spec) if isinstance(spec, str) else repr(spec.class_)
