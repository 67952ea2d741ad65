"""Draw the page's image of contrast: `python -m docs.contrast docs/assets/contrast.png`.

Every tile is a file that `camcli explain` writes for one of the repository's own sample images with
two objects: each for itself, and then rather than the other.
"""

from __future__ import annotations

from docs.looks import main

_ASKED = (
    "--target boat",
    "--target tree",
    "--target boat --versus tree",
    "--target tree --versus boat",
)
OPTIONS = {asked: [*asked.split(), "--caption", "label"] for asked in _ASKED}

if __name__ == "__main__":
    main("boat_and_tree.jpg", OPTIONS, "docs.contrast", __doc__)
