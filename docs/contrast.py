"""Draw the page's image of contrast: `python -m docs.contrast docs/assets/contrast.png`.

Every tile is a file that `camcli explain` writes for one of the repository's own sample images with
two objects: each for itself, and then rather than the other.
"""

from __future__ import annotations

from docs.looks import main

_ASKED = (
    "--target rocket",
    "--target flower",
    "--target rocket --versus flower",
    "--target flower --versus rocket",
)
OPTIONS = {asked: [*asked.split(), "--caption", "label"] for asked in _ASKED}

if __name__ == "__main__":
    main("rocket_and_flower.jpg", OPTIONS, "docs.contrast", __doc__)
