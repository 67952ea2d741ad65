"""What is no checkpoint of PyTorch, is broken or would run code is refused by name."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint import filesystem, metadata

from camcli.errors import CamcliWarning, ModelError
from camcli.models.checkpoints.files import read_content
from tests.models.checkpoints import kinds
from tests.models.test_inert_pickle import Runs


def attack(folder: Path) -> tuple[Runs, Path]:
    mark = folder / "ran"
    return Runs(os.system, f"touch {mark}"), mark


def run_for_real(data: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  (whatever follows the attack)
        raise ValueError(pickle.loads(data))


HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(16)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.onnx", b"\x08\x07", "an ONNX graph"),
        ("a.tflite", b"", "a TensorFlow Lite graph"),
        ("a.h5", HDF5, "a Keras model"),
        ("a.pt", HDF5, "an HDF5 file, as Keras writes"),
        ("a.bin", b"\x1c\0\0\0TFL3" + bytes(16), "a TensorFlow Lite graph"),
        ("a.pth", b"GGUF" + bytes(16), "a GGUF file"),
        ("a.msgpack", b"", "a Flax checkpoint"),
    ],
)
def test_weights_of_other_programs_are_refused_by_name(
    tmp_path: Path, name: str, data: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelError, match=rf"{name} is {kind}.*save model\.state_dict\(\)"):
        read_content(tmp_path / name)


def test_archives_are_told_from_checkpoints(tmp_path: Path) -> None:
    (tmp_path / "a.ckpt").write_bytes(gzip.compress(b"weights"))
    with pytest.raises(ModelError, match="gzip archive: unpack it"):
        read_content(tmp_path / "a.ckpt")
    with zipfile.ZipFile(tmp_path / "b.ckpt", "w") as archive:
        archive.writestr("model.weights.h5", HDF5)
    with pytest.raises(ModelError, match="a Keras model"):
        read_content(tmp_path / "b.ckpt")


def test_a_pickled_network_says_how_to_save_its_weights(tmp_path: Path) -> None:
    torch.save(kinds.RAW, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"tests\.models\.factories\.Small.*state_dict\(\)"):
        read_content(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (["a.pt", "b.pt"], r"several files of weights, a\.pt, b\.pt: name one"),
        (["readme.md"], r"holds no file of weights \(\.safetensors"),
        (["zero_to_fp32.py", "latest"], "sharded by DeepSpeed"),
        (["adapter_config.json", "adapter_model.bin"], "a PEFT adapter.* --adapter"),
    ],
)
def test_folders_without_one_set_of_weights_are_refused(
    tmp_path: Path, files: list[str], reason: str
) -> None:
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match=reason):
        read_content(tmp_path)


@pytest.mark.parametrize(
    ("weight_map", "reason"),
    [
        ({"a": "model-1.bin"}, r"in 1 parts, of which 1 are not beside it: model-1\.bin"),
        ({"a": "../secret.bin"}, "a file in the same folder"),
        ({"a": "part.bin", "b": "part.bin"}, r"part\.bin lacks b"),
        ({}, "no index"),
    ],
)
def test_an_index_has_all_its_parts_beside_it(
    tmp_path: Path, weight_map: dict[str, str], reason: str
) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "part.bin")
    index = tmp_path / "m.bin.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(ModelError, match=reason):
        read_content(index)


def test_what_parts_hold_beyond_their_index_is_told(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2), "spare": torch.ones(1)}, tmp_path / "part.bin")
    index = tmp_path / "m.bin.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "part.bin"}}))
    with pytest.warns(CamcliWarning, match="and not spare"):
        assert read_content(index).keys() == {"a"}  # type: ignore[attr-defined]


def test_a_torchscript_archive_that_would_run_code_runs_nothing(tmp_path: Path) -> None:
    call, mark = attack(tmp_path)
    whole = kinds.torchscript(tmp_path)
    evil = tmp_path / "evil.pt"
    with zipfile.ZipFile(whole) as good, zipfile.ZipFile(evil, "w") as bad:
        for name in good.namelist():
            held = pickle.dumps(call) if name.endswith("/data.pkl") else good.read(name)
            bad.writestr(name, held)
    with pytest.raises(ModelError, match=r"more than modules and weights, a posix\.system"):
        read_content(evil)
    assert not mark.exists()
    run_for_real(pickle.dumps(call))
    assert mark.exists()  # the attack is a real one


def test_the_list_of_a_distributed_checkpoint_runs_nothing(tmp_path: Path) -> None:
    call, mark = attack(tmp_path)
    folder = kinds.distributed_flat(tmp_path)
    (folder / ".metadata").write_bytes(pickle.dumps(call))
    with pytest.raises(ModelError, match=r"refused: .* of the type posix\.system"):
        read_content(folder)
    assert not mark.exists()


def test_a_build_without_torch_distributed_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".metadata").touch()
    monkeypatch.setattr(torch.distributed, "is_available", lambda: False)
    with pytest.raises(ModelError, match="which this build of PyTorch lacks"):
        read_content(tmp_path)


def test_what_is_no_tensor_in_a_distributed_checkpoint_is_not_read(tmp_path: Path) -> None:
    call, mark = attack(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save({"a": torch.arange(3.0), "evil": call}, checkpoint_id=tmp_path / "c", no_dist=True)
    found = read_content(tmp_path / "c")
    assert isinstance(found, dict)
    assert found.keys() == {"a", "evil"}
    assert torch.equal(found["a"], torch.arange(3.0))
    assert not mark.exists()


def test_pieces_of_several_processes_are_joined(tmp_path: Path) -> None:
    """As two ranks write them: each half of the rows in a file of its own."""
    whole = torch.arange(12.0).reshape(4, 3)
    storage: dict[Any, Any] = {}
    chunks = []
    for rank, rows in enumerate((whole[:2], whole[2:])):
        buffer = io.BytesIO()
        torch.save(rows.clone(), buffer)
        (tmp_path / f"__{rank}_0.distcp").write_bytes(buffer.getvalue())
        offset = torch.Size([2 * rank, 0])
        chunks.append(metadata.ChunkStorageMetadata(offset, rows.shape))
        place = metadata.MetadataIndex("w", offset, rank)
        size = len(buffer.getvalue())
        storage[place] = filesystem._StorageInfo(f"__{rank}_0.distcp", 0, size)
    kind = metadata.TensorProperties(dtype=torch.float32)
    held = metadata.TensorStorageMetadata(kind, whole.shape, chunks)
    listed = metadata.Metadata({"w": held}, None, storage)
    (tmp_path / ".metadata").write_bytes(pickle.dumps(listed))
    found = read_content(tmp_path)
    assert isinstance(found, dict)
    assert torch.equal(found["w"], whole)
    (tmp_path / "__1_0.distcp").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot read the checkpoint"):
        read_content(tmp_path)
    (tmp_path / "__1_0.distcp").unlink()
    with pytest.raises(ModelError, match=r"in 2 files, of which 1 are not there: __1_0\.distcp"):
        read_content(tmp_path)
