"""Embeddings of texts, kept on disk from run to run."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from camcli.system.tensor_digest import digest_of

# Increase it whenever embeddings are made in another way.
_FORMAT = 2


class EmbeddingCache:
    """The embeddings of one text tower, each in a file named by everything that it depends on."""

    def __init__(self, folder: Path, tower: bytes, *versions: str) -> None:
        """Look into a folder, which need not exist.

        Args:
            folder: Where the files of all towers are.
            tower: A digest of all that tokens go through.
            versions: Of the libraries whose code that is.

        """
        self._folder = folder
        self._surroundings = repr((_FORMAT, tower, versions)).encode()

    def get(self, tokens: Tensor) -> Tensor | None:
        """Return the embedding (D,) of a prompt, None where it is not there or cannot be read.

        Args:
            tokens: int64 (texts, context length), all that an embedding owes to the texts and to
                the tokenizer.

        """
        try:
            return torch.from_numpy(np.load(self._path(tokens)))
        except (OSError, ValueError, EOFError):
            return None

    def put(self, tokens: Tensor, embedding: Tensor) -> None:
        """Keep an embedding (D,), where the folder can be written to."""
        path = self._path(tokens)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}")
            with partial.open("wb") as file:
                np.save(file, embedding.numpy())
            partial.replace(path)

    def _path(self, tokens: Tensor) -> Path:
        sha = hashlib.sha256(self._surroundings)
        sha.update(digest_of([("tokens", tokens)]))
        return self._folder / f"{sha.hexdigest()[:40]}.npy"
