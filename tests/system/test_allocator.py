"""Large blocks of memory are reused."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

REPEATEDLY_BORROWED = """
import resource, torch
from camcli.system.allocator import keep_freed_memory
assert keep_freed_memory()
for turn in range(32):
    torch.zeros(16_000_000)
    if turn == 15:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc's")
def test_freed_blocks_are_not_mapped_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REPEATEDLY_BORROWED], capture_output=True, text=True, check=True
    )
    pages = 16 * 64_000_000 // 4096
    # The first rounds leave a few holes, and so may a later one.
    assert int(done.stdout) < pages / 4
