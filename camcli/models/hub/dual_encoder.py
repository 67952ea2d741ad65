"""CLIP and SigLIP of transformers, in the halves that camcli scores prompts with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.errors import PromptError
from camcli.models.hub.location import Location
from camcli.models.text_tower import Tokenizer


class ImageTower(nn.Module):
    """Images (B, 3, H, W) to embeddings (B, D), not yet of length 1."""

    def __init__(self, model: Any) -> None:
        """Take the half of a dual encoder that sees."""
        super().__init__()
        self.vision_model = model.vision_model
        self.visual_projection = getattr(model, "visual_projection", nn.Identity())

    def forward(self, images: Tensor) -> Tensor:
        """Return the embeddings, float32 (B, D)."""
        projected: Tensor = self.visual_projection(self.vision_model(images).pooler_output)
        return projected


class DualEncoder(nn.Module):
    """A dual encoder under the names that `TextTower` asks for."""

    def __init__(self, model: Any) -> None:
        """Take the two halves apart.

        Args:
            model: A `CLIPModel` or `SiglipModel`.

        """
        super().__init__()
        self.visual = ImageTower(model)
        self.text_model = model.text_model
        self.text_projection = getattr(model, "text_projection", nn.Identity())
        self.logit_scale = model.logit_scale
        self.logit_bias: nn.Parameter | None = getattr(model, "logit_bias", None)
        self.context_length = int(model.config.text_config.max_position_embeddings)

    def encode_text(self, tokens: Tensor, normalize: bool = False) -> Tensor:
        """Return the embeddings (texts, D) of tokens, int64 (texts, context length).

        Nothing is masked: CLIP reads up to the end of the text alone, as its attention is causal,
        and SigLIP was trained on texts that are filled up.
        """
        embeddings = self.text_projection(self.text_model(input_ids=tokens).pooler_output)
        return F.normalize(embeddings, dim=-1) if normalize else embeddings


def embedding_width(model: Any) -> int:
    """Return D, the length of the embeddings."""
    config = model.config
    if hasattr(model, "visual_projection"):
        return int(config.projection_dim)
    return int(config.vision_config.hidden_size)


def tokenizer_of(location: Location, options: dict[str, Any]) -> Callable[[], Tokenizer]:
    """Return what makes a model's tokenizer, whose texts are filled up to the context length."""

    def made() -> Tokenizer:
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(location.place, **options)
        except Exception as error:  # a hub client, or a package that the tokenizer needs
            raise PromptError(
                f"cannot get the tokenizer of {location.name}: {type(error).__name__}: "
                f"{' '.join(str(error).split())[:300]}"
            ) from error

        def tokens(texts: Sequence[str], context_length: int) -> Tensor:
            read = tokenizer(
                list(texts), padding="max_length", max_length=context_length, truncation=True
            )
            return torch.tensor(read["input_ids"])

        return tokens

    return made
