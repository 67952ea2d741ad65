"""Models of transformers from folders, against transformers itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from camcli.attribution.objective import Objective
from camcli.config import ModelConfig
from camcli.errors import CamcliWarning, ModelError
from camcli.methods.probe import Probe
from camcli.models import LoadedModel, load_model
from camcli.models.prompt_scores import with_prompts
from camcli.models.prompts import Prompt, PromptPlan
from camcli.run.cut import split_at
from tests.models.hub.test_processor import Prepared, as_network_sees, noise
from tests.models.hub_networks import CLASSES, hf, save_classifier, save_dual_encoder

CPU = torch.device("cpu")


def load(folder: Path, **options: Any) -> LoadedModel:
    return load_model(ModelConfig(**{"name": f"hf:{folder}", **options}))


def refusal(folder: Path, **options: Any) -> str:
    with pytest.raises(ModelError) as raised:
        load(folder, **options)
    return str(raised.value)


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vit")
    save_classifier(folder, "vit")
    return folder


def edited(folder: Path, source: Path, **changes: Any) -> Path:
    """Copy a saved model with other entries in its `config.json`."""
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("convnextv2", "convnextv2.encoder"),
        ("swin", "swin.layernorm"),
        ("vit", "vit.layers.1.layernorm_before"),
        ("dinov2_with_registers", "dinov2_with_registers"),
        ("beit", "beit.layers.1"),
        ("segformer", "segformer.stages.1.layer_norm"),
    ],
)
def test_a_classifier_is_explained_exactly_at_a_layer_with_places(
    tmp_path: Path, name: str, layer: str
) -> None:
    network = save_classifier(tmp_path, name)
    loaded = load(tmp_path)
    assert loaded.labels == CLASSES
    halves = split_at(loaded, "auto", CPU)
    images = torch.randn(2, 3, *halves.image_size)
    probe = Probe(halves, images, with_reference=True)
    expected = network(images).logits
    torch.testing.assert_close(probe.logits, expected, atol=1e-5, rtol=1e-4)
    error = probe.contributions(Objective.of(probe.logits.argmax(1))).completeness_error
    assert float(error.max()) < 1e-4
    assert halves.layer == layer


@pytest.mark.slow
def test_a_network_of_bgr_gets_bgr(tmp_path: Path) -> None:
    network = save_classifier(tmp_path, "mobilevit")
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        found = load(tmp_path).network(images).logits
        torch.testing.assert_close(found, network(images.flip(1)).logits)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "probabilities", "layer"),
    [
        ("CLIP", "softmax", "visual.vision_model.encoder.layers.1.layer_norm1"),
        ("Siglip", "sigmoid", "visual.vision_model.post_layernorm"),
    ],
)
def test_a_dual_encoder_scores_prompts_as_transformers_does(
    tmp_path: Path, architecture: str, probabilities: str, layer: str
) -> None:
    network = save_dual_encoder(tmp_path, architecture)
    texts = ("a photo of a cat", "red dog")
    plan = PromptPlan(tuple(Prompt(text, (text,)) for text in texts), (0, 1))
    model = with_prompts(load(tmp_path), plan, "cosine")
    assert (model.labels, model.probabilities) == (texts, probabilities)

    image = noise(50, 71)
    processor = hf.AutoImageProcessor.from_pretrained(tmp_path)
    tokens = hf.AutoTokenizer.from_pretrained(tmp_path)(
        list(texts), padding="max_length", return_tensors="pt"
    )
    ours = as_network_sees(image, Prepared(model.preprocess))[None]
    with torch.no_grad():
        expected = network(**tokens, pixel_values=ours).logits_per_image
    assert processor(image, return_tensors="pt")["pixel_values"].shape == ours.shape

    halves = split_at(model, "auto", CPU)
    assert halves.layer == layer
    probe = Probe(halves, ours, with_reference=True)
    torch.testing.assert_close(probe.logits.detach(), expected, atol=1e-5, rtol=1e-4)
    error = probe.contributions(Objective.of(torch.tensor([0]))).completeness_error
    assert float(error.max()) < 1e-4


def test_half_precision_is_converted_and_told(tmp_path: Path) -> None:
    save_classifier(tmp_path, "vit").half().save_pretrained(tmp_path)
    with pytest.warns(CamcliWarning, match="float16 are converted"):
        assert load(tmp_path).converted == ("float16",)


def test_names_that_transformers_made_up_are_none(tmp_path: Path, vit: Path) -> None:
    made_up = {str(index): f"LABEL_{index}" for index in range(5)}
    assert load(edited(tmp_path, vit, id2label=made_up)).labels is None


def test_random_weights_and_a_checkpoint_need_no_weights_there(tmp_path: Path, vit: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    (edited(tmp_path, vit) / "model.safetensors").rename(weights)
    assert load(tmp_path, weights=None).labels == CLASSES
    assert load(tmp_path, weights=str(weights)).digest() == load(vit).digest()
    assert "model.safetensors" in refusal(tmp_path)


def test_weights_without_a_head_are_refused(tmp_path: Path) -> None:
    save_classifier(tmp_path, "dinov2").dinov2.save_pretrained(tmp_path)
    found = refusal(tmp_path)
    assert "no weights for classifier.bias, classifier.weight" in found
    assert "saved as Dinov2Model" in found


class Exploit:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('run')",)


def test_a_pickle_that_would_run_code_runs_nothing(tmp_path: Path, vit: Path) -> None:
    (edited(tmp_path, vit) / "model.safetensors").unlink()
    state = load(vit).network.state_dict()
    torch.save({**state, "extra": Exploit()}, tmp_path / "pytorch_model.bin")
    assert "could run code. Take weights in .safetensors" in refusal(tmp_path)
    torch.save(state, tmp_path / "pytorch_model.bin")
    assert load(tmp_path).digest() == load(vit).digest()


def test_a_repository_with_code_runs_none_unless_it_is_trusted(tmp_path: Path, vit: Path) -> None:
    (tmp_path / "kite.py").write_text("raise SystemExit('run')")
    auto = {"AutoConfig": "kite.Kite", "AutoModelForImageClassification": "kite.KiteNet"}
    folder = edited(tmp_path, vit, model_type="kite", auto_map=auto)
    assert "--set model.kwargs.trust_remote_code=true" in refusal(folder)
    with pytest.warns(CamcliWarning, match="runs the Python code"), pytest.raises(SystemExit):
        load(folder, kwargs={"trust_remote_code": True})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_type": "bert", "architectures": ["BertModel"]}, "is BertModel, which neither"),
        ({"model_type": "siglip2", "architectures": ["Siglip2Model"]}, "naflex"),
        ({"model_type": "timm_wrapper"}, "timm:local-dir:"),
    ],
)
def test_what_camcli_does_not_explain_is_refused(
    tmp_path: Path, vit: Path, changes: dict[str, Any], reason: str
) -> None:
    assert reason in refusal(edited(tmp_path, vit, **changes))


def test_without_a_processor_preprocess_must_be_given(tmp_path: Path, vit: Path) -> None:
    folder = edited(tmp_path, vit)
    (folder / "preprocessor_config.json").unlink()
    assert "keys of preprocess" in refusal(folder)
    own = replace(load(vit).preprocess, odd_margin="even")
    assert load_model(ModelConfig(name=f"hf:{folder}"), own).preprocess == own
