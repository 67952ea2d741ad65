"""YAML, overrides and flags become one record; all mistakes are reported together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from camcli.config import Config, dump_config, load_config
from camcli.config.artefacts import SAVE_CHOICES
from camcli.errors import ConfigError

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_win_over_set_over_yaml_over_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "output: {alpha: 0.1, colormap: jet}\nrun: {batch_size: 2}")
    config = load_config(path, ["output.alpha=0.2", "run.batch_size=3"], {"run.batch_size": "4"})
    assert config.output.normalize == "minmax"
    assert config.output.colormap == "jet"
    assert config.output.alpha == 0.2
    assert config.run.batch_size == 4


def test_a_dumped_configuration_reads_back_the_same(tmp_path: Path) -> None:
    config = load_config(overrides=["preprocess={resize: [64, 96], crop: 64}", "targets=[top3, 7]"])
    assert load_config(write(tmp_path, dump_config(config))) == config


@pytest.mark.parametrize("written", ["@top1", "'@top1'", '["@top1"]', "[@top1]", "[@top1 ]"])
def test_a_word_may_begin_with_an_at_sign(tmp_path: Path, written: str) -> None:
    assert load_config(write(tmp_path, f"targets: {written}\n")).targets == ("@top1",)
    assert load_config(overrides=[f"targets={written}"]).targets == ("@top1",)


def test_null_weights_are_random_and_empty_sections_are_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "model:\n  weights: null\noutput:\n"))
    assert config.model.weights is None
    assert config.output == Config().output


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "model: {nme: x}\nrun: {batch_size: 0}\nfoo: 1\n"
        "output: {save: [maps, overlay], alpha: 3, colormap: turob}",
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path, ["output.map_size=orig"])
    message = str(caught.value)
    assert str(path) in message
    for expected in (
        "model.nme: no such key; did you mean 'name'?",
        "run.batch_size:",
        "foo: no such key",
        f"output.save.1: 'overlay' is not one of {', '.join(SAVE_CHOICES)}",
        "output.alpha:",
        "(found 3)",
        "'turob' is not one of turbo, viridis",
        "output.map_size: 'orig' is not one of input, layer, original",
    ):
        assert expected in message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x [1]\nb: *x", "aliases"),
        ("run: {seed: 1}\nrun: {seed: 2}", "twice"),
        ("model: !!python/object/apply:os.system [echo]", "tag"),
        ("- 1\n- 2", "mapping"),
        ("a: [", "not valid YAML"),
        ("? [a]\n: 1", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
    ],
)
def test_yaml_that_is_not_a_configuration_is_refused(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        load_config(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load_config(tmp_path / "nowhere.yaml")


def test_an_override_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="key=value"):
        load_config(overrides=["output.alpha"])


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_the_configs_that_ship_are_valid(path: Path) -> None:
    assert set(yaml.safe_load(path.read_text())) <= set(Config.model_fields)
    load_config(path)


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("model: {output: 1}", "output", "1"),
        ("model: {output: null}", "output", None),
        ("model: {layer: 4}", "layer", "4"),
        ("model: {layer: [0, 1.10]}", "layer", ("0", "1.10")),
        ("model: {labels: no}", "labels", "no"),
        ("model: {weights: ~}", "weights", None),
        ("model: {kwargs: {no: no, n: 010, s: '1', d: 2024-01-01}}", "kwargs",
         {"no": False, "n": 8, "s": "1", "d": "2024-01-01"}),
    ],
)  # fmt: skip
def test_a_key_of_the_model_takes_numbers_and_yes_or_no_as_it_needs_them(
    tmp_path: Path, text: str, key: str, expected: object
) -> None:
    assert getattr(load_config(write(tmp_path, text)).model, key) == expected


@pytest.mark.parametrize(
    "word", ["yes", "No", "NO", "on", "Off", "010", "1e3", "1.10", "2024-01-01", "0x1F", "null"]
)
def test_a_target_is_the_word_as_it_is_written(tmp_path: Path, word: str) -> None:
    assert load_config(write(tmp_path, f"targets: [{word}]")).targets == (word,)
    assert load_config(overrides=[f"targets=[a, {word}]"]).targets == ("a", word)
    assert load_config(write(tmp_path, f"prompts: [{word}, a cat]")).prompts.texts[0] == word


def test_a_single_word_stands_for_a_list_of_one(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "targets: no\nprompts: yes\noutput: {save: maps}"))
    assert (config.targets, config.prompts.texts, config.output.save) == (
        ("no",),
        ("yes",),
        ("maps",),
    )


def test_values_that_are_no_text_stay_what_yaml_says(tmp_path: Path) -> None:
    text = "run: {compile: no, batch_size: 0x10, seed: 1}\noutput: {alpha: .25, overlay_side: ~}"
    config = load_config(write(tmp_path, text))
    assert (config.run.compile, config.run.batch_size) == (False, 16)
    assert (config.output.alpha, config.output.overlay_side) == (0.25, None)


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("run.batch_size=many", "takes 'auto' or a whole number of at least 1 (found 'many')"),
        ("run.workers=300", "takes 'auto' or a whole number from 1 to 256 (found 300)"),
        ("run.compile=maybe", "takes 'auto', true or false (found 'maybe')"),
        ("run.decode_timeout=0", "takes a number of more than 0 and at most 86400 (found 0)"),
        ("output.overlay_side=3", "takes a whole number of at least 16 or null (found 3)"),
        ("targets=[]", "targets: takes a list of one or more, each text or a mapping of "),
        ("targets=[[a]]", "targets.0: takes text or a mapping of keys to values (found ['a'])"),
        ("preprocess=3", "takes 'auto' or a mapping of keys to values (found 3)"),
        ("preprocess={mean: [1, 2]}", "preprocess.mean: takes a list of 3, each a number"),
        ("preprocess={crop: x}", "takes a whole number or a list of 2, each a whole number"),
        ("model.layer=[]", "takes text or a list of one or more, each text"),
        ("output.save=[maps, no]", "output.save.1: 'no' is not one of maps, overlays"),
        ("run=4", "run: takes a mapping of keys to values (found 4)"),
        ("batch_size=3", "batch_size: no such key; did you mean 'run.batch_size'?"),
        ("colormap=jet", "colormap: no such key; did you mean 'output.colormap'?"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_the_key_takes(override: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(overrides=[override])
    _, *lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert complaint in lines[0]


def test_a_mistake_in_a_file_names_its_line_and_column(tmp_path: Path) -> None:
    path = write(
        tmp_path, "run:\n  seed: 1\noutput:\n  alpha: x\n  save:\n    - maps\n    - mpas\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path, ["run.seed=-1"])
    first, *_ = (line for line in str(caught.value).splitlines() if "alpha" in line)
    assert first.endswith("in line 4, column 3")
    assert "did you mean 'maps'?, in line 7, column 7" in str(caught.value)
    assert "run.seed: takes a whole number from 0 to 9223372036854775807 (found -1)" in str(
        caught.value
    )
    assert "in line 2" not in str(caught.value)  # --set has replaced it


def test_a_character_that_yaml_forbids_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not valid YAML: .*special characters"):
        load_config(write(tmp_path, "run: {seed: \x01}"))


def test_a_mistake_of_yaml_itself_is_one_line_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, "run: {seed: 1}\noutput: alpha: 1\n"))
    assert str(caught.value).endswith("line 2, column 14: mapping values are not allowed here")


def test_a_target_may_be_a_mapping_of_class_and_sign(tmp_path: Path) -> None:
    text = "targets: [top1, -3, {class: cat, sign: negative}, {class: 7}]"
    config = load_config(write(tmp_path, text))
    assert config.model_dump(mode="json")["targets"] == [
        "top1",
        "-3",
        {"class": "cat", "sign": "negative", "versus": None},
        {"class": "7", "sign": "positive", "versus": None},
    ]
    assert load_config(write(tmp_path, dump_config(config))) == config
    alone = load_config(overrides=["targets={class: cat, sign: negative}"])
    assert alone.targets == (config.targets[2],)


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("{class: cat, sign: minus}", "targets.0.sign: 'minus' is not one of positive, negative"),
        ("{clas: cat}", "targets.0.clas: no such key; did you mean 'class'. .valid: class, sign"),
        ("{sign: negative}", "targets.0.class: is missing"),
        ("{class: ''}", "targets.0.class: "),
        ("{class: [cat]}", "targets.0.class: takes text"),
        ("[cat]", "targets.0: takes text or a mapping"),
    ],
)
def test_what_is_wrong_with_a_target_is_said_once(target: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_config(overrides=[f"targets=[{target}]"])
    assert "at least 1 item" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "normalize", "colormap"),
    [
        ({}, "minmax", "turbo"),
        ({"output.sign": "negative"}, "minmax", "turbo"),
        ({"output.sign": "signed"}, "max", "coolwarm"),
        ({"output.sign": "signed", "output.normalize": "none"}, "none", "coolwarm"),
        ({"output.sign": "signed", "output.colormap": "berlin"}, "max", "berlin"),
        ({"output.scale": "run"}, "max", "turbo"),
        ({"output.scale": 2}, "max", "turbo"),
    ],
)
def test_defaults_suit_the_maps_that_are_asked_for(
    given: dict[str, Any], normalize: str, colormap: str
) -> None:
    output = load_config(flags=given).output
    assert (output.normalize, output.colormap) == (normalize, colormap)


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        (["sign=signed", "normalize=minmax"], "output.normalize: minmax moves the zero"),
        (["sign=signed", "colormap=viridis"], "output.colormap: viridis is not diverging"),
        (["scale=run", "normalize=minmax"], "output.scale: minmax begins each map at its own"),
        (["scale=2", "normalize=robust"], "output.scale: robust finds the scale in the maps"),
        (["scale=true"], "output.scale: a scale is image, run or a number, not true"),
        (["scale=0"], "output.scale: takes 'image', 'run' or a number of more than 0"),
        (["sign=both"], "output.sign: 'both' is not one of positive, negative, signed"),
    ],
)
def test_maps_that_cannot_be_are_refused(overrides: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        load_config(overrides=[f"output.{override}" for override in overrides])
