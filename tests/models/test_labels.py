"""Class names, in each format that users have them in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from camcli.config import ModelConfig
from camcli.errors import ModelError
from camcli.models import load_model
from camcli.models.labels import ClassNames, read_labels

FACTORIES = "tests.models.factories"
IDS = ("n1", "n2", "n3")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "cat\ndog\nbig bird\n"),
        ("labels.txt", "\ufeffcat \r\n dog\r\nbig bird\t\r\n\r\n"),
        ("labels.json", json.dumps(["cat", "dog", " big bird "])),
        ("LABELS.JSON", json.dumps(["cat", "dog", "big bird"])),
        ("labels.json", json.dumps({"2": "big bird", "0": "cat", "1": "dog"})),
        ("labels.json", json.dumps({"big bird": 2, "cat": 0, "dog": 1})),
        ("labels.csv", "index,name\n1,dog\n0,cat\n2,big bird\n"),
        ("labels.csv", "label,class_index,more\ncat,0,x\ndog,1,y\nbig bird,2,z\n"),
    ],
)
def test_labels_are_read_from_any_usual_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(content.encode())
    assert read_labels(tmp_path / name) == ClassNames(("cat", "dog", "big bird"))
    loaded = load_model(
        ModelConfig(name=f"{FACTORIES}:build", labels=str(tmp_path / name), kwargs={"classes": 3})
    )
    assert (loaded.labels, loaded.class_ids) == (("cat", "dog", "big bird"), None)


def test_an_index_of_identifiers_and_names_has_both(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"1": ["n2", "dog"], "0": ["n1", "cat"], "2": ["n3", "bird"]}))
    assert read_labels(path) == ClassNames(("cat", "dog", "bird"), IDS)
    loaded = load_model(
        ModelConfig(name=f"{FACTORIES}:build", labels=str(path), kwargs={"classes": 3})
    )
    assert (loaded.labels, loaded.class_ids) == (("cat", "dog", "bird"), IDS)


@pytest.mark.parametrize(
    "content",
    [
        {"id2label": {"1": "dog", "0": "cat"}, "label2id": {"cat": 0, "dog": 1}, "hidden_size": 8},
        {"label2id": {"cat": 0, "dog": 1}, "architectures": ["ViTForImageClassification"]},
        {"epoch": 3, "class_to_idx": {"dog": 1, "cat": 0}},
        {"class_to_idx": 1, "cat": 0},
    ],
)
def test_names_among_other_settings_are_found(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    expected = ("cat", "class_to_idx") if "cat" in content else ("cat", "dog")
    assert read_labels(path).labels == expected


def test_a_hole_among_other_settings_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"id2label": {"0": "cat", "2": "dog"}}))
    with pytest.raises(ModelError, match="names no class 1"):
        read_labels(path)


def test_wordnet_ids_before_all_names_are_identifiers(tmp_path: Path) -> None:
    """As in ImageNet's LOC_synset_mapping.txt."""
    path = tmp_path / "LOC_synset_mapping.txt"
    path.write_text("n01440764 tench, Tinca tinca\nN02102480\tSussex spaniel\n")
    found = read_labels(path)
    assert found.labels == ("tench, Tinca tinca", "Sussex spaniel")
    assert found.ids == ("n01440764", "n02102480")
    path.write_text("n01440764 tench\nspaniel\n")
    assert read_labels(path) == ClassNames(("n01440764 tench", "spaniel"))


def test_names_that_are_numbers_are_not_taken_for_indices(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    sorted_as_text = {name: place for place, name in enumerate(sorted(map(str, range(12))))}
    path.write_text(json.dumps(sorted_as_text))
    with pytest.raises(ModelError, match=r"names to indices or indices to names.*list of names"):
        read_labels(path)
    path.write_text(json.dumps({"0": 0, "1": 1}))
    assert read_labels(path).labels == ("0", "1")
    path.write_text(json.dumps({"1": 0, "10": 1, "2": 2}))
    assert read_labels(path).labels == ("1", "10", "2")
    path.write_text(json.dumps({"0": 2019, "1": 2020}))
    assert read_labels(path).labels == ("2019", "2020")


def test_a_separator_within_a_name_does_not_end_it(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("big\u2028bird\ncat\n", encoding="utf-8")
    assert read_labels(path).labels == ("big\u2028bird", "cat")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("labels.txt", "", "names no class 0"),
        ("labels.txt", "cat\n\ndog", "names no class 1"),
        ("labels.json", "{", "is not JSON"),
        ("labels.json", '"cat"', "must hold a list of names"),
        ("labels.json", '{"0": "cat", "2": "dog"}', "names no class 1"),
        ("labels.json", '{"cat": 1}', "'cat' is no class index"),
        ("labels.json", '{"0": "cat", "0": "dog"}', "names class 0 twice: 'cat' and 'dog'"),
        ("labels.json", '{"0": "cat", "00": "dog"}', "names class 0 twice"),
        ("labels.json", '["cat", null]', "the name of class 1 is no text: None"),
        ("labels.json", '[{"id": 0, "name": "cat"}]', "the name of class 0 is no text"),
        ("labels.json", '{"0": true}', "the name of class 0 is no text: True"),
        ("labels.csv", "a,b\n1,2\n", "it has a, b"),
        ("labels.csv", "index,name\n0,cat\n0,dog\n", "names class 0 twice: 'cat' and 'dog'"),
        ("labels.csv", "index,name\n0,cat\ndog,1\n", "line 3 of .* 'dog' is no class index"),
    ],
)
def test_labels_that_cannot_be_used_say_why(
    tmp_path: Path, name: str, content: str, complaint: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelError, match=complaint):
        read_labels(tmp_path / name)
