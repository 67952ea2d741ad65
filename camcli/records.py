"""The records that pass from stage to stage: frozen, and without behaviour.

An image travels as `ImageRef` (listed) -> `ImageItem` (decoded) -> `Batch` (stacked) ->
`SaliencyMap` (explained) -> `ManifestRow` (written). An image that fails on the way becomes a
`FailedImage` and still ends as a `ManifestRow`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from camcli.storage.containers.entry import Label
    from camcli.storage.location import Location

Status = Literal["ok", "failed", "degenerate"]
ScoreKind = Literal["logit", "probability", "log-probability", "value"]
Sign = Literal["positive", "negative"]
MapSign = Literal["positive", "negative", "signed"]
Normalize = Literal["none", "max", "minmax", "robust"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ImageRef:
    """One listed image.

    Attributes:
        index: Its place in the listing, from 0.
        path: Where its bytes are.
        name: Its unique relative POSIX path in every output folder, such as `a/cat.jpg`.
        label: What its source says of its class, an index or a name; None where it says nothing.

    """

    index: int
    path: Location
    name: str
    label: Label | None = None


@dataclass(frozen=True)
class Shard:
    """Which images of a listing a run works on: `listing[index::count]`, all by default."""

    index: int = 0
    count: int = 1


WHOLE = Shard()
"""The whole listing, as its only shard."""


@dataclass(frozen=True)
class Preprocess:
    """How an image becomes the network's input.

    Attributes:
        resize: Length in pixels that the shorter side is resized to, or (height, width) to squash
            the image to, or None to leave its size alone.
        crop: (height, width) in pixels of the centre crop, the network's input; where the resized
            image is smaller, black padding fills it.
        mean: Per RGB channel, subtracted from values in [0, 1].
        std: Per RGB channel, divided by.
        interpolation: nearest, bilinear, bicubic or lanczos; always anti-aliased.
        odd_margin: Where the crop begins when an odd number of pixels is cut off: half of it,
            rounded to `even` or `down`.
        window: The values of images of more than 8 bits that become black and white, None to find
            out for each image.

    """

    resize: int | tuple[int, int] | None
    crop: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str = "bilinear"
    odd_margin: Literal["even", "down"] = "even"
    window: tuple[float, float] | None = None


MAX_PIXELS = 178_956_970
"""More is taken for a decompression bomb; Pillow warns above the same number."""


@dataclass(frozen=True)
class Reading:
    """What is needed of an image file besides the network's input.

    Attributes:
        max_pixels: Images with more pixels are refused as decompression bombs.
        keep_side: Longest side in pixels of the image that is kept to draw over: None for its
            own size, 0 to keep none.

    """

    max_pixels: int = MAX_PIXELS
    keep_side: int | None = None


@dataclass(frozen=True)
class Geometry:
    """How the network's input lies in the upright image.

    Attributes:
        width: Width in pixels of the image as a viewer shows it (EXIF orientation applied).
        height: Its height in pixels.
        crop_box: (left, top, right, bottom) of the network's input, in those pixels. Fractional,
            because the image is cropped after resizing; parts beyond the image are padding.

    """

    width: int
    height: int
    crop_box: Box


@dataclass(frozen=True)
class ImageItem:
    """One decoded image.

    Attributes:
        ref: Where it came from.
        original: The upright RGB original for the overlay, or a smaller copy; None where nothing
            is drawn, or where another process draws.
        pixels: uint8 (H, W, 3), the network's input before normalisation; or float32, the
            normalised input itself.
        geometry: Where `pixels` lie in the image.
        sha256: Hexadecimal digest of the file's bytes.
        note: What the reader should know about the decoding ("first frame of 12"), or None.

    """

    ref: ImageRef
    original: Image.Image | None
    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    geometry: Geometry
    sha256: str
    note: str | None = None


@dataclass(frozen=True)
class FailedImage:
    """An image that could not be decoded, with the error's type and message."""

    ref: ImageRef
    type: str
    message: str


@dataclass(frozen=True)
class Batch:
    """What the stream yields: decoded images to explain, and those that failed among them."""

    items: tuple[ImageItem, ...]
    failures: tuple[FailedImage, ...] = ()


@dataclass(frozen=True)
class Versus:
    """A class that the explained one is compared with.

    Attributes:
        index: Its place among the network's classes.
        name: Its name, where that is known.
        weight: Its share of what is subtracted.

    """

    index: int
    name: str | None
    weight: float


@dataclass(frozen=True)
class Target:
    """The explained class.

    Score and probability are the class's own, also where what speaks against it is explained.

    Attributes:
        index: Its place among the network's classes.
        name: Its name, where that is known.
        score: The number that is explained.
        probability: The network's probability of it; None where the score has none.
        score_kind: What the score is.
        sign: Negative where the map shows what speaks against it.
        versus: The classes that it is compared with, none where it is explained by itself.
        margin: What its score has beyond theirs; None where there are none.

    """

    index: int
    name: str | None
    score: float
    probability: float | None
    score_kind: ScoreKind = "logit"
    sign: Sign = "positive"
    versus: tuple[Versus, ...] = ()
    margin: float | None = None


@dataclass(frozen=True)
class MapValues:
    """What the numbers of a map mean.

    Attributes:
        sign: positive, what speaks for the target; negative, what speaks against it, as positive
            numbers; signed, both, what speaks against it below 0.
        normalize: How the numbers were made of the raw map, see `output.normalize`.
        scale: The raw value that became 1; in pictures, where the raw map is kept. None for minmax,
            where the range of the raw map says it.
        clipped: How many raw values lie beyond the scale, and became 1 or -1.

    """

    sign: MapSign = "positive"
    normalize: Normalize = "minmax"
    scale: float | None = None
    clipped: int = 0


@dataclass(frozen=True)
class Components:
    """Orthogonal sub-saliency maps of one image and target.

    Attributes:
        maps: float32 (Q, h, w), each in [0, 1]; None where they are not kept.
        weights: The Q integration weights.
        explained_variance: The Q fractions of the decomposed activations' variance, in [0, 1].
        channels: How many channels of the activation were decomposed.

    """

    maps: npt.NDArray[np.float32] | None
    weights: tuple[float, ...]
    explained_variance: tuple[float, ...]
    channels: int


@dataclass(frozen=True)
class SaliencyMap:
    """One image explained for one target by one method.

    Attributes:
        item: The image.
        target: The explained class.
        method: Name of the method.
        layer: Module path of the layer, or several joined by `+`.
        values: float32 (h, w) at the resolution asked for; None when degenerate.
        range: Minimum and maximum of the raw map before normalisation.
        completeness_error: |ΣC - Δ| / max(|Δ|, Σ|C|) of the attribution; None where the method
            is not complete by construction.
        degenerate: Why there is no map, or None.
        components: Sub-saliency maps, where the method has them.
        meaning: What the values mean, by default [0, 1] from the lowest raw value to the highest.

    """

    item: ImageItem
    target: Target
    method: str
    layer: str
    values: npt.NDArray[np.float32] | None
    range: tuple[float, float] | None
    completeness_error: float | None
    degenerate: str | None = None
    components: Components | None = None
    meaning: MapValues = MapValues()
