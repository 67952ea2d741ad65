"""The engine of the command, called from Python."""

from __future__ import annotations

import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import camcli
from camcli import CamcliError, Explainer
from camcli.config import ModelConfig
from camcli.images.find import find_images
from camcli.models import LoadedModel, load_model
from camcli.models.preprocessing import resolved
from tests.conftest import GlobalAverageHead

SMALL = {"resize": 20, "crop": 16}


@pytest.mark.slow
def test_importing_the_package_imports_no_torch() -> None:
    script = "import sys, camcli; camcli.METHODS; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.slow
def test_a_network_in_memory_is_explained_as_by_its_name(
    demo: Explainer, demo_model: LoadedModel, files: list[str]
) -> None:
    found = camcli.explain(
        demo_model.network,
        files,
        layer=demo_model.default_layer or "",
        preprocess=demo_model.preprocess,
        labels=demo_model.labels,
    )
    for one, other in zip(found, demo.explain(files), strict=True):
        assert one.map is not None
        assert other.map is not None
        assert one.map.tobytes() == other.map.tobytes()
        assert one.target == other.target


@pytest.mark.slow
def test_the_network_is_left_as_it_was(average_head: GlobalAverageHead, files: list[str]) -> None:
    network = average_head.train().double()
    network.head.requires_grad_(False)
    called = []
    network.features.register_forward_hook(lambda *_: called.append(1))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    needs = [p.requires_grad for p in network.parameters()]
    with pytest.warns(UserWarning, match="float64 are converted"):
        camcli.explain(network, files, layer="features", preprocess=SMALL)
    assert network.training
    assert all(module.training for module in network.modules())
    assert [p.requires_grad for p in network.parameters()] == needs
    assert all(p.grad is None for p in network.parameters())
    assert len(network.features._forward_hooks) == 1
    for name, value in network.state_dict().items():
        assert value.dtype == before[name].dtype
        assert torch.equal(value, before[name])


@pytest.mark.slow
def test_what_happens_to_the_network_later_changes_nothing(
    average_head: GlobalAverageHead, files: list[str]
) -> None:
    explainer = Explainer(average_head, layer="features", preprocess=SMALL)
    before = explainer.explain(files[0])[0]
    nn.init.zeros_(average_head.head.weight)
    after = explainer.explain(files[0])[0]
    assert before.target == after.target


@pytest.mark.slow
def test_the_callers_surroundings_are_left_as_they_were(
    average_head: GlobalAverageHead, files: list[str]
) -> None:
    torch.set_flush_denormal(False)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    plain = camcli.explain(average_head, files[0], layer="features", preprocess=SMALL)[0]
    assert torch.equal(torch.rand(3), expected)
    assert float(torch.tensor(1e-310, dtype=torch.float64) * 1) > 0
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        within = camcli.explain(average_head, files[0], layer="features", preprocess=SMALL)[0]
    assert plain.target == within.target


def test_images_may_come_in_any_shape(demo: Explainer, files: list[str]) -> None:
    expected = demo.explain(files[0])[0].map
    assert expected is not None
    with Image.open(files[0]) as image:
        rgb = image.convert("RGB")
    pixels = np.asarray(rgb)
    for given in (
        Path(files[0]),
        [files[0]],
        rgb,
        (rgb,),
        pixels,
        pixels[None],
        np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)]),
        torch.from_numpy(pixels.copy()).permute(2, 0, 1),
    ):
        (found,) = demo.explain(given)
        assert found.map is not None
        assert np.array_equal(found.map, expected)
    (found,) = demo.explain(iter([rgb]))  # in a batch of another size, as it might not end
    assert found.map is not None
    np.testing.assert_allclose(found.map, expected, atol=1e-5)


def test_the_networks_own_input_is_taken_as_it_is(demo: Explainer, files: list[str]) -> None:
    ready = demo._ready().engine
    from camcli.images.decode import decode
    from camcli.records import ImageItem, ImageRef

    item = decode(ImageRef(0, Path(files[0]), "a"), demo.preprocess)
    assert isinstance(item, ImageItem)
    normalised: Tensor = ready.normalized([item])
    expected = demo.explain(files[0])[0]
    for found in (demo.explain(normalised)[0], demo.explain([normalised[0], files[1]])[0]):
        assert found.target is not None
        assert expected.target is not None
        assert found.target.score == pytest.approx(expected.target.score, rel=1e-5)
        np.testing.assert_array_equal(
            np.asarray(found.overlay("heat")).shape, (*item.pixels.shape,)
        )
    drawn = np.asarray(demo.explain(normalised)[0]._found.item.original, int)  # type: ignore[union-attr]
    assert np.abs(drawn - item.pixels).max() <= 1


def test_folders_and_globs_are_listed(demo: Explainer, scenes: Path) -> None:
    assert len(demo.explain(scenes)) == 7
    assert [found.image for found in demo.explain(scenes)][-1] == "more/6.png"
    assert len(demo.explain(f"{scenes}/*.png")) == 5


@pytest.mark.slow
def test_an_endless_iterator_is_explained_as_it_comes(demo: Explainer, files: list[str]) -> None:
    found = list(islice(demo.stream(cycle(files)), 40))
    assert len(found) == 40
    assert found[0].image == files[0].lstrip("/")
    assert found[3].image.endswith("~2.png")


def test_a_bad_image_fails_alone(demo: Explainer, files: list[str], broken_jpeg: Path) -> None:
    found = demo.explain([files[0], broken_jpeg, "absent.png", files[1]])
    assert [each.status for each in found] == ["ok", "failed", "failed", "ok"]
    assert "No such file" in str(found[2].reason)
    assert found[1].map is None
    assert found[1].target is None
    with pytest.raises(CamcliError, match="has no map"):
        found[1].overlay()
    assert repr(found) == "<Explanations of 4 images: 2 maps, 2 failed>"


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (3, "a int is no image"),
        ([None], "a NoneType is no image"),
        (np.zeros((4, 4, 3)), "float64 is no image"),
        (np.zeros((4, 4, 2), np.uint8), "is no image"),
        (torch.zeros(4, 4), "is no image"),
        (torch.zeros(3, 4, 4), "the network's input is 128 x 128, and this tensor 4 x 4"),
        (torch.zeros(3, 4, 4, dtype=torch.int32), "int32 is no image"),
    ],
)
def test_what_is_no_image_is_refused(demo: Explainer, images: object, told: str) -> None:
    with pytest.raises(CamcliError, match=told):
        demo.explain(images)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"targets": "no-such"}, "there is no class"),
        ({"targets": 99}, "99"),
        ({"layer": "no-such"}, "no layer"),
        ({"method": "no-such"}, "there is no method"),
        ({"method": {"name": "lift-cam", "option": 1}}, "method.option"),
        ({"preprocess": {"crop": "a"}}, "preprocess: crop"),
        ({"preprocess": 3}, "a int does not say how images are prepared"),
        ({"labels": ["one"]}, "1 class name,"),
        ({"settings": {"output.no": 1}}, "output.no"),
        ({"device": "tpu"}, "run.device"),
        ({"settings": {"output.scale": "run"}}, "call by call here; give the raw value"),
        ({"settings": {"run.workers": 2}}, "run.workers decide nothing here"),
    ],
)
def test_mistakes_are_told_as_by_the_command(options: dict[str, object], told: str) -> None:
    with pytest.raises(CamcliError, match=told):
        Explainer("demo", **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_targets_may_be_indices_words_and_mappings(files: list[str]) -> None:
    targets = [3, "top1", {"class": "2", "sign": "negative"}]
    found = camcli.explain("demo", files[0], targets=targets)
    assert found[0].target is not None
    assert (found[0].target.index, found[-1].target.sign) == (3, "negative")  # type: ignore[union-attr]
    assert "against" in found[-1].title


@pytest.mark.slow
def test_raw_signed_maps_are_given_and_drawn(files: list[str]) -> None:
    settings = {"output.sign": "signed", "output.normalize": "none", "output.map_size": "layer"}
    (found,) = camcli.explain("demo", files[0], method="deep-lift", settings=settings)
    assert found.map is not None
    assert found.map.min() < 0 < found.map.max()
    assert found.range == (found.map.min(), found.map.max())
    assert found.overlay().size == found.overlay("contour", "coolwarm").size
    with pytest.raises(CamcliError, match="cannot be drawn so"):
        found.overlay("sketch")  # type: ignore[arg-type]


def test_a_folder_is_listed_once(
    demo: Explainer, scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from camcli.api import given_images

    listed = []
    monkeypatch.setattr(
        given_images, "find_images", lambda inputs: listed.append(inputs) or find_images(inputs)
    )
    demo.explain(scenes)
    assert listed == [[str(scenes)]]


def test_how_many_fit_a_batch_is_found_out_once(
    demo: Explainer, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from camcli.api import explainer

    asked = []
    monkeypatch.setattr(explainer, "choose_batch_size", lambda *given: asked.append(given) or 2)
    with Explainer("demo") as other:
        for _ in range(2):
            other.explain(files)
    assert len(asked) == 1


@pytest.mark.slow
def test_a_closed_explainer_says_so(files: list[str]) -> None:
    with Explainer("demo") as explainer:
        assert explainer.layer
    with pytest.raises(CamcliError, match="closed"):
        explainer.explain(files)


def test_a_transform_of_torchvision_says_how_images_are_prepared() -> None:
    from torchvision.models import SqueezeNet1_1_Weights

    from camcli.api.preparation import preprocess_from

    found = preprocess_from(SqueezeNet1_1_Weights.IMAGENET1K_V1)
    assert found == preprocess_from(SqueezeNet1_1_Weights.IMAGENET1K_V1.transforms())
    own = load_model(ModelConfig(name="squeezenet1_1", weights=None)).preprocess
    assert found == own
    from camcli.config import PreprocessConfig

    assert preprocess_from({}) == resolved(PreprocessConfig())


@pytest.mark.slow
def test_what_is_assumed_of_the_images_is_told(average_head: GlobalAverageHead) -> None:
    with pytest.warns(UserWarning, match="nothing says how images are prepared"):
        Explainer(average_head, layer="features")


def test_it_shows_itself_in_a_notebook(demo: Explainer, files: list[str], tmp_path: Path) -> None:
    hostile = tmp_path / "<b>&amp;.png"
    hostile.write_bytes(Path(files[0]).read_bytes())
    found = demo.explain([hostile, "absent.png"])
    shown = found._repr_html_()
    assert shown.count("<img") == 1
    assert "<b>" not in shown
    png = found[0]._repr_png_()
    assert png is not None
    assert png.startswith(b"\x89PNG")
    assert "No such file" in shown


def test_several_methods_explain_the_same_images(files: list[str], demo: Explainer) -> None:
    with Explainer("demo", method=["lift-cam", {"name": "grad-cam"}]) as explainer:
        found = explainer.explain(files[0])
    assert [each.method for each in found] == ["lift-cam", "grad-cam"]
    np.testing.assert_array_equal(found[0].map, demo.explain(files[0])[0].map)
