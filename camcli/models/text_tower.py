"""The half of a dual encoder that reads texts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from camcli.errors import PromptError
from camcli.models.prompts import Prompt
from camcli.system.cache_folders import cache_folder

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
        ICML 2021, arXiv 2103.00020, section 3.1.4). What was embedded once, by the same weights,
        is kept in the user's cache folder.

        Raises:
            PromptError: A text is longer than the model reads, or its tokenizer cannot be had.

        """
        kept = _Kept(cache_folder("texts"), self._digest())
        found = {prompt: kept.get(prompt) for prompt in prompts}
        missing = [prompt for prompt, embedding in found.items() if embedding is None]
        for prompt, embedding in zip(missing, self._ensembled(missing), strict=True):
            kept.put(prompt, embedding)
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
        """Return the SHA-256 of the parameters that texts go through."""
        sha = hashlib.sha256()
        assert isinstance(self.model, nn.Module)
        for name, tensor in self.model.state_dict().items():
            if not name.startswith("visual."):
                sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
                sha.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return sha.digest()


def _present(embedding: Tensor | None) -> Tensor:
    assert embedding is not None
    return embedding


class _Kept:
    """Embeddings kept on disk, named by everything that they depend on."""

    def __init__(self, folder: Path, tower: bytes) -> None:
        self._folder = folder
        self._tower = tower

    def get(self, prompt: Prompt) -> Tensor | None:
        """Return a prompt's embedding, None where it is not there or cannot be read."""
        try:
            return torch.from_numpy(np.load(self._path(prompt)))
        except (OSError, ValueError, EOFError):
            return None

    def put(self, prompt: Prompt, embedding: Tensor) -> None:
        """Keep an embedding, where the folder can be written to."""
        path = self._path(prompt)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}")
            with partial.open("wb") as file:
                np.save(file, embedding.numpy())
            partial.replace(path)

    def _path(self, prompt: Prompt) -> Path:
        sha = hashlib.sha256(self._tower)
        for text in prompt.texts:
            sha.update(hashlib.sha256(text.encode()).digest())
        return self._folder / f"{sha.hexdigest()[:40]}.npy"
