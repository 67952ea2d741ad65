"""The ten cartoon objects, each a list of pieces drawn back to front.

Every drawing function varies its proportions at random and works in a frame of its own of about
-1 to 1; the scene scales it. Pieces sharing a part name form one part (a car's two wheels).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from camcli.demo.shapes import (
    Outline,
    band,
    blob,
    circle,
    curve,
    ellipse,
    polygon,
    rectangle,
    rounded,
    turned,
)

Tone = Literal["main", "accent", "trim", "light", "dark"]


@dataclass(frozen=True)
class Piece:
    """One filled outline: the part it belongs to and which of the object's colours it takes."""

    part: str
    tone: Tone
    outline: Outline


Drawing = tuple[Piece, ...]


def _eye(x: float, y: float, radius: float) -> Drawing:
    return (
        Piece("eye", "light", circle((x, y), radius)),
        Piece("eye", "dark", circle((x, y), radius * 0.5)),
    )


def _house(rng: np.random.Generator) -> Drawing:
    half, eaves, ridge = rng.uniform(0.65, 0.9), rng.uniform(-0.2, 0.0), rng.uniform(0.0, 0.4)
    door = rng.uniform(-0.5, 0.1) * half
    chimney = rng.uniform(0.3, 0.5)
    pieces = [
        Piece("chimney", "trim", rectangle(chimney, -0.85, chimney + 0.2, -0.2)),
        Piece("wall", "main", rectangle(-half, eaves - 0.05, half, 0.9)),
        Piece(
            "roof",
            "accent",
            polygon((-half - 0.2, eaves), (-ridge, -0.9), (ridge, -0.9), (half + 0.2, eaves)),
        ),
        Piece("door", "trim", rectangle(door - 0.16, 0.35, door + 0.16, 0.9)),
    ]
    top, width = rng.uniform(0.1, 0.2), rng.uniform(0.13, 0.17)
    windows = [
        Piece("window", "light", rectangle(x - width, top, x + width, top + 0.3))
        for x in (door + 0.5, door - 0.45)
        if abs(x) + width < half
    ]
    return (*pieces, *windows)


def _fish(rng: np.random.Generator) -> Drawing:
    height, flare = rng.uniform(0.34, 0.52), rng.uniform(0.3, 0.5)
    stripe = rng.uniform(-0.1, 0.15)
    return (
        Piece("tail", "accent", polygon((0.45, 0.0), (1.0, -flare), (0.85, 0.0), (1.0, flare))),
        Piece("fin", "accent", polygon((-0.3, -height * 0.7), (0.2, -height - 0.25), (0.4, -0.1))),
        Piece("body", "main", ellipse((-0.2, 0.0), 0.8, height)),
        Piece(
            "body",
            "trim",
            band(
                curve((stripe, -height * 0.8), (stripe + 0.2, 0.0), (stripe, height * 0.8)),
                rng.uniform(0.08, 0.16),
            ),
        ),
        Piece("fin", "accent", polygon((-0.15, 0.1), (0.2, 0.12), (0.15, 0.35))),
        *_eye(-0.65, -height * 0.25, rng.uniform(0.1, 0.14)),
    )


def _car(rng: np.random.Generator) -> Drawing:
    roof, front, back = rng.uniform(-0.6, -0.45), rng.uniform(-0.5, -0.3), rng.uniform(0.35, 0.65)
    wheel, axle = rng.uniform(0.2, 0.27), rng.uniform(0.48, 0.6)
    glass = roof + 0.1
    middle = (front + back) / 2
    wheels = [
        piece
        for x in (-axle, axle)
        for piece in (
            Piece("wheel", "dark", circle((x, 0.42), wheel)),
            Piece("wheel", "light", circle((x, 0.42), wheel * 0.45)),
        )
    ]
    return (
        Piece(
            "cabin",
            "accent",
            polygon((front - 0.2, 0.0), (front, roof), (back, roof), (back + 0.2, 0.0)),
        ),
        Piece(
            "window",
            "light",
            polygon(
                (front - 0.08, -0.08),
                (front + 0.06, glass),
                (middle - 0.05, glass),
                (middle - 0.05, -0.08),
            ),
        ),
        Piece(
            "window",
            "light",
            polygon(
                (middle + 0.05, -0.08),
                (middle + 0.05, glass),
                (back - 0.06, glass),
                (back + 0.08, -0.08),
            ),
        ),
        Piece("body", "main", rounded(-1.0, -0.1, 1.0, 0.42, 0.16)),
        Piece("light", "trim", ellipse((-0.92, 0.08), 0.08, 0.1)),
        *wheels,
    )


def _tree(rng: np.random.Generator) -> Drawing:
    trunk = rng.uniform(0.1, 0.17)
    pieces = [
        Piece(
            "trunk",
            "accent",
            polygon((-trunk, 0.0), (trunk, 0.0), (trunk * 1.5, 1.0), (-trunk * 1.5, 1.0)),
        )
    ]
    if rng.random() < 0.4:
        spread = rng.uniform(0.5, 0.7)
        for top, bottom, share in ((-0.3, 0.45, 1.0), (-0.7, 0.1, 0.8), (-1.1, -0.3, 0.6)):
            half = spread * share
            pieces.append(
                Piece("crown", "main", polygon((-half, bottom), (0.0, top), (half, bottom)))
            )
        return tuple(pieces)
    reach = rng.uniform(0.3, 0.42)
    for x, y in ((-reach, -0.1), (reach, -0.15), (0.0, -0.5), (0.0, -0.05)):
        pieces.append(Piece("crown", "main", blob(rng, (x, y), rng.uniform(0.38, 0.46), 0.08)))
    for x, y in rng.uniform((-0.5, -0.6), (0.5, 0.15), (rng.integers(0, 5), 2)).tolist():
        pieces.append(Piece("fruit", "trim", circle((x, y), 0.09)))
    return tuple(pieces)


def _boat(rng: np.random.Generator) -> Drawing:
    deck, keel = rng.uniform(0.35, 0.45), rng.uniform(0.4, 0.65)
    mast, top = rng.uniform(-0.15, 0.1), rng.uniform(-1.0, -0.8)
    pieces = [
        Piece("mast", "dark", rectangle(mast - 0.04, top, mast + 0.04, deck + 0.05)),
        Piece(
            "sail",
            "accent",
            polygon((mast + 0.08, top + 0.1), (mast + 0.75, 0.25), (mast + 0.08, 0.25)),
        ),
        Piece("hull", "main", polygon((-1.0, deck), (1.0, deck), (keel, 0.9), (-keel, 0.9))),
    ]
    if rng.random() < 0.7:
        left = mast - rng.uniform(0.45, 0.65)
        pieces.append(
            Piece(
                "sail",
                "accent",
                polygon((mast - 0.08, top + 0.25), (left, 0.25), (mast - 0.08, 0.25)),
            )
        )
    pieces.append(
        Piece("flag", "trim", polygon((mast, top), (mast - 0.3, top + 0.08), (mast, top + 0.18)))
    )
    if rng.random() < 0.6:
        pieces += [
            Piece("porthole", "light", circle((x, deck + 0.25), 0.09)) for x in (-0.35, 0.0, 0.35)
        ]
    return tuple(pieces)


def _flower(rng: np.random.Generator) -> Drawing:
    bend, count = rng.uniform(-0.2, 0.2), int(rng.integers(5, 9))
    length, width = rng.uniform(0.24, 0.3), rng.uniform(0.8, 1.1) / count
    petal = ellipse((0.0, -0.32), width, length)
    head = np.array([0.0, -0.4])
    leaf = ellipse((0.32, 0.0), 0.3, rng.uniform(0.1, 0.15))
    joint = np.array([bend * 0.4, 0.65])
    return (
        Piece(
            "stem",
            "trim",
            band(curve((0.0, -0.4), (bend, 0.4), (0.0, 1.0)), rng.uniform(0.08, 0.13)),
        ),
        Piece("leaf", "trim", turned(leaf, -30.0) + joint),
        Piece("leaf", "trim", turned(leaf, 30.0, mirrored=True) + joint),
        *(
            Piece("petal", "main", turned(petal, 360.0 * step / count) + head)
            for step in range(count)
        ),
        Piece("centre", "accent", circle((0.0, -0.4), rng.uniform(0.15, 0.21))),
    )


def _mushroom(rng: np.random.Generator) -> Drawing:
    stem, dome, brim = rng.uniform(0.2, 0.32), rng.uniform(0.75, 1.0), rng.uniform(0.0, 0.15)
    spots = ((-0.5, -0.25), (0.0, -0.55), (0.48, -0.22), (0.02, -0.12))
    return (
        Piece(
            "stem",
            "accent",
            polygon(
                (-stem * 0.8, brim - 0.1),
                (stem * 0.8, brim - 0.1),
                (stem * 1.2, 0.85),
                (0.0, 0.95),
                (-stem * 1.2, 0.85),
            ),
        ),
        Piece("gills", "trim", ellipse((0.0, brim), 0.75, 0.12)),
        Piece("cap", "main", ellipse((0.0, brim), 0.95, dome, 180.0, 360.0)),
        *(
            Piece("spot", "light", circle((x, brim + y * dome), rng.uniform(0.09, 0.15)))
            for x, y in spots
        ),
    )


def _cat(rng: np.random.Generator) -> Drawing:
    girth, face, prick = rng.uniform(0.42, 0.55), rng.uniform(0.38, 0.46), rng.uniform(0.28, 0.4)
    tip = rng.uniform(-0.3, 0.1)
    ears = [
        polygon(
            (side * face * 0.95, -0.5),
            (side * face * 0.85, -0.55 - face - prick * 0.35),
            (side * face * 0.15, -0.42 - face),
        )
        for side in (-1.0, 1.0)
    ]
    eyes = [piece for x in (-0.17, 0.17) for piece in _eye(x, -0.5, 0.11)]
    return (
        Piece("tail", "accent", band(curve((0.2, 0.8), (1.15, 0.9), (0.75, tip)), 0.16)),
        Piece("body", "main", ellipse((0.0, 0.9), girth, 1.15, 180.0, 360.0)),
        Piece("body", "accent", ellipse((0.0, 0.9), girth * 0.5, 0.7, 180.0, 360.0)),
        *(Piece("ear", "main", ear) for ear in ears),
        Piece("head", "main", ellipse((0.0, -0.42), face * 1.1, face)),
        *eyes,
        Piece("nose", "trim", polygon((-0.07, -0.34), (0.07, -0.34), (0.0, -0.25))),
    )


def _rocket(rng: np.random.Generator) -> Drawing:
    half, fin = rng.uniform(0.24, 0.34), rng.uniform(0.25, 0.4)
    flame = rng.uniform(0.85, 1.1)
    fins = [
        polygon((side * half * 0.9, 0.1), (side * (half + fin), 0.6), (side * half * 0.7, 0.5))
        for side in (-1.0, 1.0)
    ]
    return (
        Piece(
            "flame",
            "trim",
            polygon(
                (-half * 0.6, 0.5),
                (-half * 0.4, 0.75),
                (0.0, flame),
                (half * 0.4, 0.75),
                (half * 0.6, 0.5),
            ),
        ),
        *(Piece("fin", "accent", outline) for outline in fins),
        Piece(
            "hull",
            "main",
            polygon(
                (-half, -0.45),
                (half, -0.45),
                (half * 1.1, 0.0),
                (half * 0.75, 0.55),
                (-half * 0.75, 0.55),
                (-half * 1.1, 0.0),
            ),
        ),
        Piece("nose", "accent", ellipse((0.0, -0.45), half, rng.uniform(0.5, 0.65), 180.0, 360.0)),
        Piece("porthole", "light", circle((0.0, -0.12), half * rng.uniform(0.5, 0.65))),
        Piece("porthole", "dark", circle((0.0, -0.12), half * 0.32)),
    )


def _butterfly(rng: np.random.Generator) -> Drawing:
    upper, lower = rng.uniform(0.42, 0.55), rng.uniform(0.3, 0.42)
    raised, dropped = rng.uniform(25.0, 45.0), rng.uniform(25.0, 45.0)
    top = turned(ellipse((0.6, 0.0), 0.6, upper * 0.8), -raised)
    bottom = turned(ellipse((0.45, 0.0), 0.45, lower * 0.85), dropped)
    top_spot = turned(circle((0.7, 0.0), rng.uniform(0.13, 0.2)), -raised)
    bottom_spot = turned(circle((0.55, 0.0), rng.uniform(0.1, 0.15)), dropped)
    feeler = band(curve((0.03, -0.4), (0.1, -0.8), (0.3, -0.9)), 0.06)
    layers: tuple[tuple[str, Tone, Outline], ...] = (
        ("feeler", "dark", feeler),
        ("wing", "accent", bottom),
        ("wing", "main", top),
        ("spot", "trim", bottom_spot),
        ("spot", "light", top_spot),
    )
    wings = [
        Piece(part, tone, outline * (side, 1.0))
        for part, tone, outline in layers
        for side in (-1.0, 1.0)
    ]
    return (*wings, Piece("body", "dark", ellipse((0.0, 0.0), 0.1, 0.5)))


BLUEPRINTS: Mapping[str, Callable[[np.random.Generator], Drawing]] = MappingProxyType(
    {
        "boat": _boat,
        "butterfly": _butterfly,
        "car": _car,
        "cat": _cat,
        "fish": _fish,
        "flower": _flower,
        "house": _house,
        "mushroom": _mushroom,
        "rocket": _rocket,
        "tree": _tree,
    }
)
"""Class name to drawing function, in class-index order."""
