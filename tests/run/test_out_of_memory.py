"""Memory that ran out is recognised, in whatever words, and nothing else is taken for it."""

from __future__ import annotations

import pytest
import torch

from camcli.system.out_of_memory import is_out_of_memory


def test_real_exhaustion_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), ValueError("memory")])
def test_other_errors_are_not_mistaken_for_it(error: Exception) -> None:
    assert not is_out_of_memory(error)
