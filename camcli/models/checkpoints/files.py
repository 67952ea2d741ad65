"""Read what a checkpoint holds, whatever kind of file or folder it is."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors.torch import load_file

from camcli.errors import ModelError
from camcli.models.checkpoints.foreign import refuse_foreign
from camcli.models.checkpoints.parts import INDEX, read_parts
from camcli.models.checkpoints.telling import shortened
from camcli.models.checkpoints.torchscript import is_torchscript, read_torchscript
from camcli.models.inert_pickle import read_pickle

_DISTRIBUTED = ".metadata"
"""What lists the tensors in a folder of `torch.distributed.checkpoint`."""

ADAPTER_CONFIG = "adapter_config.json"
_USUAL = ("model.safetensors", "pytorch_model.bin")
"""What transformers calls the weights in a folder, and which it takes first."""

_WEIGHTS = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".tar", ".pkl")


def read_content(path: Path) -> object:
    """Return what a checkpoint holds, tensors on the CPU; nothing in it is run.

    A folder is a checkpoint of `torch.distributed.checkpoint`, or holds one file of weights or the
    index of one in parts. Of a TorchScript archive, weights and buffers are read by their names.

    Raises:
        ModelError: It is missing, broken, of another program, or refused; with the reason.

    """
    path = checkpoint_file(path)
    if path.is_dir():
        return _read_distributed(path)
    if path.name.endswith(INDEX):
        return read_parts(path, read_file)
    return read_file(path)


def read_file(path: Path) -> object:
    """Return what a single file holds; see `read_content`."""
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    refuse_foreign(path)
    return read_torchscript(path) if is_torchscript(path) else read_pickle(path)


def checkpoint_file(path: Path) -> Path:
    """Return the file that a path leads to, the folder itself where that is the checkpoint.

    Raises:
        ModelError: There is none, or more than one that could be meant.

    """
    if path.suffix == ".json" and not path.name.endswith(INDEX):
        raise ModelError(f"{path} is no checkpoint: of .json files, an index (*{INDEX}) is one")
    if os.path.isfile(path):  # noqa: PTH113  (Path.is_file raises where a name is too long)
        return path
    if not os.path.isdir(path):  # noqa: PTH112  (likewise)
        raise ModelError(f"there is no checkpoint file {path}")
    if (path / ADAPTER_CONFIG).is_file():
        raise ModelError(
            f"{path} is a PEFT adapter, which needs the weights that it was trained on: give it "
            f"with --adapter {path}, and those with --checkpoint or as the model's own"
        )
    return path if (path / _DISTRIBUTED).is_file() else _only_file(path)


def _only_file(folder: Path) -> Path:
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    indices = [name for name in names if name.endswith(INDEX)]
    usual = [name for name in _USUAL if name in names][:1]
    found = usual or indices or [name for name in names if Path(name).suffix in _WEIGHTS]
    if len(found) == 1:
        return folder / found[0]
    if "zero_to_fp32.py" in names:
        raise ModelError(
            f"the checkpoint {folder} is sharded by DeepSpeed's ZeRO: join it with the "
            "zero_to_fp32.py that lies in it, and give the file that this writes"
        )
    raise ModelError(
        f"the folder {folder} holds several files of weights, {shortened(found)}: name one of them"
        if found
        else f"the folder {folder} holds no file of weights ({', '.join(_WEIGHTS)} or *{INDEX})"
    )


def _read_distributed(folder: Path) -> object:
    if not torch.distributed.is_available():
        raise ModelError(
            f"the checkpoint {folder} is one of torch.distributed.checkpoint, which this build of "
            "PyTorch lacks: save model.state_dict() with torch.save, or as .safetensors"
        )
    from camcli.models.checkpoints.distributed import read_distributed

    return read_distributed(folder)


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except Exception as error:  # as many kinds as there are ways to break such a file
        reason = str(error) or type(error).__name__
        raise ModelError(f"cannot read the checkpoint {path}: {reason}") from None
