"""The files of a revision of this repository, to compare with those of another."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def revision_tree(revision: str | None) -> Iterator[Path]:
    """Yield a folder with the files of a revision; for None, the working tree itself."""
    if revision is None:
        yield ROOT
        return
    with tempfile.TemporaryDirectory(prefix="camcli-tree-") as folder:
        tree = Path(folder) / "tree"
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "-q", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def environment_of(tree: Path, cache: Path) -> Mapping[str, str]:
    """Return an environment in which Python finds a tree's camcli, with a cache of its own."""
    return os.environ | {"PYTHONPATH": str(tree), "XDG_CACHE_HOME": str(cache)}
