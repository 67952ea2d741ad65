"""Files that hold weights for other programs than PyTorch, by their names and first bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from camcli.errors import ModelError
from camcli.models.checkpoints.zip_names import names_in_zip

_KERAS = "a Keras model"
_BY_SUFFIX: Mapping[str, str] = {
    ".onnx": "an ONNX graph",
    ".tflite": "a TensorFlow Lite graph",
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".pb": "a TensorFlow graph",
    ".mlmodel": "a Core ML model",
    ".mlpackage": "a Core ML model",
    ".engine": "a TensorRT engine",
    ".plan": "a TensorRT engine",
    ".trt": "a TensorRT engine",
    ".gguf": "a GGUF file",
    ".npz": "an archive of NumPy arrays",
    ".msgpack": "a Flax checkpoint",
    ".pdparams": "a PaddlePaddle checkpoint",
    ".mar": "a TorchServe archive",
    ".pt2": "a graph of torch.export",
    ".pte": "an ExecuTorch program",
}
_BY_START: Mapping[bytes, str] = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes",
    b"GGUF": _BY_SUFFIX[".gguf"],
    b"\x1f\x8b": "a gzip archive",
}
_KERAS_WEIGHTS = "model.weights.h5"
_TFLITE, _TFLITE_AT = b"TFL3", 4
_HEAD = 16


def refuse_foreign(path: Path) -> None:
    """Raise a `ModelError` for a file of another program, which names it and says what to do."""
    kind = _BY_SUFFIX.get(path.suffix.lower()) or _by_content(path)
    if kind == _BY_START[b"\x1f\x8b"]:
        raise ModelError(f"the checkpoint {path} is {kind}: unpack it, and name the file in it")
    if kind is not None:
        raise ModelError(
            f"the checkpoint {path} is {kind}, not the weights of a PyTorch network. camcli reads "
            "a state dict: load the model in PyTorch, and save model.state_dict() with torch.save "
            "or as .safetensors"
        )


def _by_content(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[_TFLITE_AT:].startswith(_TFLITE):
        return _BY_SUFFIX[".tflite"]
    known = next((kind for start, kind in _BY_START.items() if head.startswith(start)), None)
    return known or (_KERAS if _KERAS_WEIGHTS in names_in_zip(path) else None)
