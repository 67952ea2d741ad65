"""Fingerprints that differ are told apart key by key, with both values."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from camcli.errors import CamcliWarning, InputError, OutputError
from camcli.output.identity import Difference, Wording, compare, refuse_unless_same

RUN: dict[str, Any] = {
    "model": {"name": "net:build", "kwargs": {"pool": "mean"}, "output": "species"},
    "targets": ["top1"],
    "surroundings": {"torch": "2.11.0"},
}
WORDING = Wording("the two are not one", "then", "now", "Do it again")


def changed(section: str, **values: Any) -> dict[str, Any]:
    return RUN | {section: RUN[section] | values}


def test_every_key_that_differs_is_told_with_both_values() -> None:
    other = changed("model", kwargs={"pool": "max", "depth": 2}, output=None) | {
        "targets": ["top2"]
    }
    with pytest.raises(OutputError) as caught:
        refuse_unless_same(RUN, other, WORDING)
    assert str(caught.value).splitlines() == [
        "the two are not one:",
        "  model.kwargs.pool: mean then, max now",
        "  model.kwargs.depth: not given then, 2 now",
        "  model.output: species then, null now",
        '  targets: ["top1"] then, ["top2"] now',
        "Do it again",
    ]


def test_values_are_compared_as_json_has_them() -> None:
    assert compare({"model": {"crop": (2, 2)}}, {"model": {"crop": [2, 2]}}).differences == ()
    (found,) = compare({"model": {"scale": True}}, {"model": {"scale": 1}}).differences
    assert found == Difference("model.scale", "true", "1")


def test_a_value_is_told_from_its_spelling_and_from_none_at_all() -> None:
    text, number = ({"model": {"kwargs": {"pool": value}}} for value in ("1", 1))
    (found,) = compare(text, number).differences
    assert found == Difference("model.kwargs.pool", '"1"', "1")
    (found,) = compare({"model": {"kwargs": {"pool": None}}}, {"model": {"kwargs": {}}}).differences
    assert found == Difference("model.kwargs.pool", "null", "not given")


def test_a_value_that_was_not_given_is_told_as_what_it_means() -> None:
    (found,) = compare({"images": {"window": None}}, {"images": {"window": [0, 9]}}).differences
    assert (found.one, found.other) == ("auto", "[0, 9]")
    one, other = ({"images": {"window": value}} for value in (None, "auto"))
    assert compare(one, other).differences == ()


def test_digests_are_shortened_and_a_graph_is_explained() -> None:
    one, other = ({"model": {"graph": letter * 64}} for letter in "ab")
    with pytest.raises(OutputError, match=r"model\.graph \(what .*\): a{12} then, b{12} now"):
        refuse_unless_same(one, other, WORDING)


def test_long_values_are_cut_to_where_they_begin_to_differ() -> None:
    one, other = ("a photo of one cat, " * 40 + animal + " beside it" * 40 for animal in "xy")
    (found,) = compare({"prompts": one}, {"prompts": other}).differences
    assert len(found.one) < 100
    assert found.one.replace("x", "y") == found.other
    assert found.one != found.other


def test_a_key_that_one_of_them_lacks_is_not_taken_for_the_same() -> None:
    older = {"model": {"name": "net:build"}, "targets": ["top1"]}
    for one, other in ((older, RUN), (RUN, older)):
        with pytest.raises(OutputError, match=r"  model\.kwargs, model\.output: recorded for one"):
            refuse_unless_same(one, other, WORDING)


def test_other_versions_are_told_and_not_refused() -> None:
    with pytest.warns(CamcliWarning, match=r"torch: 2\.11\.0 then, 2\.14\.1 now: results of both"):
        refuse_unless_same(RUN, changed("surroundings", torch="2.14.1"), WORDING)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse_unless_same(RUN, RUN, WORDING)


def test_a_library_that_only_one_had_loaded_is_not_told() -> None:
    found = compare(RUN, changed("surroundings", timm="1.0.31"))
    assert (found.differences, found.unknown, found.surroundings) == ((), (), ())


def test_what_may_differ_is_not_compared() -> None:
    other = changed("model", output="colour") | {"targets": ["top2"]}
    refuse_unless_same(RUN, other, WORDING, may_differ=("model.output", "targets"))
    refuse_unless_same(RUN, other, WORDING, may_differ=("model", "targets"))
    with pytest.raises(InputError, match="targets"):
        refuse_unless_same(RUN, other, WORDING, may_differ=("model",), error=InputError)
