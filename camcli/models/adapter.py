"""Merge a PEFT adapter, such as LoRA's, into the weights that it was trained on."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from camcli.errors import ModelError
from camcli.models.checkpoints.files import ADAPTER_CONFIG, read_file
from camcli.models.checkpoints.telling import shortened
from camcli.models.loaded import LoadedModel
from camcli.models.sources.optional_package import PEFT

_FILES = ("adapter_model.safetensors", "adapter_model.bin")
_ROOT = "base_model.model."
"""What PEFT puts before the names of the network that it adapts."""


def with_adapter(loaded: LoadedModel, folder: Path) -> LoadedModel:
    """Return a model whose weights are W + ΔW, with what an adapter has learned.

    PEFT computes ΔW (for LoRA, scaled B A) and replaces the modules that were trained as a whole,
    such as a new head; class names go where that has another number of classes.

    Args:
        loaded: With the weights that the adapter was trained on; changed in place.
        folder: As `save_pretrained` of PEFT writes it.

    Raises:
        ModelError: PEFT is missing, the folder holds no adapter, or it does not fit the network.

    """
    weights = _weights(folder)
    part = _adapted_part(loaded.network, _modules(weights), folder)
    resized = _resize_heads(loaded.network.get_submodule(part), weights)
    merged = _merged(loaded.network.get_submodule(part), weights, folder)
    if part:
        loaded.network.set_submodule(part, merged)
    network = loaded.network if part else merged
    named = replace(loaded, network=network.eval())
    return replace(named, labels=None, class_ids=None) if resized else named


def _weights(folder: Path) -> dict[str, Tensor]:
    config, files = folder / ADAPTER_CONFIG, [folder / name for name in _FILES]
    file = next((file for file in files if file.is_file()), None)
    if not config.is_file() or file is None:
        raise ModelError(
            f"model.adapter: {folder} is no PEFT adapter: it needs a folder with {ADAPTER_CONFIG} "
            f"and {' or '.join(_FILES)}"
        )
    held = read_file(file)
    found = held if isinstance(held, Mapping) else {}
    if not found or not all(isinstance(tensor, Tensor) for tensor in found.values()):
        raise ModelError(f"model.adapter: {file} holds no mapping of names to tensors")
    strange = [name for name in found if not name.startswith(_ROOT)]
    if strange:
        raise ModelError(
            f"model.adapter: {file} was not written by PEFT: its names begin with {_ROOT!r}, and "
            f"not as {shortened(strange)}"
        )
    return {str(name): tensor for name, tensor in found.items()}


def _modules(weights: Iterable[str]) -> list[str]:
    """Return the modules that an adapter changes, by the names they had without it."""
    bare = (name.removeprefix(_ROOT) for name in weights)
    return list(dict.fromkeys(name.partition(".lora_")[0] for name in bare if ".lora_" in name))


def _adapted_part(network: nn.Module, modules: list[str], folder: Path) -> str:
    """Return the part of a network that an adapter was trained for, mostly the whole of it."""
    if not modules:
        return ""
    names = {name for name, _ in network.named_modules()}
    ends = [name for name in names if f".{name}".endswith(f".{modules[0]}")]
    prefixes = [name.removesuffix(modules[0]) for name in ends]
    fitting = [each for each in prefixes if all(each + module in names for module in modules)]
    if not fitting:
        absent = [module for module in modules if module not in names] or modules
        raise ModelError(
            f"model.adapter: {folder} does not fit the network, which has no modules called "
            f"{shortened(absent)}: name the model that the adapter was trained on"
        )
    shortest: str = min(fitting, key=len)
    return shortest.removesuffix(".")


def _resize_heads(network: nn.Module, weights: Mapping[str, Tensor]) -> bool:
    """Give layers that an adapter brings as a whole as many outputs as they have in it."""
    resized = False
    for name, tensor in weights.items():
        path = name.removeprefix(_ROOT).removesuffix(".weight")
        held = dict(network.named_modules()).get(path)
        if not isinstance(held, nn.Linear | nn.Conv2d) or tensor.shape == held.weight.shape:
            continue
        if tensor.shape[1:] == held.weight.shape[1:]:
            network.set_submodule(path, _of_length(held, len(tensor)))
            resized = True
    return resized


def _of_length(layer: nn.Linear | nn.Conv2d, outputs: int) -> nn.Module:
    """Return a layer like another with as many outputs, whose weights are yet to be filled in."""
    longer = copy.deepcopy(layer)
    longer.weight = nn.Parameter(layer.weight.new_zeros(outputs, *layer.weight.shape[1:]))
    if layer.bias is not None:
        longer.bias = nn.Parameter(layer.bias.new_zeros(outputs))
    setattr(longer, "out_features" if isinstance(layer, nn.Linear) else "out_channels", outputs)
    return longer


def _merged(network: nn.Module, weights: Mapping[str, Tensor], folder: Path) -> nn.Module:
    peft = _peft()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the base's name, which is for the record only
            config = peft.PeftConfig.from_pretrained(str(folder))
            _refuse_imports(config, folder)
            adapted = peft.PeftModel(network, config)
            filled = peft.set_peft_model_state_dict(adapted, dict(weights))
            lacking = [name for name in filled.missing_keys if _is_learned(name, adapted)]
            _require_complete(folder, lacking, filled.unexpected_keys)
            merged: nn.Module = adapted.merge_and_unload(safe_merge=True)
    except ModelError:
        raise
    except Exception as error:  # PEFT's own checks, of as many kinds as it has methods
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(f"model.adapter: {folder} does not fit the network: {reason}") from None
    return merged


def _is_learned(name: str, adapted: nn.Module) -> bool:
    """Return whether a name is the adapter's own rather than the network's."""
    known = (".lora_", ".modules_to_save.")
    return any(each in f"{name}." for each in known) and name in adapted.state_dict()


def _require_complete(folder: Path, lacking: list[str], surplus: list[str]) -> None:
    complaints = [
        f"{what}: {shortened(names)}"
        for what, names in (("missing", lacking), ("not in the network", surplus))
        if names
    ]
    if complaints:
        raise ModelError(
            f"model.adapter: {folder} does not fit the network: {'; '.join(complaints)}"
        )


def _refuse_imports(config: Any, folder: Path) -> None:
    if getattr(config, "megatron_config", None):
        raise ModelError(
            f"model.adapter: {folder} is refused: it names a module to import (megatron_core), and "
            "camcli runs nothing that an adapter names"
        )


def _peft() -> Any:
    try:
        import peft
    except ImportError:
        raise PEFT.missing("model.adapter") from None
    return peft
