"""The tables of rules: what is registered, listed and refused."""

from __future__ import annotations

import operator
import pkgutil

import pytest
import torch
from torch import Tensor, nn

from camcli.attribution import rules
from camcli.attribution.attribution import check_rules
from camcli.attribution.call import DeepLiftCall
from camcli.attribution.rules import DEEPLIFT, LRP, RuleRecord, RuleTable
from camcli.attribution.rules.registry import ANY, FIRST, FIRST_TWO
from camcli.errors import LayerError
from tests.reference.tails import Function, network_of

aten = torch.ops.aten
NO_FAMILIES = {"dimensions", "operations", "registry", "relevance"}


def table() -> RuleTable[DeepLiftCall]:
    return RuleTable("no rule for {operations}", positions=FIRST)


def doubled(call: DeepLiftCall) -> torch.Tensor:
    """Double it.

    In more than one line.
    """
    return 2 * call.plain()


def test_a_rule_is_found_by_any_overload_of_its_operation() -> None:
    made = table()
    assert made.rule(aten.relu, operator.getitem)(doubled) is doubled
    for operation in (aten.relu.default, aten.relu.out, operator.getitem):
        found = made.rule_for(operation)
        assert found is not None
        assert found.apply is doubled
    assert made.rule_for(aten.gelu.default) is None


def test_an_overload_with_its_own_rule_goes_by_that() -> None:
    for overload, name in (
        (aten.max.other, "larger_of_two"),
        (aten.max.dim, "maximum_over_dimensions"),
        (aten.pow.Scalar, "rescale"),
    ):
        rule = DEEPLIFT.rule_for(overload)
        assert rule is not None
        assert rule.apply.__name__ == name
    base, exponent = DEEPLIFT.rule_for(aten.pow.Tensor_Scalar), DEEPLIFT.rule_for(aten.pow.Scalar)
    assert base is not None
    assert exponent is not None
    assert (base.positions, exponent.positions) == ((0,), (1,))


def test_an_operation_has_one_rule() -> None:
    made = table()
    made.rule(aten.relu)(doubled)
    with pytest.raises(ValueError, match=r"aten\.relu has a rule already"):
        made.rule(aten.relu)(doubled)


@pytest.mark.parametrize(
    ("positions", "covered"), [(None, [{0}]), (FIRST_TWO, [{0}, {1}, {0, 1}]), ((1,), [{1}])]
)
def test_a_rule_covers_its_positions_alone(positions, covered) -> None:
    made = table()
    made.rule(aten.add, positions=positions)(doubled)
    rule = made.rule_for(aten.add)
    assert rule is not None
    for active in ({0}, {1}, {0, 1}, {2}):
        assert rule.covers(frozenset(active), (), {}) == (active in covered)


def test_any_position_can_be_allowed() -> None:
    made = table()
    made.rule(aten.cat, positions=ANY)(doubled)
    rule = made.rule_for(aten.cat)
    assert rule is not None
    assert rule.covers(frozenset(range(100)), (), {})


@pytest.mark.parametrize(
    ("operation", "held", "refused"),
    [
        (aten.dropout, (None, 0.5, False), (None, 0.5, True)),
        (aten.batch_norm, (None,) * 5 + (False,), (None,) * 5 + (True,)),
        (aten.instance_norm, (None,) * 5 + (True,), (None,) * 5 + (False,)),
        (aten.linalg_vector_norm, (None, 2), (None, 1)),
        (aten.scaled_dot_product_attention, (None,) * 5, (None,) * 4 + (0.1,)),
    ],
)
def test_a_condition_decides_by_the_arguments(operation, held, refused) -> None:
    rule = DEEPLIFT.rule_for(operation)
    assert rule is not None
    assert rule.covers(frozenset({0}), held, {})
    assert not rule.covers(frozenset({0}), refused, {})


def test_a_record_is_the_first_line_of_a_rule() -> None:
    made = table()
    made.rule(aten.tanh, aten.relu, operator.getitem)(doubled)
    family = __name__.rpartition(".")[2]
    assert made.records() == tuple(
        RuleRecord(operation, family, "Double it.")
        for operation in ("aten.relu", "aten.tanh", "operator.getitem")
    )


def test_every_family_is_imported_and_every_rule_listed_with_a_summary() -> None:
    records = rules.all_rules()
    modules = {module.name for module in pkgutil.iter_modules(rules.__path__)}
    assert {record.family for record in records} == modules - NO_FAMILIES
    assert {record.family for record in rules.all_relevance_rules()} == {"relevance"}
    for listed in (records, rules.all_relevance_rules()):
        operations = [record.operation for record in listed]
        assert len(set(operations)) == len(operations) > 100
        assert all(record.summary.endswith(".") for record in listed)
        assert all(len(record.summary) < 100 for record in listed)


def test_the_tables_share_the_operations_that_they_treat_alike() -> None:
    by_deeplift = {record.operation for record in rules.all_rules()}
    by_lrp = {record.operation for record in rules.all_relevance_rules()}
    assert by_lrp <= by_deeplift
    assert DEEPLIFT.rule_for(aten.group_norm) is not None
    assert LRP.rule_for(aten.group_norm) is None


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("aten.cumprod", lambda x: x.cumprod(-1)),
        ("aten.sort", lambda x: x.sort(-1).values),
        ("aten.median", lambda x: x.median(-1, keepdim=True).values),
        ("aten.pow", lambda x: x.abs() ** x),
        ("aten.linalg_vector_norm", lambda x: torch.linalg.vector_norm(x, 1, -1, keepdim=True)),
        ("aten.fft_fft", lambda x: torch.fft.fft(x).real),
        ("aten.div", lambda x: torch.div(x, 2.0, rounding_mode="floor")),
        ("aten.round", torch.round),
    ],
)
def test_an_operation_without_a_rule_is_refused(name: str, function: Function) -> None:
    class Named(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return function(x)

    halves = network_of(Named(), [torch.zeros(4).double()])
    with pytest.raises(LayerError) as caught:
        check_rules(halves)
    message = str(caught.value)
    assert name in message
    assert "(in function)" in message
    assert "grad-cam" in message
