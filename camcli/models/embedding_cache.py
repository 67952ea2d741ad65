"""Embeddings of texts, kept on disk from run to run."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from camcli.models.prompts import Prompt


class EmbeddingCache:
    """The embeddings of one text tower, each in a file named by everything that it depends on."""

    def __init__(self, folder: Path, tower: bytes) -> None:
        """Look into a folder, which need not exist.

        Args:
            folder: Where the files of all towers are.
            tower: A digest of the weights that texts go through.

        """
        self._folder = folder
        self._tower = tower

    def get(self, prompt: Prompt) -> Tensor | None:
        """Return a prompt's embedding (D,), None where it is not there or cannot be read."""
        try:
            return torch.from_numpy(np.load(self._path(prompt)))
        except (OSError, ValueError, EOFError):
            return None

    def put(self, prompt: Prompt, embedding: Tensor) -> None:
        """Keep an embedding (D,), where the folder can be written to."""
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
