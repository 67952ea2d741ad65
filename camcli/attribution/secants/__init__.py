"""Secants: how a function attributes the change of its output to the change of its inputs.

DeepLIFT asks of every operation y = f(x) for multipliers m with Δy = Σ m Δx, where Δ is the
difference from the reference. Every function here takes pairs of value and reference, and returns
the pair of its output with the value exact and the *multipliers* in place of the derivatives, so
that ordinary reverse-mode differentiation of a chain of them multiplies multipliers: DeepLIFT's
chain rule.

All of them are exact: for finite inputs the contributions of the inputs add up to Δy.

Reference: Shrikumar, Greenside, Kundaje, "Learning Important Features Through Propagating
Activation Differences", ICML 2017, arXiv 1704.02685.
"""

from camcli.attribution.secants.composites import attention, normalized
from camcli.attribution.secants.elementwise import derivative, relu, rescale
from camcli.attribution.secants.exponentials import log_softmax, log_sum_exp, softmax
from camcli.attribution.secants.maxima import Top, largest
from camcli.attribution.secants.products import product, quotient, square, times

__all__ = [
    "Top",
    "attention",
    "derivative",
    "largest",
    "log_softmax",
    "log_sum_exp",
    "normalized",
    "product",
    "quotient",
    "relu",
    "rescale",
    "softmax",
    "square",
    "times",
]
