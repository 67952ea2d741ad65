"""Class names, in each format that users have them in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from camcli.config import ModelConfig
from camcli.errors import ModelError
from camcli.models import load_model
from camcli.models.labels import read_labels

FACTORIES = "tests.models.factories"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "cat\ndog\nbig bird\n"),
        ("labels.json", json.dumps(["cat", "dog", "big bird"])),
        ("labels.json", json.dumps({"2": "big bird", "0": "cat", "1": "dog"})),
        (
            "labels.json",
            json.dumps({"0": ["a", "cat"], "1": ["b", "dog"], "2": ["c", "big bird"]}),
        ),
        ("labels.csv", "index,name\n1,dog\n0,cat\n2,big bird\n"),
        ("labels.csv", "label,class_index,more\ncat,0,x\ndog,1,y\nbig bird,2,z\n"),
    ],
)
def test_labels_are_read_from_any_usual_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert read_labels(tmp_path / name) == ("cat", "dog", "big bird")
    loaded = load_model(
        ModelConfig(name=f"{FACTORIES}:build", labels=str(tmp_path / name), kwargs={"classes": 3})
    )
    assert loaded.labels == ("cat", "dog", "big bird")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("labels.txt", "", "names no class 0"),
        ("labels.txt", "cat\n\ndog", "names no class 1"),
        ("labels.json", "{", "is not JSON"),
        ("labels.json", '"cat"', "must hold a list of names"),
        ("labels.json", '{"0": "cat", "2": "dog"}', "names no class 1"),
        ("labels.json", '{"cat": 0}', "'cat' is no class index"),
        ("labels.csv", "a,b\n1,2\n", "it has a, b"),
    ],
)
def test_labels_that_cannot_be_used_say_why(
    tmp_path: Path, name: str, content: str, complaint: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelError, match=complaint):
        read_labels(tmp_path / name)
