"""Which texts an image is asked about: from flags, files and templates to a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from camcli.config import PromptsConfig
from camcli.errors import PromptError, TargetError
from camcli.models.listed_images import ListedImages
from camcli.models.prompt_file import read_prompts
from camcli.records import ImageRef

EMPTY_PROMPT = "the empty prompt"
"""What rows, file names and pictures call it."""

PLACE = "{}"
"""What a template has where the prompt goes."""


@dataclass(frozen=True)
class Prompt:
    """What an image is asked about.

    Attributes:
        name: As the user wrote it.
        texts: What the text encoder reads: the name itself, or the name in each template.

    """

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class PromptPlan:
    """The prompts of a run, each once, and which of them belong to which image.

    Attributes:
        prompts: All of them; their places are the classes of the network.
        shared: Places of those that every image is asked about.
        listed: Places of further ones that a file has for single images, None without such a file.
        empty: The empty prompt, which prompts are compared with and which is none of them; None
            where nothing is.

    """

    prompts: tuple[Prompt, ...]
    shared: tuple[int, ...]
    listed: ListedImages[int] | None = None
    empty: Prompt | None = None

    @property
    def read(self) -> tuple[Prompt, ...]:
        """What the text encoder reads: the prompts and, behind them, the empty one if there is."""
        return (*self.prompts, self.empty) if self.empty else self.prompts

    @property
    def many(self) -> bool:
        """Whether an image can have more than one prompt."""
        return len(self.shared) + (self.listed.most if self.listed else 0) > 1

    def places(self, ref: ImageRef) -> list[int]:
        """Return the places of an image's prompts, each once.

        Raises:
            TargetError: It has none, or what the file has may be another image's.

        """
        own = (self.listed.of(ref) if self.listed else None) or ()
        if self.listed and not self.shared and not own:
            raise TargetError(f"{self.listed.source} has no prompt for {ref.name}")
        return list(dict.fromkeys([*self.shared, *own]))


def plan_prompts(config: PromptsConfig, with_empty: bool = False) -> PromptPlan | None:
    """Read the prompts that a configuration names, None where it names none.

    Args:
        config: Names them.
        with_empty: Whether prompts are compared with the empty one. Templates hold it as they hold
            any prompt, so that it has all of a text but for what is asked about.

    Raises:
        PromptError: A file cannot be read or is not what its suffix says, or a prompt is empty.

    """
    source = None if config.file is None else Path(config.file)
    if source is None and not config.texts:
        if config != PromptsConfig():
            raise PromptError(
                "prompts: there are templates or a score, and no texts for them: give "
                "prompts.texts, prompts.file or --prompt, or leave the section out"
            )
        return None
    if with_empty and config.score == "softmax":
        raise PromptError(
            "versus: with prompts.score softmax a score is a share among the prompts, of which the "
            "empty one is none: set prompts.score to cosine"
        )
    lines = () if source is None else read_prompts(source)
    places: dict[str, int] = {}

    def place_of(text: str, where: str) -> int:
        if not text.strip():
            raise PromptError(f"{where} is empty: write what the image is to be asked about")
        return places.setdefault(text.strip(), len(places))

    shared = [place_of(text, f"prompt {n}") for n, text in enumerate(config.texts, start=1)]
    by_image: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        place = place_of(line.prompt, f"the prompt in line {line.number} of {source}")
        (shared if line.image is None else by_image[line.image]).append(place)
    unread = dict.fromkeys(name for line in lines for name in line.unread)
    if not places:
        raise PromptError(f"there is no prompt in {source}")
    if config.score == "softmax" and len(places) == 1:
        raise PromptError(
            "prompts.score is softmax, a prompt's share among the prompts, and there is but one: "
            "add what else there may be, or set prompts.score to cosine"
        )
    return PromptPlan(
        prompts=tuple(Prompt(name, _filled(name, config.templates)) for name in places),
        shared=tuple(dict.fromkeys(shared)),
        listed=ListedImages(str(source), by_image, tuple(unread)) if by_image else None,
        empty=Prompt(EMPTY_PROMPT, _filled("", config.templates)) if with_empty else None,
    )


def _filled(name: str, templates: Sequence[str]) -> tuple[str, ...]:
    return tuple(template.replace(PLACE, name) for template in templates) or (name,)
