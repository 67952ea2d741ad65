"""How each operation of a tail propagates: one module a family, registered by operation.

An operation without a rule, whose input depends on the activation, is refused rather than
differentiated by its plain gradient. A new rule is a function under `@rule(torch.ops.aten.NAME)` in
the module of its family; a new family is a module that is imported here. The mathematics is in
`camcli.attribution.secants`.
"""

from camcli.attribution.rules import (  # noqa: F401  (importing a family registers its rules)
    attention,
    elementwise,
    linear,
    normalisation,
    pooling,
    product,
    relevance,
)
from camcli.attribution.rules.registry import DEEPLIFT, LRP, RuleRecord, RuleTable

__all__ = ["DEEPLIFT", "LRP", "RuleRecord", "RuleTable", "all_relevance_rules", "all_rules"]


def all_rules() -> tuple[RuleRecord, ...]:
    """Return DeepLIFT's rules, sorted by family and operation."""
    return DEEPLIFT.records()


def all_relevance_rules() -> tuple[RuleRecord, ...]:
    """Return the rules of layer-wise relevance propagation, sorted by operation."""
    return LRP.records()
