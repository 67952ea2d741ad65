"""Layer-wise relevance propagation through a tail, by the ε-rule.

Relevance R of a tensor x is carried as the multiplier R / x, so that ordinary reverse-mode
differentiation of a graph with altered derivatives propagates it:

- z = affine in x: R_i = Σ_j x_i w_ij R_j / (z_j + ε sign z_j), so multipliers pass by the ordinary
  derivative times z / (z + ε sign z). The bias is part of z and keeps its share.
- y = f(x) element-wise with f(0) = 0: relevance passes unchanged, multiplier f(x) / (x + ε sign x).
- max-pooling: all of it to the largest.
- gates, f(0) ≠ 0 (sigmoid, softmax, ...), and the scale of a normalisation: none; a product of a
  signal and a gate gives all of its relevance to the signal.
- a product of two signals: half to each.

References: Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by
Layer-Wise Relevance Propagation", PLoS ONE 2015, equations 56 to 58; gates: Arras et al.,
"Explaining Recurrent Neural Network Predictions in Sentiment Analysis", 2017, arXiv 1706.07206;
normalisation: Ali et al., "XAI for Transformers", ICML 2022, arXiv 2202.07304.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, fx

from camcli.attribution.call import Arguments, Keywords, LrpCall
from camcli.attribution.propagation import Active, RuleInterpreter, active_nodes, require_rules
from camcli.attribution.rules import LRP


class Lrp:
    """The tail of a network as a function whose derivatives are LRP's multipliers."""

    def __init__(self, tail: fx.GraphModule, epsilon: float = 1e-9) -> None:
        """Prepare a tail `(activation, *bypass) -> logits`.

        Args:
            tail: The tail.
            epsilon: ε, added to the size of every denominator.

        Raises:
            LayerError: An operation that depends on the activation has no rule; named with its
                module.

        """
        self._tail = tail
        self._epsilon = epsilon
        self._active = active_nodes(tail)
        require_rules(tail, self._active, LRP)

    def __call__(self, activation: Tensor, *bypass: Tensor) -> Tensor:
        """Return the logits (B, N); differentiated by A and times A they are the relevance of A.

        Args:
            activation: The tail's first input; differentiate with respect to it.
            bypass: Its other inputs, which receive no relevance.

        """
        interpreter = _RelevanceInterpreter(self._tail, self._active, self._epsilon)
        logits: Tensor = interpreter.run(activation, *bypass)
        return logits


class _RelevanceInterpreter(RuleInterpreter):
    """Runs the tail with every operation that carries relevance replaced by its rule.

    A tensor carries relevance if and only if it requires a gradient: behind a gate, none does.
    """

    def __init__(self, tail: fx.GraphModule, active: Active, epsilon: float) -> None:
        super().__init__(tail, active)
        self._epsilon = epsilon

    def apply_rule(self, node: fx.Node, args: Arguments, kwargs: Keywords) -> Any:
        rule = LRP.rule_for(node.target)
        assert rule is not None
        call = LrpCall(node.target, args, kwargs, self._epsilon)  # type: ignore[arg-type]
        return rule.apply(call) if call.carriers else call.plain()
