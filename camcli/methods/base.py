"""What every saliency method is: a frozen set of options and one formula over a `Probe`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from camcli.attribution.objective import Objective
from camcli.errors import MethodError, suggest
from camcli.methods.probe import Probe
from camcli.network.trace import TracedNetwork


@dataclass(frozen=True)
class SubMaps:
    """The maps that a batch's maps are made of.

    Attributes:
        maps: float32 (B, Q, h, w), raw and non-negative; zero where an image has fewer than Q.
        weights: float32 (B, Q), how much of each is in the image's map.
        explained_variance: float32 (B, Q), shares in [0, 1] of what was decomposed.
        channels: How many channels of the activation were decomposed.

    """

    maps: Tensor
    weights: Tensor
    explained_variance: Tensor
    channels: int


@dataclass(frozen=True)
class Saliency:
    """What a method finds in one batch, one score an image.

    Attributes:
        maps: float32 (B, h, w), raw, at the target layer's resolution; before the ReLU that the
            formulas of most methods end with.
        completeness_error: (B,), |ΣC - Δ| / max(|Δ|, Σ|C|) of the attribution behind the maps;
            None for a method that does not claim to add up.
        components: What the maps are made of, where the method takes them apart.
        degenerate: For each image why it has no map, or None; None if that shows in the maps.
        interpolation: How the method stretches its maps over the image.
        coefficients: (B, K), α of a map that is ReLU(Σ_k α_k A_k); None for other maps.
        standard_error: (B, K), of coefficients that are sampled.

    """

    maps: Tensor
    completeness_error: Tensor | None = None
    components: SubMaps | None = None
    degenerate: Sequence[str | None] | None = None
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    coefficients: Tensor | None = None
    standard_error: Tensor | None = None

    @property
    def positive(self) -> Tensor:
        """The maps as the formulas have them, after the ReLU: (B, h, w)."""
        return self.maps.relu()


class Method(ABC):
    """A saliency method. Its options are the fields of its (frozen) dataclass.

    Attributes:
        name: As the user writes it.
        decomposes: Whether its maps are made of components that can be saved.
        uses_class: Whether its maps depend on the class that is explained.
        signed: Whether what is below 0 before the ReLU speaks against the class. It does not where
            a method drops the negative gradients, contributions or components that would say so
            before it adds up, nor where a sign says something else.

    """

    name: ClassVar[str]
    decomposes: ClassVar[bool] = False
    uses_class: ClassVar[bool] = True
    signed: ClassVar[bool] = False

    @property
    def uses_deeplift(self) -> bool:
        """Whether it asks the probe for contributions.

        The probe is then made `with_reference`, and computes them and the logits in one pass.
        """
        return False

    @property
    def uses_gradient(self) -> bool:
        """Whether it asks the probe for gradients, which some networks do not have."""
        return False

    @property
    def uses_relevance(self) -> bool:
        """Whether it asks the probe for relevance, for which some operations have no rule."""
        return False

    def depths(self, traced: TracedNetwork, layer: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the layers that the method looks at, shallowest first.

        The network is cut at the first, the others are its taps.

        Args:
            traced: The network.
            layer: The target layer.

        """
        return (layer,)

    @abstractmethod
    def explain(self, probe: Probe, objective: Objective) -> Saliency:
        """Return the maps of a batch.

        Args:
            probe: The batch at the target layer.
            objective: The score to explain in each image.

        """


MethodT = TypeVar("MethodT", bound=Method)

_LARGEST = 2**63 - 1  # of the whole numbers that a tensor can hold or be sized by


def validated(method: type[MethodT], options: Mapping[str, Any]) -> MethodT:
    """Make a method from options that a user wrote.

    Raises:
        MethodError: Naming every option that does not exist or does not fit.

    """
    known = [field.name for field in fields(method)]  # type: ignore[arg-type]
    complaints = [
        f"{name}: no such option{suggest(name, known)} (valid: {', '.join(known) or 'none'})"
        for name in options
        if name not in known
    ]
    accepted = {name: value for name, value in options.items() if name in known}
    complaints += [
        f"{name}: should be less than 2^63 in magnitude (found {value!r})"
        for name, value in accepted.items()
        if isinstance(value, int) and abs(value) > _LARGEST
    ]
    try:
        made = TypeAdapter(method).validate_python(accepted)
    except ValidationError as error:
        complaints += [
            f"{'.'.join(map(str, problem['loc'][:1]))}: {problem['msg']} "
            f"(found {problem['input']!r})"
            for problem in error.errors()
        ]
    if complaints:
        lines = "\n".join(f"  {line}" for line in complaints)
        raise MethodError(f"the options of {method.name} are not valid:\n{lines}")
    return made
