"""Large blocks of memory are reused."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

REPEATEDLY_BORROWED = """
import resource, torch
from camcli.acceleration import keep_freed_memory
assert keep_freed_memory()
for turn in range(4):
    torch.zeros(16_000_000)
    if turn == 1:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc's")
def test_a_block_that_was_freed_is_not_mapped_anew() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REPEATEDLY_BORROWED], capture_output=True, text=True, check=True
    )
    pages = 2 * 64_000_000 // 4096  # of the last two turns
    assert int(done.stdout) < pages / 100
