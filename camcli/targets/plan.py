"""Which classes to explain in each image, from the words a user writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from camcli.errors import ImageError, TargetError
from camcli.models.listed_images import FileUse, ListedImages
from camcli.models.prompts import PromptPlan
from camcli.records import ImageRef
from camcli.targets.class_table import ClassTable, UnknownClassError
from camcli.targets.rules import rules, usage
from camcli.targets.rules.base import Rule, Vocabulary
from camcli.targets.rules.fixed import Fixed

if TYPE_CHECKING:
    from torch import Tensor


class TargetPlan:
    """The classes to explain, image by image."""

    def __init__(
        self,
        specs: Sequence[str],
        table: ClassTable,
        prompts: PromptPlan | None = None,
        even: float | None = 0.0,
    ) -> None:
        """Understand what the user wrote.

        Args:
            specs: Each as one of `camcli.targets.rules` spells it.
            table: The network's classes.
            prompts: What its classes are, of a dual encoder.
            even: The score of a class that is as likely as not, None where scores do not say.

        Raises:
            TargetError: Naming every target that cannot be understood.

        """
        self.table = table
        self._rules: list[Rule] = []
        vocabulary = Vocabulary(table, prompts, even)
        complaints = []
        for spec in specs:
            try:
                self._rules.append(rule_of(spec.strip(), vocabulary))
            except TargetError as error:
                complaints.append(f"target {spec!r}: {error}")
        if complaints:
            raise TargetError("\n".join(complaints))

    @property
    def many(self) -> bool:
        """Whether an image can have more than one target, so that files carry the class."""
        return len(self._rules) > 1 or any(rule.many for rule in self._rules)

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
        found = [rule.listed_images() for rule in self._rules]
        return [listed for listed in found if listed is not None]

    def classes(self, ref: ImageRef, logits: Tensor) -> list[int]:
        """Return the classes to explain in one image, each once, in the order asked for.

        Args:
            ref: The image.
            logits: (N,), its scores, on the CPU.

        Raises:
            ImageError: Nothing names this image's class.

        """
        try:
            asked = [index for rule in self._rules for index in rule.classes(ref, logits)]
        except TargetError as error:
            raise ImageError(str(error)) from None
        return list(dict.fromkeys(asked))


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
