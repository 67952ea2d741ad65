"""Write demo scenes with their ground truth, for `camcli evaluate`.

    python -m benchmarks.data.scenes DIR [--scenes 100] [--objects 2]

Makes DIR/images/*.png, DIR/masks/<image>.<class>.png (white where the object is) and
DIR/targets.csv, which makes every object of every image a target. The seeds are far from those of
the network's training.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from PIL import Image

from camcli.demo.network import INPUT_SIZE
from camcli.demo.scenes import make_scene

FIRST_SEED = 7_000_000


def write_scenes(folder: Path, scenes: int, objects: int) -> None:
    """Write images, masks and targets into a folder."""
    images, masks = folder / "images", folder / "masks"
    images.mkdir(parents=True, exist_ok=True)
    masks.mkdir(exist_ok=True)
    with (folder / "targets.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "target"])
        for number in range(scenes):
            scene = make_scene(FIRST_SEED + number, (INPUT_SIZE, INPUT_SIZE), objects=objects)
            name = f"{number:04d}"
            scene.image.save(images / f"{name}.png")
            for thing in scene.objects:
                Image.fromarray(thing.mask).save(masks / f"{name}.{thing.class_name}.png")
                writer.writerow([f"{name}.png", thing.class_name])


def main() -> None:
    """Write the scenes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--scenes", type=int, default=100)
    parser.add_argument("--objects", type=int, default=2)
    asked = parser.parse_args()
    write_scenes(asked.folder, asked.scenes, asked.objects)


if __name__ == "__main__":
    main()
