"""How long the first map takes, from the command to the file, beyond importing PyTorch.

    python -m benchmarks.speed.cold_start IMAGE [--rounds 7] [ARGUMENTS of camcli explain ...]

Two kinds of new processes alternate: one imports torch and torchvision and ends, the other is
`camcli explain` with one image. What the second takes beyond the first is camcli's own start-up.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.speed.timing import alternate


def main() -> None:
    """Print the times of both, and their difference round by round."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    options, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="camcli-cold-") as folder:
        explain = [sys.executable, "-m", "camcli", "explain", str(options.image), "-q",
                   "--overwrite", "-o", f"{folder}/out", *arguments]  # fmt: skip
        # Ended as camcli's process is: tearing Python down is not part of importing.
        imports = [sys.executable, "-c", "import os, torch, torchvision; os._exit(0)"]
        times = alternate(
            {
                "import": lambda: subprocess.run(imports, check=True),
                "explain": lambda: subprocess.run(explain, check=True),
            },
            options.rounds,
        )
    pairs = zip(times["explain"].rounds, times["import"].rounds, strict=True)
    beyond = sorted(explained - imported for explained, imported in pairs)
    for name, seconds in times.items():
        print(f"{name:8} {seconds.median:6.2f} s")
    print(f"beyond   {beyond[len(beyond) // 2]:6.2f} s  ({beyond[0]:.2f} to {beyond[-1]:.2f})")


if __name__ == "__main__":
    main()
