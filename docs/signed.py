"""Draw the guide's image of signed maps: `python -m docs.signed docs/assets/signed.png`.

Every tile is a file that `camcli explain` writes for one of the repository's own sample images with
two kinds of objects, as its options make it.
"""

from __future__ import annotations

from docs.looks import main

_SIGNED = (
    "--method",
    "deep-lift",
    "--set",
    "output.sign=signed",
    "--colorbar",
    "--caption",
    "label",
)
OPTIONS = {
    "output.sign=positive, the default": [
        *("--method", "deep-lift", "--colorbar", "--caption", "label"),
    ],
    "output.sign=negative": [
        *("--method", "deep-lift", "--set", "output.sign=negative"),
        *("--colorbar", "--caption", "label"),
    ],
    "output.sign=signed": [*_SIGNED],
    "output.sign=signed --style contour": [*_SIGNED, "--style", "contour"],
}

if __name__ == "__main__":
    main("cat_car_and_tree.jpg", OPTIONS, "docs.signed", __doc__)
