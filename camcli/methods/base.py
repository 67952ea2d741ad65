"""What every saliency method is: a frozen set of options and one formula over a `Probe`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from camcli.errors import MethodError, suggest
from camcli.methods.probe import Probe


@dataclass(frozen=True)
class Saliency:
    """What a method finds in one batch, one class an image.

    Attributes:
        maps: float32 (B, h, w), raw and non-negative, at the target layer's resolution.
        completeness_error: (B,), |ΣC - Δ| / max(|Δ|, Σ|C|) of the attribution behind the maps;
            None for a method that does not claim to add up.

    """

    maps: Tensor
    completeness_error: Tensor | None = None


class Method(ABC):
    """A saliency method. Its options are the fields of its (frozen) dataclass.

    Attributes:
        name: As the user writes it.
        uses_deeplift: Whether it asks the probe for contributions; told so beforehand, the probe
            computes them and the logits in one pass.

    """

    name: ClassVar[str]
    uses_deeplift: ClassVar[bool] = False

    @abstractmethod
    def explain(self, probe: Probe, classes: Tensor) -> Saliency:
        """Return the maps of a batch.

        Args:
            probe: The batch at the target layer.
            classes: int64 (B,), the class to explain in each image.

        """


MethodT = TypeVar("MethodT", bound=Method)


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
