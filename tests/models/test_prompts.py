"""From what a user writes to the prompts of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from camcli.config import Config, PromptsConfig, dump_config, load_config
from camcli.errors import ConfigError, PromptError, TargetError
from camcli.models.prompts import Prompt, PromptPlan, plan_prompts
from camcli.records import ImageRef


def plan(**options: object) -> PromptPlan:
    found = plan_prompts(PromptsConfig.model_validate(options))
    assert found is not None
    return found


def ref(name: str) -> ImageRef:
    return ImageRef(0, Path("/images") / name, name)


def test_texts_are_asked_of_every_image_each_once() -> None:
    found = plan(texts=["a dog", "a cat", " a dog "])
    assert [prompt.name for prompt in found.prompts] == ["a dog", "a cat"]
    assert found.places(ref("any.jpg")) == [0, 1]
    assert found.many


def test_nothing_asked_is_no_plan() -> None:
    assert plan_prompts(PromptsConfig()) is None


def test_templates_make_several_texts_of_a_class() -> None:
    found = plan(texts=["dog"], templates=["a photo of a {}.", "a drawing of a {}."])
    assert found.prompts == (Prompt("dog", ("a photo of a dog.", "a drawing of a dog.")),)
    assert not found.many


def test_a_plain_file_has_a_prompt_a_line(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("dog\n\ncat\n")
    found = plan(file=str(tmp_path / "classes.txt"), texts=["bird"])
    assert [prompt.name for prompt in found.prompts] == ["bird", "dog", "cat"]
    assert found.places(ref("any.jpg")) == [0, 1, 2]


CSV = "image,prompt\na/x.jpg,a dog\na/x.jpg,a ball\ny.jpg,a cat\n"
LINES = (
    '{"image": "a/x.jpg", "prompt": "a dog"}\n{"image": "a/x.jpg", "prompt": "a ball"}\n\n'
    '{"image": "y.jpg", "prompt": "a cat"}\n'
)


@pytest.mark.parametrize(("name", "content"), [("p.csv", CSV), ("P.CSV", CSV), ("p.jsonl", LINES)])
def test_images_have_prompts_of_their_own(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    found = plan(file=str(tmp_path / name))
    assert [prompt.name for prompt in found.prompts] == ["a dog", "a ball", "a cat"]
    assert found.places(ref("a/x.jpg")) == [0, 1]
    assert found.places(ref("b/y.jpg")) == [2]
    assert found.many
    with pytest.raises(TargetError, match="no prompt for z"):
        found.places(ref("z.jpg"))
    both = plan(file=str(tmp_path / name), texts=["a cat"])
    assert both.places(ref("z.jpg")) == [0]
    assert both.places(ref("y.jpg")) == [0]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("p.tsv", "image\tprompt\n", "tsv is not read"),
        ("p.csv", "image,prompt\nx.jpg,\n", "line 2 of .* is empty"),
        ("p.csv", "image,text\nx.jpg,a dog\n", "needs a header with image and prompt"),
        ("p.jsonl", "not json\n", "line 1 of .* is not JSON"),
        ("p.jsonl", '{"image": "x.jpg"}\n', "line 1 of .* must be"),
        ("p.jsonl", "[1]\n", "line 1 of .* must be"),
        ("p.txt", "\n\n", "there is no prompt in"),
    ],
)
def test_flawed_files_are_refused_with_their_line(
    tmp_path: Path, name: str, content: str, expected: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(PromptError, match=expected):
        plan(file=str(tmp_path / name))


def test_a_missing_file_and_an_empty_prompt_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="cannot read the prompts"):
        plan(file=str(tmp_path / "absent.txt"))
    with pytest.raises(PromptError, match="prompt 2 is empty"):
        plan(texts=["a dog", "  "])


def test_prompts_are_the_targets_unless_others_are_named(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("prompts: [a dog, a cat]\n")
    config = load_config(path)
    assert (config.prompts.texts, config.targets) == (("a dog", "a cat"), ("@prompts",))
    assert load_config(path, ["targets=top1"]).targets == ("top1",)
    assert load_config(flags={"prompts.texts": ["a dog"]}).targets == ("@prompts",)
    assert Config().targets == ("@top1",)
    again = tmp_path / "again.yaml"
    for dumped in (config, Config()):
        again.write_text(dump_config(dumped))
        assert load_config(again) == dumped


def test_a_template_without_a_place_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"prompts\.templates: each template has \{\}"):
        load_config(overrides=["prompts.templates=[a photo of a dog]"])


def test_templates_hold_the_empty_prompt_and_it_is_none_of_the_prompts() -> None:
    config = PromptsConfig.model_validate({"texts": ["dog"], "templates": ["a {}.", "no {}!"]})
    plan = plan_prompts(config, with_empty=True)
    assert plan is not None
    assert [prompt.name for prompt in plan.prompts] == ["dog"]
    assert plan.read[1:] == (Prompt("the empty prompt", ("a .", "no !")),)
    assert plan_prompts(PromptsConfig(), with_empty=True) is None


def test_shares_among_prompts_leave_none_for_the_empty_one() -> None:
    config = PromptsConfig.model_validate({"texts": ["dog"], "score": "softmax"})
    with pytest.raises(PromptError, match=r"set prompts\.score to cosine"):
        plan_prompts(config, with_empty=True)


def test_a_single_prompt_has_no_share_among_prompts() -> None:
    shares = {"texts": ["dog", " dog "], "score": "softmax"}
    with pytest.raises(PromptError, match=r"there is but one: add what else .* to cosine"):
        plan_prompts(PromptsConfig.model_validate(shares))
    assert plan_prompts(PromptsConfig.model_validate(shares | {"texts": ["dog", "cat"]}))
