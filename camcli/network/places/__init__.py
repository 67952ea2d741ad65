"""Where in the image each value of a traced network lies, followed from operation to operation.

A place is a complex number, row + column·i in pixels; NaN is no place in particular, as that of a
parameter, a class token, or what has seen the whole image alike. The places of a tensor are a
tensor of its own shape for one image, kept without its repetitions. What only moves values (views,
permutations, windows, rolls, concatenation) is run on the places themselves, so that any order is
followed; what computes has a rule, in the module of its family:

    moves          values from one position to another
    windows        a convolution, a pooling, an interpolation: the place of a window is its centre
    contractions   a product or a mean over some axes: the mean of the places
    merging        element by element: both operands are at one place

An operation without a rule has no places, nor has what is computed from it alone.
"""

from camcli.network.places import (  # noqa: F401  (importing a family registers its rules)
    contractions,
    merging,
    moves,
    windows,
)
from camcli.network.places.reading import Nowhere, Reading
from camcli.network.places.walk import follow

__all__ = ["Nowhere", "Reading", "follow"]
