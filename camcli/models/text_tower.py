"""The half of a dual encoder that reads texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.errors import PromptError
from camcli.models.embedding_cache import EmbeddingCache
from camcli.models.prompts import Prompt
from camcli.system.cache_folders import cache_folder
from camcli.system.tensor_digest import digest_of

Tokenizer = Callable[..., Tensor]
_AT_ONCE = 64


@dataclass(frozen=True)
class TextTower:
    """Embeds texts where a dual encoder embeds images.

    Attributes:
        name: Of the model, for messages.
        model: An `open_clip` model, on the CPU: `encode_text`, `logit_scale`, `logit_bias`.
        tokenizer: Makes the tokenizer, when the first text is to be read; texts and a context
            length to tokens, int64 (texts, context length).
        width: D, the length of an embedding.

    """

    name: str
    model: Any
    tokenizer: Callable[[], Tokenizer]
    width: int

    @property
    def scale(self) -> Tensor:
        """What a cosine similarity is multiplied by, learned: a float32 scalar."""
        return self.model.logit_scale.detach().exp().reshape(())  # type: ignore[no-any-return]

    @property
    def bias(self) -> Tensor | None:
        """What is added to that, a float32 scalar; None but for models that score independently."""
        bias: Tensor | None = getattr(self.model, "logit_bias", None)
        return None if bias is None else bias.detach().reshape(())

    def embed(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return the prompts' embeddings, float32 (prompts, D), each of length 1.

        A prompt of several texts has the mean of their embeddings, scaled to length 1 again
        (Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
        ICML 2021, arXiv 2103.00020, section 3.1.4). What the same weights have embedded before is
        read from the user's cache folder.

        Raises:
            PromptError: A text is longer than the model reads, or its tokenizer cannot be loaded.

        """
        cache = EmbeddingCache(cache_folder("texts"), self._digest())
        found = {prompt: cache.get(prompt) for prompt in prompts}
        missing = [prompt for prompt, embedding in found.items() if embedding is None]
        for prompt, embedding in zip(missing, self._ensembled(missing), strict=True):
            cache.put(prompt, embedding)
            found[prompt] = embedding
        return torch.stack([_present(found[prompt]) for prompt in prompts])

    def _ensembled(self, prompts: Sequence[Prompt]) -> Iterator[Tensor]:
        if not prompts:
            return
        texts = list(dict.fromkeys(text for prompt in prompts for text in prompt.texts))
        embeddings = dict(zip(texts, self._encoded(texts), strict=True))
        for prompt in prompts:
            mean = torch.stack([embeddings[text] for text in prompt.texts]).mean(0)
            yield F.normalize(mean, dim=0)

    @torch.no_grad()
    def _encoded(self, texts: Sequence[str]) -> Tensor:
        tokens = self._tokens(texts)
        parts = [self.model.encode_text(part, normalize=True) for part in tokens.split(_AT_ONCE)]
        return torch.cat(parts).float()

    def _tokens(self, texts: Sequence[str]) -> Tensor:
        tokenizer, room = self.tokenizer(), int(self.model.context_length)
        tokens = tokenizer(list(texts), context_length=room)
        # A text that fits has the same tokens, however much room there is.
        roomier = tokenizer(list(texts), context_length=room + 1)[:, :room]
        for text, fits in zip(texts, (tokens == roomier).all(1), strict=True):
            if not fits:
                raise PromptError(
                    f"the prompt {text!r} is longer than the {room} tokens that {self.name} "
                    "reads, its beginning and end counted: shorten it"
                )
        return tokens

    def _digest(self) -> bytes:
        """Return a digest of the parameters that texts go through."""
        assert isinstance(self.model, nn.Module)
        parameters = self.model.state_dict().items()
        return digest_of(pair for pair in parameters if not pair[0].startswith("visual."))


def _present(embedding: Tensor | None) -> Tensor:
    assert embedding is not None
    return embedding
