"""Put distributions into a folder as an installer does: the package, and what it declares."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).parent / "example"


def install_example(site: Path, version: str | None = None) -> None:
    """Install the example package, by what its pyproject.toml says."""
    project: dict[str, Any] = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    shutil.copytree(EXAMPLE / "src", site, dirs_exist_ok=True)
    declare(site, project["name"], project["entry-points"], version or project["version"])


def install(site: Path, distribution: str, points: Mapping[str, str], code: str = "") -> None:
    """Install a distribution of one module with entry points `group/name` to attributes of it."""
    module = distribution.replace("-", "_")
    (site / f"{module}.py").write_text(code)
    groups: dict[str, dict[str, str]] = {}
    for point, attribute in points.items():
        group, _, name = point.partition("/")
        groups.setdefault(f"camcli.{group}", {})[name] = f"{module}:{attribute}"
    declare(site, distribution, groups, "0.1")


def declare(
    site: Path, distribution: str, groups: Mapping[str, Mapping[str, str]], version: str
) -> None:
    """Write the metadata of a distribution."""
    module = distribution.replace("-", "_")
    for earlier in site.glob(f"{module}-*.dist-info"):
        shutil.rmtree(earlier)
    info = site / f"{module}-{version}.dist-info"
    info.mkdir()
    lines = []
    for group, points in groups.items():
        lines += [f"[{group}]", *(f"{name} = {home}" for name, home in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    )
