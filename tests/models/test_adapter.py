"""A PEFT adapter is merged exactly into the weights it was trained on, or refused."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from camcli.config import ModelConfig
from camcli.errors import ModelError
from camcli.models import LoadedModel, load_model
from tests.models.factories import Small, build

peft = pytest.importorskip("peft")
RANK, ALPHA = 2, 8


def written(folder: Path, base: nn.Module | None = None, **options: Any) -> Path:
    """Write an adapter of the network that `build` returns, with random weights."""
    torch.manual_seed(5)
    settings = {"target_modules": ["body", "head"], "init_lora_weights": False, **options}
    config = peft.LoraConfig(r=RANK, lora_alpha=ALPHA, **settings)
    adapted = peft.get_peft_model(base or build(), config)
    for name, tensor in adapted.named_parameters():
        if "modules_to_save" in name:
            nn.init.normal_(tensor)
    adapted.save_pretrained(folder)
    return folder


def loaded(folder: Path, **options: Any) -> LoadedModel:
    given = {"name": "tests.models.factories:build", "adapter": str(folder), **options}
    return load_model(ModelConfig(**given))


def matrices(folder: Path, module: str) -> tuple[Tensor, Tensor]:
    held = load_file(folder / "adapter_model.safetensors")
    root = f"base_model.model.{module}"
    return held[f"{root}.lora_A.weight"], held[f"{root}.lora_B.weight"]


@pytest.mark.parametrize(("rslora", "scale"), [(False, ALPHA / RANK), (True, ALPHA / RANK**0.5)])
def test_lora_is_added_to_linear_layers_and_convolutions(
    tmp_path: Path, rslora: bool, scale: float
) -> None:
    """W + s B A; of a convolution, B A is the kernel of A's convolution followed by B's."""
    folder, base = written(tmp_path, use_rslora=rslora), build()
    found = loaded(folder).network
    assert isinstance(found, Small)
    a, b = matrices(folder, "head")
    torch.testing.assert_close(found.head.weight, base.head.weight + scale * b @ a)
    a, b = matrices(folder, "body")
    kernel = torch.einsum("or,rihw->oihw", b[:, :, 0, 0], a)
    torch.testing.assert_close(found.body.weight, base.body.weight + scale * kernel)
    same = ("body.bias", "head.bias", "stem.0.weight", "stem.1.running_var")
    assert all(torch.equal(found.state_dict()[key], base.state_dict()[key]) for key in same)
    assert found.state_dict().keys() == base.state_dict().keys()


def test_modules_that_were_trained_as_a_whole_replace_the_networks_own(tmp_path: Path) -> None:
    folder = written(tmp_path, target_modules=["body"], modules_to_save=["head"])
    held = load_file(folder / "adapter_model.safetensors")
    found = loaded(folder).network
    assert isinstance(found, Small)
    assert torch.equal(found.head.weight, held["base_model.model.head.weight"])
    assert torch.equal(found.head.bias, held["base_model.model.head.bias"])


def test_a_head_of_another_number_of_classes_takes_the_labels_away(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("a\nb\nc\n")
    folder = written(tmp_path, build(3), target_modules=["body"], modules_to_save=["head"])
    found = loaded(folder)
    assert found.network(torch.zeros(1, 3, 32, 32)).shape == (1, 3)
    assert (found.labels, found.class_ids) == (None, None)
    assert loaded(folder, labels=str(names)).labels == ("a", "b", "c")


def test_it_is_merged_into_the_weights_of_a_checkpoint(tmp_path: Path) -> None:
    torch.manual_seed(9)
    other = Small()
    torch.save(other.state_dict(), tmp_path / "base.pt")
    folder = written(tmp_path / "adapter", copy.deepcopy(other))
    found = loaded(folder, weights=str(tmp_path / "base.pt")).network
    a, b = matrices(folder, "head")
    torch.testing.assert_close(
        found.state_dict()["head.weight"], other.head.weight + ALPHA / RANK * b @ a
    )


def edited(folder: Path, change: Any) -> None:
    file = folder / "adapter_model.safetensors"
    save_file(change(load_file(file)), file)


def test_an_adapter_that_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    written(tmp_path)
    edited(tmp_path, lambda held: {k: v for k, v in held.items() if "head.lora_B" not in k})
    with pytest.raises(ModelError, match=r"missing: .*head\.lora_B"):
        loaded(tmp_path)
    edited(tmp_path, lambda held: {k.replace("body", "neck"): v for k, v in held.items()})
    with pytest.raises(ModelError, match="no modules called neck"):
        loaded(tmp_path)
    edited(tmp_path, lambda held: {k.replace("base_model.", ""): v for k, v in held.items()})
    with pytest.raises(ModelError, match="was not written by PEFT"):
        loaded(tmp_path)


def test_what_is_no_adapter_or_names_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no PEFT adapter: it needs .* adapter_config\.json"):
        loaded(tmp_path)
    config = written(tmp_path) / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "megatron_config": {"a": 1}}))
    with pytest.raises(ModelError, match="names a module to import"):
        loaded(tmp_path)


def test_a_missing_package_is_named_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ModelError, match=r"needs peft, .* pip install 'camcli-saliency\[peft\]'"):
        loaded(tmp_path)
