"""Embeddings are kept for the tower and the tokens that they come from, and no others."""

from __future__ import annotations

from pathlib import Path

import torch

from camcli.models.embedding_cache import EmbeddingCache

TOKENS, EMBEDDING = torch.tensor([[1, 7, 2], [1, 8, 2]]), torch.tensor([0.6, 0.8])


def test_what_was_put_is_found_by_other_caches_of_the_tower(tmp_path: Path) -> None:
    EmbeddingCache(tmp_path / "texts", b"one", "torch 1").put(TOKENS, EMBEDDING)
    found = EmbeddingCache(tmp_path / "texts", b"one", "torch 1").get(TOKENS.clone())
    assert found is not None
    assert torch.equal(found, EMBEDDING)


def test_another_tower_version_or_text_finds_nothing(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, b"one", "torch 1")
    cache.put(TOKENS, EMBEDDING)
    assert EmbeddingCache(tmp_path, b"two", "torch 1").get(TOKENS) is None
    assert EmbeddingCache(tmp_path, b"one", "torch 2").get(TOKENS) is None
    assert cache.get(TOKENS[:1]) is None
    assert cache.get(TOKENS.flip(0)) is None
    assert cache.get(TOKENS.reshape(1, 6)) is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, b"one")
    cache.put(TOKENS, EMBEDDING)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:20])
    assert cache.get(TOKENS) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = EmbeddingCache(tmp_path / "file" / "texts", b"one")
    cache.put(TOKENS, EMBEDDING)
    assert cache.get(TOKENS) is None
