"""WordNet's identifiers belong to networks whose class names are ImageNet's, and to no others."""

from __future__ import annotations

import pytest
from torchvision.models import ResNet18_Weights

from camcli.targets.synsets import imagenet_synsets, synsets_of

NAMES = tuple(ResNet18_Weights.DEFAULT.meta["categories"])

# As ImageNet's development kit numbers them.
KNOWN = {
    0: "n01440764",  # tench
    134: "n02012849",  # the bird
    220: "n02102480",  # Sussex spaniel
    517: "n03126707",  # the machine
    999: "n15075141",  # toilet tissue
}


def test_the_identifiers_are_imagenets_in_its_order() -> None:
    synsets = imagenet_synsets()
    assert len(set(synsets)) == 1000
    assert list(synsets) == sorted(synsets)
    assert {index: synsets[index] for index in KNOWN} == KNOWN


def test_the_table_is_the_one_that_timm_has() -> None:
    data = pytest.importorskip("timm.data")
    info = data.ImageNetInfo("imagenet-1k")
    assert imagenet_synsets() == tuple(info.label_names())
    described = [info.index_to_description(index) for index in range(1000)]
    assert synsets_of(described) == imagenet_synsets()
    assert synsets_of([words.split(",")[0] for words in described]) == imagenet_synsets()


def test_names_that_are_imagenets_have_its_identifiers() -> None:
    assert synsets_of(NAMES) == imagenet_synsets()
    assert synsets_of([name.replace(" ", "_").title() for name in NAMES]) == imagenet_synsets()


@pytest.mark.parametrize(
    "labels",
    [
        None,
        NAMES[:10],
        NAMES[::-1],
        (*NAMES[:999], "something else"),
        tuple(f"class {index}" for index in range(1000)),
    ],
)
def test_a_thousand_classes_are_not_enough(labels: tuple[str, ...] | None) -> None:
    assert synsets_of(labels) is None


def test_names_that_begin_with_identifiers_tell_them() -> None:
    assert synsets_of(["n02012849 crane", "N01440764"]) == ("n02012849", "n01440764")
    assert synsets_of(["n02012849 crane", "tench"]) is None
    assert synsets_of(["", "tench"]) is None
