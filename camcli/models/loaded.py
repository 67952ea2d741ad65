"""A network ready to be explained."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from camcli.records import Preprocess

EMBEDDED = "texts"
"""The buffer that holds the embeddings of a dual encoder's prompts."""

if TYPE_CHECKING:
    from torch import nn

    from camcli.models.text_tower import TextTower


@dataclass(frozen=True)
class LoadedModel:
    """A network with everything that its source knows about it.

    Attributes:
        name: As the user wrote it.
        network: Maps images (B, 3, H, W) to scores (B, N); in evaluation mode.
        preprocess: How an image becomes its input.
        labels: Class names by index, or None.
        default_layer: The module path to explain at when none is given, or None if the source
            does not know one.
        weights: Which weights, for the record of the run.
        output: The key of the scores in a network that returns several tensors.
        text: What embeds texts, of a dual encoder; its network returns embeddings until it is
            given prompts.
        probabilities: What turns the scores into probabilities, None where the network shows it;
            with none, what the network returns is explained as it is.
        class_ids: How data sets identify the classes (WordNet's `n02102480`), by index; None where
            the source does not say.
        converted: The precisions that its weights came in and no longer have.
        plugin: The distribution and version of the package whose source it is from, None for
            camcli's own sources.

    """

    name: str
    network: nn.Module
    preprocess: Preprocess
    labels: tuple[str, ...] | None
    default_layer: str | None
    weights: str
    output: str | None = None
    text: TextTower | None = None
    probabilities: Literal["softmax", "sigmoid", "none"] | None = None
    class_ids: tuple[str, ...] | None = None
    converted: tuple[str, ...] = ()
    plugin: str | None = None

    def digest(self) -> str:
        """Return the SHA-256 of the parameters and buffers: names, dtypes, shapes and bytes.

        A dual encoder is known by the half that reads texts rather than by the embeddings of its
        prompts, whose last bits depend on the machine; the texts are a run's own to name.
        """
        from camcli.system.tensor_digest import digest_of

        weights = self.network.state_dict()
        if self.text is None:
            return digest_of(weights.items()).hex()
        images = digest_of(pair for pair in weights.items() if pair[0] != EMBEDDED)
        return hashlib.sha256(images + self.text.identity()).hexdigest()
