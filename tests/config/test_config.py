"""YAML, overrides and flags become one record; all mistakes are reported together."""

from __future__ import annotations

from pathlib import Path

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


def test_a_target_may_be_a_mapping_of_class_and_sign(tmp_path: Path) -> None:
    text = "targets: [top1, -3, {class: cat, sign: negative}, {class: 7}]"
    config = load_config(write(tmp_path, text))
    assert config.model_dump(mode="json")["targets"] == [
        "top1",
        "-3",
        {"class": "cat", "sign": "negative"},
        {"class": "7", "sign": "positive"},
    ]
    assert load_config(write(tmp_path, dump_config(config))) == config
    alone = load_config(overrides=["targets={class: cat, sign: negative}"])
    assert alone.targets == (config.targets[2],)


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("{class: cat, sign: minus}", "targets.0.sign: .*'positive' or 'negative'.*'minus'"),
        ("{clas: cat}", "targets.0.clas: no such key; did you mean 'class'. .valid: class, sign"),
        ("{sign: negative}", "targets.0.class: field required"),
        ("{class: ''}", "targets.0.class: "),
        ("{class: true}", "targets.0.class: .*valid string"),
        ("[cat]", "targets.0: .*valid string"),
    ],
)
def test_what_is_wrong_with_a_target_is_said_once(target: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_config(overrides=[f"targets=[{target}]"])
    assert "at least 1 item" not in str(caught.value)
