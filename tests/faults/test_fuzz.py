from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from camcli.errors import ModelError
from camcli.images.decode import decode
from camcli.models.checkpoint import read_checkpoint
from camcli.records import ImageItem, ImageRef, Preprocess
from tests.harness.command_server import CommandServer
from tests.harness.fuzz import BrokenError, fuzz_config, fuzz_images
from tests.harness.mutation import (
    damaged,
    hostile_name,
    mutated_config,
    mutated_image,
    seed_images,
)


@pytest.mark.slow
def test_damaged_images_under_hostile_names_break_no_promise(
    server: CommandServer, tmp_path: Path
) -> None:
    statuses = fuzz_images(server, random.Random(11), 80, tmp_path / "box")
    assert statuses.total() == 80
    assert statuses["failed"] > 10
    assert statuses["ok"] > 5


@pytest.mark.slow
def test_damaged_configurations_break_no_promise(server: CommandServer, tmp_path: Path) -> None:
    rng = random.Random(12)
    outcomes = {fuzz_config(server, rng, tmp_path / str(i)) for i in range(20)}
    assert "refused" in outcomes


@pytest.mark.slow
def test_damaged_checkpoints_are_read_or_refused(tmp_path: Path) -> None:
    weights = {"a.weight": torch.ones(3, 4), "b.bias": torch.ones(5)}
    torch.save({"state_dict": weights}, tmp_path / "zip.pth")
    torch.save(weights, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    save_file(weights, tmp_path / "x.safetensors")
    rng = random.Random(0)
    refusals = []
    for path in sorted(tmp_path.iterdir()):
        sound = path.read_bytes()
        assert read_checkpoint(path).weights.keys() == weights.keys()
        for _ in range(400):
            path.write_bytes(damaged(rng, sound))
            try:
                read_checkpoint(path)
            except ModelError as error:
                refusals.append(path.name in str(error))
    assert len(refusals) > 600
    assert all(refusals)


def test_every_seed_is_a_valid_image(tmp_path: Path) -> None:
    preprocess = Preprocess(16, (16, 16), (0.0,) * 3, (1.0,) * 3)
    for number, (suffix, data) in enumerate(seed_images()):
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes(data)
        assert isinstance(decode(ImageRef(0, path, path.name), preprocess), ImageItem), path


def test_the_same_seed_makes_the_same_inputs() -> None:
    def inputs() -> list[object]:
        rng = random.Random(5)
        seeds = seed_images()
        return [
            (mutated_image(rng, seeds), mutated_config(rng), hostile_name(rng, i, "png"))
            for i in range(30)
        ]

    assert inputs() == inputs()


class _Liar:
    """Stands in for a camcli that breaks one promise after doing its work."""

    def __init__(self, server: CommandServer, harm: str) -> None:
        self._server = server
        self._harm = harm

    def start(self, arguments: list[str], folder: Path, **options: object) -> _Liar:
        self._folder = folder
        self._command = self._server.start(arguments, folder)
        return self

    def wait(self, timeout: float) -> object:
        finished = self._command.wait(timeout)
        out = self._folder / "out"
        if self._harm == "outside":
            (self._folder / "in" / "new").touch()
        elif self._harm == "surplus":
            (out / "maps" / "new").write_bytes(b"x")
        elif self._harm == "row":
            rows = (out / "manifest.jsonl").read_bytes().splitlines(keepends=True)
            (out / "manifest.jsonl").write_bytes(b"".join(rows[1:]))
        elif self._harm == "bytes":
            next(out.rglob("*.npy")).write_bytes(b"x")
        return finished


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["outside", "surplus", "row", "bytes"])
def test_the_harness_detects_broken_promises(
    server: CommandServer, tmp_path: Path, harm: str
) -> None:
    with pytest.raises(BrokenError):
        fuzz_images(_Liar(server, harm), random.Random(11), 12, tmp_path / "box")  # type: ignore[arg-type]
