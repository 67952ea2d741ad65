from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode, functional

from camcli.demo.network import INPUT_SIZE, load_demo, normalised
from camcli.demo.samples import SAMPLES, Sample, main
from camcli.demo.scenes import CLASSES

SAMPLE_IMAGES = Path(__file__).parents[2] / "sample_images"
LONE = [sample for sample in SAMPLES if len(sample.classes) == 1]


def preprocessed(image: Image.Image) -> Tensor:
    small = functional.resize(image, INPUT_SIZE, InterpolationMode.BILINEAR, antialias=True)
    cropped = functional.center_crop(small, INPUT_SIZE)
    return normalised(functional.pil_to_tensor(cropped)[None])


def name(sample: Sample) -> str:
    return sample.name


def test_the_folder_holds_exactly_the_samples() -> None:
    files = {path.name for path in SAMPLE_IMAGES.iterdir() if path.suffix in {".jpg", ".png"}}
    assert files == {sample.name for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=name)
def test_each_sample_is_what_the_generator_draws(sample: Sample) -> None:
    with Image.open(SAMPLE_IMAGES / sample.name) as image:
        stored = np.asarray(image.convert("RGB"), dtype=float)
    drawn = np.asarray(sample.scene().image, dtype=float)
    assert stored.shape == drawn.shape
    assert np.abs(stored - drawn).mean() < 4


@pytest.mark.parametrize("sample", LONE, ids=name)
def test_lone_subjects_are_recognised(sample: Sample) -> None:
    with Image.open(SAMPLE_IMAGES / sample.name) as image, torch.inference_mode():
        logits = load_demo()(preprocessed(image.convert("RGB")))
    assert CLASSES[int(logits.argmax())] == sample.classes[0]


@pytest.mark.slow
def test_the_command_writes_every_sample(tmp_path: Path) -> None:
    main([str(tmp_path / "images")])
    assert {path.name for path in (tmp_path / "images").iterdir()} == {s.name for s in SAMPLES}
