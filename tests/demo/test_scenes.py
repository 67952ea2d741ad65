import numpy as np
import pytest
from PIL import Image

from camcli.demo.palette import PALETTE
from camcli.demo.scenes import CLASSES, MAX_OBJECTS, Scene, make_scene

SEEDS = range(500_000, 500_040)
SIZES = [(64, 64), (128, 128), (200, 96), (375, 500)]


def features(scene: Scene) -> np.ndarray:
    """Return the mean colours of the lone object and of its surroundings."""
    pixels = np.asarray(scene.image, dtype=np.float64)
    mask = scene.objects[0].mask
    return np.concatenate([pixels[mask].mean(axis=0), pixels[~mask].mean(axis=0)])


@pytest.mark.parametrize("size", SIZES)
def test_same_arguments_draw_the_same_scene(size: tuple[int, int]) -> None:
    first, second = make_scene(7, size), make_scene(7, size)
    assert first.image.tobytes() == second.image.tobytes()
    for one, other in zip(first.objects, second.objects, strict=True):
        assert (one.class_name, one.colour, one.centre) == (
            other.class_name,
            other.colour,
            other.centre,
        )
        assert np.array_equal(one.mask, other.mask)
        assert one.parts.keys() == other.parts.keys()


def test_another_seed_draws_another_scene() -> None:
    assert make_scene(1).image.tobytes() != make_scene(2).image.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_masks_divide_objects_exactly(size: tuple[int, int]) -> None:
    width, height = size
    for seed in SEEDS:
        scene = make_scene(seed, size)
        assert scene.image.size == size
        assert scene.image.mode == "RGB"
        assert sum(item.mask.astype(int) for item in scene.objects).max() == 1
        for item in scene.objects:
            assert item.mask.shape == (height, width)
            assert item.mask.dtype == np.bool_
            assert item.mask.any()
            assert np.array_equal(sum(part.astype(int) for part in item.parts.values()), item.mask)


def test_objects_fill_their_masks() -> None:
    """The image inside a mask belongs to the object: other clutter does not change it."""
    scene = make_scene(11, (256, 256), classes=("car",))
    wheel = scene.objects[0].parts["wheel"]
    pixels = np.asarray(scene.image.convert("L"))
    assert np.median(pixels[wheel]) < 80


def test_one_to_three_objects_of_different_classes_by_default() -> None:
    counts = set()
    for seed in SEEDS:
        names = [item.class_name for item in make_scene(seed).objects]
        assert len(set(names)) == len(names)
        assert set(names) <= set(CLASSES)
        counts.add(len(names))
    assert counts == {1, 2, 3}


@pytest.mark.parametrize("count", range(MAX_OBJECTS + 1))
def test_objects_are_as_many_as_asked(count: int) -> None:
    assert len(make_scene(3, objects=count).objects) == count


def test_named_classes_are_drawn_in_order() -> None:
    names = ("fish", "fish", "house")
    scene = make_scene(5, (320, 200), classes=names)
    assert tuple(item.class_name for item in scene.objects) == names


def test_colours_are_palette_names_and_differ_within_a_scene() -> None:
    for seed in SEEDS:
        colours = [item.colour for item in make_scene(seed).objects]
        assert set(colours) <= set(PALETTE)
        assert len(set(colours)) == len(colours)


@pytest.mark.slow
def test_colour_names_the_main_part() -> None:
    for seed in SEEDS:
        scene = make_scene(seed, (256, 256), classes=("mushroom",))
        cap = np.asarray(scene.image, dtype=float)[scene.objects[0].parts["cap"]]
        distances = {
            name: float(np.abs(np.median(cap, axis=0) - rgb).sum()) for name, rgb in PALETTE.items()
        }
        assert min(distances, key=distances.__getitem__) == scene.objects[0].colour


def test_centre_is_the_mean_of_the_mask() -> None:
    item = make_scene(9, (200, 100)).objects[0]
    rows, columns = np.nonzero(item.mask)
    assert item.centre == pytest.approx((columns.mean(), rows.mean()))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(720, 400), (480, 640)])
def test_a_lone_object_survives_a_centre_crop(size: tuple[int, int]) -> None:
    left, top = ((side - min(size)) // 2 for side in size)
    for seed in range(10):
        mask = make_scene(seed, size, objects=1).objects[0].mask
        assert mask[top : top + min(size), left : left + min(size)].sum() == mask.sum()


@pytest.mark.slow
def test_sizes_of_lone_objects_vary_about_twofold() -> None:
    sides = []
    for seed in range(200):
        rows, columns = np.nonzero(make_scene(seed, objects=1, classes=("tree",)).objects[0].mask)
        sides.append(max(np.ptp(rows), np.ptp(columns)) / 128)
    assert 0.3 < min(sides) < 0.42
    assert 0.65 < max(sides) < 0.8


@pytest.mark.slow
def test_scenes_look_alike_at_all_sizes() -> None:
    """Shrunk photographs must have the brightness and contrast of scenes drawn small."""
    small = np.stack([np.asarray(make_scene(seed).image) for seed in SEEDS])
    shrunk = np.stack(
        [
            np.asarray(
                make_scene(seed, (384, 384)).image.resize((128, 128), Image.Resampling.BILINEAR)
            )
            for seed in SEEDS
        ]
    )
    assert abs(small.mean() - shrunk.mean()) < 5
    assert abs(small.std() - shrunk.std()) < 5


@pytest.mark.slow
def test_neither_colour_nor_background_gives_the_class_away() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, len(CLASSES), 800)
    points = np.stack(
        [
            features(make_scene(600_000 + index, (64, 64), classes=(CLASSES[label],)))
            for index, label in enumerate(labels)
        ]
    )
    train, test = slice(0, 500), slice(500, None)
    for columns in (slice(0, 3), slice(3, 6)):
        known, unknown = points[train, columns], points[test, columns]
        means = np.stack([known[labels[train] == c].mean(axis=0) for c in range(len(CLASSES))])
        guesses = ((unknown[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
        assert (guesses == labels[test]).mean() < 0.18


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (63, 128)}, "at least 64"),
        ({"objects": 4}, "0 to 3"),
        ({"objects": -1}, "0 to 3"),
        ({"classes": ("fish",) * 4}, "0 to 3"),
        ({"classes": ("dragon",)}, "unknown class 'dragon'"),
        ({"objects": 2, "classes": ("fish",)}, "2 objects asked for"),
    ],
)
def test_impossible_scenes_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_scene(0, **arguments)
