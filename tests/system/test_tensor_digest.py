"""Weights are known by everything that sets them apart."""

from __future__ import annotations

import hashlib

import torch
from torch import nn

from camcli.system.tensor_digest import digest_of

WEIGHTS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(2)}


def test_names_types_shapes_and_bytes_are_digested() -> None:
    sha = hashlib.sha256()
    sha.update(b"a torch.float32 (2, 3)" + torch.arange(6.0).numpy().tobytes())
    sha.update(b"b torch.int64 ()" + torch.tensor(2).numpy().tobytes())
    assert digest_of(WEIGHTS.items()) == sha.digest()


def test_how_a_tensor_lies_in_memory_makes_no_difference() -> None:
    turned = nn.Parameter(WEIGHTS["a"].T.contiguous().T)
    assert not turned.is_contiguous()
    assert digest_of({**WEIGHTS, "a": turned}.items()) == digest_of(WEIGHTS.items())
