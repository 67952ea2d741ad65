"""The half of a dual encoder that reads texts."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.errors import PromptError
from camcli.models.embedding_cache import EmbeddingCache
from camcli.models.prompts import Prompt
from camcli.models.structure import structure_of
from camcli.system.cache_folders import cache_folder
from camcli.system.tensor_digest import digest_of

Tokenizer = Callable[..., Tensor]
_AT_ONCE = 64
_APART = ("visual", "logit_scale", "logit_bias")


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
        ICML 2021, arXiv 2103.00020, section 3.1.4). What the same tower has embedded before is
        read from the user's cache folder.

        Raises:
            PromptError: A text is longer than the model reads, or its tokenizer cannot be loaded.

        """
        texts = list(dict.fromkeys(text for prompt in prompts for text in prompt.texts))
        tokens = dict(zip(texts, self._tokens(texts), strict=True))
        read = [torch.stack([tokens[text] for text in prompt.texts]) for prompt in prompts]
        cache = EmbeddingCache(cache_folder("texts"), self.identity(), *_versions())
        found = [cache.get(each) for each in read]
        made = self._ensembled([e for e, kept in zip(read, found, strict=True) if kept is None])
        embeddings = []
        for each, kept in zip(read, found, strict=True):
            if kept is None:
                kept = next(made)
                cache.put(each, kept)
            embeddings.append(kept)
        return torch.stack(embeddings)

    def identity(self) -> bytes:
        """Return a digest of all that tokens go through: architecture, settings and parameters.

        The learned scale and bias come behind it, and belong to the image's side.
        """
        assert isinstance(self.model, nn.Module)
        sha = hashlib.sha256()
        for name, kind in structure_of(self.model):
            if not _is_apart(name):
                sha.update(f"{name}: {kind}\n".encode())
        tensors = (*self.model.named_parameters(), *self.model.named_buffers())
        sha.update(digest_of(pair for pair in tensors if not _is_apart(pair[0])))
        return sha.digest()

    def _ensembled(self, read: Sequence[Tensor]) -> Iterator[Tensor]:
        """Yield an embedding for each prompt's tokens (texts, context length)."""
        if not read:
            return
        rows = {tuple(row.tolist()): row for each in read for row in each}
        embeddings = dict(zip(rows, self._encoded(torch.stack([*rows.values()])), strict=True))
        for each in read:
            mean = torch.stack([embeddings[tuple(row.tolist())] for row in each]).mean(0)
            yield F.normalize(mean, dim=0)

    @torch.no_grad()
    def _encoded(self, tokens: Tensor) -> Tensor:
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


def _is_apart(name: str) -> bool:
    """Return whether a part or parameter of a dual encoder is none that texts go through."""
    return name.partition(".")[0] in _APART


def _versions() -> Iterator[str]:
    """Yield what code the embeddings come from."""
    for library in ("torch", "open_clip", "transformers"):
        if library in sys.modules:
            yield f"{library} {sys.modules[library].__version__}"
