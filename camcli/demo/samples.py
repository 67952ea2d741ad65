"""The sample images that come with the repository: `python -m camcli.demo.samples DIR`.

Their exact masks are not stored: drawing the scene again yields them.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from camcli.demo.scenes import Scene, make_scene

_JPEG_QUALITY = 90
# Far from the training seeds; the offsets below were chosen for looks alone.
_SEED = 3_000_000_000


@dataclass(frozen=True)
class Sample:
    """One sample image: its file name and the arguments that `make_scene` draws it from."""

    name: str
    seed: int
    size: tuple[int, int]
    classes: tuple[str, ...]

    def scene(self) -> Scene:
        """Draw the image, with its objects and their masks."""
        return make_scene(self.seed, self.size, classes=self.classes)


SAMPLES: tuple[Sample, ...] = (
    Sample("boat_and_tree.jpg", _SEED + 9, (500, 375), ("boat", "tree")),
    Sample("butterfly.png", _SEED + 7, (512, 512), ("butterfly",)),
    Sample("car.jpg", _SEED + 9, (500, 375), ("car",)),
    Sample("cat.jpg", _SEED + 6, (480, 640), ("cat",)),
    Sample("cat_car_and_tree.jpg", _SEED + 6, (720, 400), ("cat", "car", "tree")),
    Sample("fish.png", _SEED + 7, (512, 512), ("fish",)),
    Sample("house.jpg", _SEED + 0, (640, 480), ("house",)),
    Sample("mushroom.jpg", _SEED + 4, (640, 480), ("mushroom",)),
    Sample("rocket_and_flower.jpg", _SEED + 7, (480, 640), ("rocket", "flower")),
    Sample("two_fish_and_house.jpg", _SEED + 7, (640, 480), ("fish", "fish", "house")),
)
"""Every sample image, by name."""


def write_samples(folder: Path) -> None:
    """Write every sample image into a folder, which is created if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for sample in SAMPLES:
        sample.scene().image.save(folder / sample.name, quality=_JPEG_QUALITY)


def main(argv: Sequence[str] | None = None) -> None:
    """Write the sample images into the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m camcli.demo.samples", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the images go")
    write_samples(parser.parse_args(argv).folder)


if __name__ == "__main__":
    main()
