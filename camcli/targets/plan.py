"""Which classes to explain in each image, from the words a user writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from camcli.config import TargetConfig
from camcli.errors import ImageError, TargetError
from camcli.models.listed_images import FileUse, ListedImages
from camcli.models.prompts import PromptPlan
from camcli.records import ImageRef, Sign
from camcli.targets.class_axis import ClassAxis
from camcli.targets.class_table import ClassTable, UnknownClassError
from camcli.targets.class_target import ClassTarget
from camcli.targets.contrast import Contrast, OneRival, SelfContrastError, contrast_of
from camcli.targets.rules import rules, usage
from camcli.targets.rules.base import Rule, Vocabulary
from camcli.targets.rules.fixed import Fixed
from camcli.targets.signed_class import product, split_sign

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class AskedTarget:
    """One `--target`, understood.

    Attributes:
        rule: Which classes.
        sign: Whether what speaks for them or against them is asked for.
        contrast: What they are compared with, None for nothing.

    """

    rule: Rule
    sign: Sign = "positive"
    contrast: Contrast | None = None

    @property
    def signs(self) -> set[Sign]:
        """Which kinds of evidence it asks for."""
        return {product(self.sign, sign) for sign in self.rule.signs}

    def listed_images(self) -> Iterator[ListedImages[Any]]:
        """Yield what files list for single images."""
        readers: list[Rule | Contrast] = [self.rule]
        if self.contrast:
            readers.append(self.contrast)
        yield from (found for reader in readers if (found := reader.listed_images()))

    def choose(self, ref: ImageRef, scores: Tensor) -> list[ClassTarget]:
        """Return what to explain in an image whose classes have these scores, (N,).

        Of several classes, the one that the others are compared with is left out.

        Raises:
            TargetError: Nothing names this image's class, or the only one is compared with itself.

        """
        chosen, itself = [], None
        for listed in self.rule.signed_classes(ref, scores):
            try:
                rivals = self.contrast.rivals(ref, scores, listed.index) if self.contrast else ()
            except SelfContrastError as error:
                itself = error
            else:
                chosen.append(ClassTarget(listed.index, product(self.sign, listed.sign), rivals))
        if itself and not chosen:
            raise itself
        return chosen


class TargetPlan:
    """The classes to explain, image by image.

    Attributes:
        table: The network's classes.
        axis: How they lie among its logits.
        prompts: What those classes are, of a dual encoder.
        asked: What was asked for, in order.

    """

    def __init__(
        self,
        specs: Sequence[str | TargetConfig],
        table: ClassTable,
        prompts: PromptPlan | None = None,
        axis: ClassAxis | None = None,
        versus: str | None = None,
    ) -> None:
        """Understand what the user wrote.

        Args:
            specs: Each as one of `camcli.targets.rules` spells it, perhaps behind a `-`, or a
                mapping of class, sign and versus.
            table: The network's classes.
            prompts: What its classes are, of a dual encoder.
            axis: How they lie among its logits, by default one each.
            versus: What every target is compared with that does not say so itself, as
                `camcli.targets.contrast` spells it; None for nothing.

        Raises:
            TargetError: Naming every target that cannot be understood.

        """
        self.table = table
        self.prompts = prompts
        self.axis = axis or ClassAxis()
        self.asked: list[AskedTarget] = []
        vocabulary = Vocabulary(table, prompts, self.axis.even)
        complaints = []
        for spec in specs:
            try:
                self.asked.append(_asked_by(spec, versus, vocabulary))
            except TargetError as error:
                complaints.append(f"target {_written(spec)}: {error}")
        if complaints:
            raise TargetError("\n".join(complaints))

    @property
    def many(self) -> bool:
        """Whether an image can have more than one target, so that files carry the class."""
        return len(self.asked) > 1 or any(asked.rule.many for asked in self.asked)

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
        uses = [listed.use() for listed in self._listed]
        return [replace(use, columns=_read_by_none(use, uses)) for use in uses]

    @property
    def _listed(self) -> list[ListedImages[Any]]:
        return [listed for asked in self.asked for listed in asked.listed_images()]

    @property
    def signs(self) -> set[Sign]:
        """Which kinds of evidence are asked for."""
        return {sign for asked in self.asked for sign in asked.signs}

    @property
    def about_a_difference(self) -> bool:
        """Whether more is asked for than what speaks for a class by itself."""
        return "negative" in self.signs or any(asked.contrast for asked in self.asked)

    def choose(self, ref: ImageRef, logits: Tensor) -> list[ClassTarget]:
        """Return what to explain in one image, each once, in the order asked for.

        Args:
            ref: The image.
            logits: (n,), of the network, on the CPU.

        Raises:
            ImageError: Nothing names this image's class.

        """
        scores = self.axis.scores(self.axis.own(logits))
        try:
            chosen = [target for asked in self.asked for target in asked.choose(ref, scores)]
        except TargetError as error:
            raise ImageError(str(error)) from None
        return list(dict.fromkeys(chosen))


def _asked_by(spec: str | TargetConfig, versus: str | None, vocabulary: Vocabulary) -> AskedTarget:
    """Return what a target asks for: with a `-` in front, what speaks against a rule's classes.

    A class whose name begins with `-` is that class; against others beside it, and for classes that
    are called like a rule, there is the mapping.

    Raises:
        TargetError: It refers to what does not exist.

    """
    table = vocabulary.table
    if not isinstance(spec, str):
        own = Fixed(table.index_of(spec.class_))
        return _asked(own, spec.sign, _contrast(spec.versus or versus, table), table)
    sign, word = split_sign(spec.strip(), table)
    return _asked(rule_of(word, vocabulary), sign, _contrast(versus, table), table)


def _asked(rule: Rule, sign: Sign, contrast: Contrast | None, table: ClassTable) -> AskedTarget:
    if isinstance(rule, Fixed) and isinstance(contrast, OneRival) and rule.index == contrast.index:
        name = table.name_of(rule.index) or rule.index
        raise TargetError(f"{name} is compared with itself: versus is the same class")
    return AskedTarget(rule, sign, contrast)


def _contrast(versus: str | None, table: ClassTable) -> Contrast | None:
    if versus is None:
        return None
    try:
        return contrast_of(versus, table)
    except TargetError as error:
        raise TargetError(f"versus {versus!r}: {error}") from None


def rule_of(spec: str, vocabulary: Vocabulary) -> Rule:
    """Return the rule that a target spells; a class that is called so wins over a rule's word.

    Raises:
        TargetError: It refers to what does not exist, or may mean a class as well as a rule.

    """
    table = vocabulary.table
    if table.has_label(spec) and not spec.startswith("@"):
        return Fixed(table.index_named(spec))
    try:
        found = (rule.parse(spec, vocabulary) for rule in rules())
        rule = next(rule for rule in found if rule is not None)
    except UnknownClassError as error:
        raise TargetError(f"{error} (a target is {usage()})") from None
    if not isinstance(rule, Fixed):
        table.refuse_for_rule(spec)
    return rule


def _read_by_none(use: FileUse, uses: Sequence[FileUse]) -> tuple[str, ...]:
    """Return the columns of a file that no target and no contrast reads."""
    readers = [other for other in uses if other.source == use.source]
    return tuple(column for column in use.columns if all(column in r.columns for r in readers))


def _written(spec: str | TargetConfig) -> str:
    return repr(spec) if isinstance(spec, str) else repr(spec.class_)
