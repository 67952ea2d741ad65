"""Checkpoints of one small network, written as the tools that people train with write them.

Each function writes one into a folder and returns its path. `RAW` are the weights that training
ended with, `AVERAGE` what was averaged over it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed.checkpoint as dcp
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from tests.models.factories import Small

CLASSES = 10


def _network(seed: int) -> Small:
    torch.manual_seed(seed)
    return Small(CLASSES)


RAW = _network(1)
AVERAGE = _network(2)


def _behind(prefix: str, network: nn.Module = RAW) -> dict[str, Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in network.state_dict().items()}


def _trained() -> tuple[Small, torch.optim.Optimizer]:
    network = Small(CLASSES)
    network.load_state_dict(RAW.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.0)
    network(torch.zeros(1, 3, 16, 16)).sum().backward()
    optimizer.step()
    network.load_state_dict(RAW.state_dict())
    return network, optimizer


def _averaged() -> AveragedModel:
    averaged = AveragedModel(AVERAGE)
    averaged.n_averaged += 3
    return averaged


def _saved(folder: Path, content: object, name: str = "last.ckpt") -> Path:
    torch.save(content, folder / name)
    return folder / name


def _lightning(folder: Path, weights: Mapping[str, Tensor]) -> Path:
    _, optimizer = _trained()
    content: dict[str, Any] = {
        "epoch": 4,
        "global_step": 500,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": {**weights, "loss.weight": torch.ones(CLASSES)},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"current": {"ready": 5}}}},
        "callbacks": {
            "ModelCheckpoint{'monitor': 'val_loss'}": {
                "best_model_score": torch.tensor(0.25),
                "best_model_path": "runs/3.ckpt",
            }
        },
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"lr": 0.1, "folder": Path("data"), "classes": CLASSES},
    }
    return _saved(folder, content)


def lightning_model(folder: Path) -> Path:
    return _lightning(folder, _behind("model."))


def lightning_net(folder: Path) -> Path:
    return _lightning(folder, _behind("net."))


def lightning_backbone(folder: Path) -> Path:
    return _lightning(folder, _behind("backbone."))


def lightning_with_average(folder: Path) -> Path:
    return _lightning(folder, {**_behind("model."), **_behind("ema_model.module.", AVERAGE)})


def swa(folder: Path) -> Path:
    return _saved(folder, _averaged().state_dict())


def data_parallel(folder: Path) -> Path:
    return _saved(folder, nn.DataParallel(RAW).state_dict())


def compiled(folder: Path) -> Path:
    return _saved(folder, torch.compile(RAW).state_dict())


def compiled_data_parallel(folder: Path) -> Path:
    return _saved(folder, torch.compile(nn.DataParallel(RAW)).state_dict())


def fsdp(folder: Path) -> Path:
    weights = {
        f"_fsdp_wrapped_module.{name.replace('stem.', 'stem._fsdp_wrapped_module.')}": tensor
        for name, tensor in RAW.state_dict().items()
    }
    return _saved(folder, {"model": weights})


def torchvision_script(folder: Path) -> Path:
    _, optimizer = _trained()
    args = argparse.Namespace(lr=0.1, output_dir=Path("runs"), started=datetime.date(2024, 5, 1))
    content = {"model": _behind(""), "optimizer": optimizer.state_dict(), "epoch": 3, "args": args}
    return _saved(folder, {**content, "model_ema": _averaged().state_dict()}, "model_3.pth")


def timm_script(folder: Path) -> Path:
    content = {
        "epoch": 3,
        "arch": "small",
        "state_dict": _behind(""),
        "optimizer": _trained()[1].state_dict(),
        "version": 2,
        "args": argparse.Namespace(model="small", mean=None),
        "state_dict_ema": _behind("", AVERAGE),
        "metric": np.float64(71.5),
    }
    return _saved(folder, content, "model_best.pth.tar")


def own_script(folder: Path) -> Path:
    return _saved(folder, {"model_state_dict": _behind(""), "ema_state_dict": _behind("", AVERAGE)})


def only_average(folder: Path) -> Path:
    return _saved(folder, {"ema": _averaged().state_dict(), "step": torch.tensor(7)})


def sharded_safetensors(folder: Path) -> Path:
    names = list(RAW.state_dict())
    halves = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, held in halves.items():
        save_file({name: RAW.state_dict()[name] for name in held}, folder / file)
    weight_map = {name: file for file, held in halves.items() for name in held}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return index


def sharded_bin(folder: Path) -> Path:
    names = list(RAW.state_dict())
    halves = {"pytorch_model-1.bin": names[::2], "pytorch_model-2.bin": names[1::2]}
    for file, held in halves.items():
        torch.save({name: RAW.state_dict()[name] for name in held}, folder / file)
    weight_map = {name: file for file, held in halves.items() for name in held}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder


def trainer_folder(folder: Path) -> Path:
    save_file(RAW.state_dict(), folder / "model.safetensors")
    torch.save(_trained()[1].state_dict(), folder / "optimizer.pt")
    (folder / "config.json").write_text("{}")
    return folder


def torchscript(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, its archives are not
        torch.jit.trace(RAW.eval(), torch.zeros(1, 3, 16, 16)).save(str(folder / "model.pt"))
    return folder / "model.pt"


def distributed(folder: Path) -> Path:
    network, optimizer = _trained()
    state = {"model": network.state_dict(), "optim": optimizer.state_dict(), "epoch": 3}
    return _dcp(folder, state)


def distributed_flat(folder: Path) -> Path:
    return _dcp(folder, RAW.state_dict())


def _dcp(folder: Path, state: dict[str, Any]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a single process
        dcp.save(state, checkpoint_id=os.fspath(folder / "step_5"), no_dist=True)
    return folder / "step_5"


RAW_KINDS: tuple[Callable[[Path], Path], ...] = (
    *(lightning_model, lightning_net, lightning_backbone, data_parallel, compiled),
    *(compiled_data_parallel, fsdp, sharded_safetensors, sharded_bin, trainer_folder, torchscript),
    *(distributed, distributed_flat),
)
"""Those that hold the trained weights alone."""

BOTH_KINDS: tuple[Callable[[Path], Path], ...] = (
    *(lightning_with_average, torchvision_script, timm_script, own_script),
)
"""Those that hold averages beside them."""

AVERAGE_KINDS: tuple[Callable[[Path], Path], ...] = (swa, only_average)
"""Those that hold averages alone."""
