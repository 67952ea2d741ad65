"""Untrusted files that are meant to do harm."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from camcli.demo.scenes import make_scene
from camcli.models import LoadedModel
from camcli.system.control_characters import harmless
from tests.faults.conftest import DEMO, assert_whole, rows_in
from tests.harness.command_server import CommandServer


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Return a folder with an image, in which nothing but `out` may appear."""
    folder = tmp_path / "box"
    folder.mkdir()
    make_scene(9_700_000, (90, 90), objects=1).image.save(folder / "a.png")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!!python/object/apply:os.system ['touch pwned']", "not valid YAML"),
        ("model: !!python/name:os.system", "not valid YAML"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases are not supported"),
        ("model: {name: demo}\nmodel: {name: other}", "appears twice"),
        ("[" * 5000, "not valid YAML"),
        ("targets: [" + "9" * 5000 + "]", ""),
        ("- a", "must hold a mapping"),
        ("method: {name: [1]}", "method.name"),
        ("{1: 2}", "1: no such key"),
        ("model: {weights: " + "a" * 5000 + "}", "there is no checkpoint file"),
    ],
)
def test_a_hostile_configuration_is_refused(
    server: CommandServer, box: Path, text: str, said: str
) -> None:
    (box / "c.yaml").write_text(text)
    finished = server.run(["explain", "a.png", *DEMO, "-c", "c.yaml", "-o", "out"], box)
    assert finished.code == 2
    assert finished.stderr.startswith("camcli: ")
    assert said in finished.stderr
    assert {path.name for path in box.iterdir()} == {"a.png", "c.yaml"}


@pytest.mark.slow
def test_an_enormous_configuration_is_refused(server: CommandServer, box: Path) -> None:
    with (box / "c.yaml").open("wb") as file:
        file.truncate(10**12)
    finished = server.run(["explain", "a.png", *DEMO, "-c", "c.yaml"], box)
    assert finished.code == 2
    assert "not a camcli config" in finished.stderr


class _Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self._path),)


def _as_torch_file(path: Path, content: object) -> None:
    torch.save(content, path)


def _as_bare_pickle(path: Path, content: object) -> None:
    path.write_bytes(pickle.dumps(content, 2))


@pytest.mark.parametrize("suffix", ["pth", "pt", "ckpt", "safetensors"])
@pytest.mark.parametrize("write", [_as_torch_file, _as_bare_pickle])
def test_a_checkpoint_with_a_malicious_pickle_is_refused_unexecuted(
    server: CommandServer, box: Path, suffix: str, write: object
) -> None:
    checkpoint = box / f"evil.{suffix}"
    write(checkpoint, {"state_dict": {"stem.weight": _Evil(box / "pwned")}})  # type: ignore[operator]
    finished = server.run(["explain", "a.png", *DEMO, "--checkpoint", checkpoint.name], box)
    assert finished.code == 2
    assert finished.stderr.startswith("camcli: ")
    assert checkpoint.name in finished.stderr
    assert "Traceback" not in finished.stderr
    assert {path.name for path in box.iterdir()} == {"a.png", checkpoint.name}


def test_the_pickle_would_have_done_harm(box: Path) -> None:
    pickle.loads(pickle.dumps(_Evil(box / "pwned")))
    assert (box / "pwned").is_dir()


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 100, b"\xff" * 8 + b"{}", b"\x10\0\0\0\0\0\0\0" + b'{"a":{"x":1}}   ', b"PK\3\4"],
)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_file_that_is_not_a_checkpoint_is_refused(
    server: CommandServer, box: Path, suffix: str, data: bytes
) -> None:
    (box / f"c.{suffix}").write_bytes(data)
    finished = server.run(["explain", "a.png", *DEMO, "--checkpoint", f"c.{suffix}"], box)
    assert finished.code == 2
    assert "cannot read the checkpoint" in finished.stderr or "refused" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_zip_that_is_not_a_checkpoint_is_refused(server: CommandServer, box: Path) -> None:
    with zipfile.ZipFile(box / "c.pth", "w") as archive:
        archive.writestr("../../pwned", "x")
    finished = server.run(["explain", "a.png", *DEMO, "--checkpoint", "c.pth"], box)
    assert finished.code == 2
    assert "Traceback" not in finished.stderr
    assert not (box.parent / "pwned").exists()


@pytest.mark.slow
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("method", ["lift-cam", "deep-lift", "grad-cam", "eigen-cam"])
def test_weights_that_are_not_finite_give_degenerate_rows(
    server: CommandServer, box: Path, demo_model: LoadedModel, method: str, value: float
) -> None:
    weights = {name: tensor.clone() for name, tensor in demo_model.network.state_dict().items()}
    first = next(name for name in weights if name.endswith("weight"))
    weights[first].view(-1)[0] = value
    save_file(weights, box / "c.safetensors")
    command = ["explain", "a.png", *DEMO, "--checkpoint", "c.safetensors", "--method", method]
    finished = server.run([*command, "-o", "out"], box)
    assert finished.code == 1, finished.stderr
    (row,) = rows_in(box / "out")
    assert row["status"] == "degenerate"
    assert "NaN or infinity" in row["error"]["message"]
    assert row["map"] is row["overlay"] is None
    assert_whole(box / "out")


@pytest.mark.slow
def test_no_path_leads_out_of_the_output_folder(server: CommandServer, box: Path) -> None:
    outside = box.parent / "outside"
    outside.mkdir()
    good = (box / "a.png").read_bytes()
    (outside / "b.png").write_bytes(good)
    (box / "link").symlink_to(outside)
    (box / "..png").write_bytes(good)
    listing = box / "listing"
    paths = ["../outside/b.png", str(outside / "b.png"), "link/b.png", "link/../outside/b.png"]
    paths += [
        "./../box/a.png",
        "a.png",
        "..png",
        "../../../../../../../../etc/../" + str(box)[1:] + "/a.png",
    ]
    listing.write_text("\n".join(paths))
    before = sorted(box.parent.rglob("*"))
    finished = server.run(["explain", "-", *DEMO, "-o", "out"], box, stdin=listing)
    assert finished.code == 0, finished.stderr
    assert len(rows_in(box / "out")) == len(paths)
    assert_whole(box / "out")
    new = set(box.parent.rglob("*")) - set(before)
    assert all((box / "out") in path.parents or path == box / "out" for path in new)
    assert not any(".." in Path(row["map"]).parts for row in rows_in(box / "out"))


_ESCAPES = "\x1b]0;title\x07\x1b[2J\u202egpj\x9b31m\r"


@pytest.mark.slow
def test_terminal_escapes_are_spelt_out(server: CommandServer, box: Path) -> None:
    (box / f"{_ESCAPES}.png").write_bytes(b"")
    (box / "classes.csv").write_text(f"image,class\na.png,{_ESCAPES}\n")
    (box / f"{_ESCAPES}.yaml").write_text(f"model: {{name: {json.dumps(_ESCAPES)}}}")
    base = ["explain", ".", "-m", "demo", "-o", "out"]
    for line in (
        base,
        [*base, "--target", _ESCAPES],
        [*base, "--target", "@classes.csv"],
        ["explain", ".", "-c", f"{_ESCAPES}.yaml"],
        ["explain", _ESCAPES],
        [*base, f"--{_ESCAPES}"],
        [_ESCAPES],
        ["methods", _ESCAPES],
        ["verify", _ESCAPES],
        ["merge", _ESCAPES],
        [*base, "--shard", _ESCAPES],
    ):
        finished = server.run(line, box)
        assert finished.code in {1, 2}, line
        assert finished.stderr, line
        said = finished.stderr + finished.stdout.decode()
        assert not any(char in said for char in "\x1b\x07\x9b\r\u202e"), (line, said)
    assert r"\x1b" in finished.stderr


def test_only_control_characters_are_spelt_out() -> None:
    text = "déjà vu\t猫\n🦊 ~`$"
    assert harmless(text) == text
    assert harmless("\x1b[31m\x9b\u202e\udcff\r\x00") == r"\x1b[31m\x9b\u202e\udcff\r\x00"
