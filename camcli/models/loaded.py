"""A network ready to be explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from camcli.records import Preprocess

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
        probabilities: What turns the scores into probabilities, None where the network shows it.
        converted: The precisions that its weights came in and no longer have.

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
    converted: tuple[str, ...] = ()

    def digest(self) -> str:
        """Return the SHA-256 of the parameters and buffers: names, dtypes, shapes and bytes."""
        from camcli.models.digest import digest_of

        return digest_of(self.network.state_dict().items()).hex()
