"""Embeddings are kept for the weights and the texts that they come from, and no others."""

from __future__ import annotations

from pathlib import Path

import torch

from camcli.models.embedding_cache import EmbeddingCache
from camcli.models.prompts import Prompt

DOG, EMBEDDING = Prompt("dog", ("a dog", "the dog")), torch.tensor([0.6, 0.8])


def test_what_was_put_is_found_by_other_caches_of_the_tower(tmp_path: Path) -> None:
    EmbeddingCache(tmp_path / "texts", b"one").put(DOG, EMBEDDING)
    found = EmbeddingCache(tmp_path / "texts", b"one").get(DOG)
    assert found is not None
    assert torch.equal(found, EMBEDDING)


def test_another_tower_or_other_texts_find_nothing(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, b"one")
    cache.put(DOG, EMBEDDING)
    assert EmbeddingCache(tmp_path, b"two").get(DOG) is None
    assert cache.get(Prompt("dog", ("a dog",))) is None
    assert cache.get(Prompt("dog", ("the dog", "a dog"))) is None
    assert cache.get(Prompt("hound", DOG.texts)) is not None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, b"one")
    cache.put(DOG, EMBEDDING)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:20])
    assert cache.get(DOG) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = EmbeddingCache(tmp_path / "file" / "texts", b"one")
    cache.put(DOG, EMBEDDING)
    assert cache.get(DOG) is None
