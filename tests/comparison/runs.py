"""Output folders as `camcli explain` leaves them, written without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def blob(row: int, column: int, size: tuple[int, int] = (32, 48)) -> npt.NDArray[np.float32]:
    """Return a map (h, w) with its peak, 1, at a place."""
    down, across = np.indices(size)
    values: npt.NDArray[np.float32] = np.exp(
        -((down - row) ** 2 + (across - column) ** 2) / 40
    ).astype(np.float32)
    return values


def row_of(image: str, target: str | None = "cat", index: int = 3, **fields: Any) -> dict[str, Any]:
    """Return a row of a manifest."""
    described = target and {"index": index, "name": target, "score": 2.0, "probability": 0.5}
    base = {"image": image, "status": "ok", "target": described, "crop_box": [0, 0, 96, 64]}
    return {**base, "completeness_error": 1e-6, **fields}


def write_run(folder: Path, rows: list[dict[str, Any]], maps: list[Any]) -> Path:
    """Write a manifest and its maps; None stands for a row without a map."""
    folder.mkdir(parents=True)
    lines = []
    for number, (row, values) in enumerate(zip(rows, maps, strict=True)):
        path = None if values is None else f"maps/{number}.npy"
        if path:
            (folder / "maps").mkdir(exist_ok=True)
            np.save(folder / path, values)
        lines.append(json.dumps({**row, "map": path}) + "\n")
    (folder / "manifest.jsonl").write_text("".join(lines))
    return folder
