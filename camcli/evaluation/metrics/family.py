"""What a metric is, and how the metrics of one family are declared and computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from torch import Tensor

Better = Literal["lower", "higher", "neither"]
InputT = TypeVar("InputT")


@dataclass(frozen=True)
class Metric(Generic[InputT]):
    """One figure of one map, declared where it is computed.

    Attributes:
        key: Its name in rows and files, unique among all metrics.
        title: Its name in tables.
        family: What it belongs to: faithfulness, complexity, localisation or agreement.
        better: Which direction is better.
        bounds: The smallest and the largest value that it can take.
        source: Who defined it, and where.
        percent: Whether tables show it times 100.
        compute: From the family's input, of a batch of B maps, the figures (B,); None where the
            metric does not apply.

    """

    key: str
    title: str
    family: str
    better: Better
    bounds: tuple[float, float]
    source: str
    percent: bool
    compute: Callable[[InputT], Tensor | None]


class Family(Generic[InputT]):
    """Metrics that are computed from the same input, in the order of their declaration.

    Attributes:
        name: As in the literature's taxonomy of evaluation.
        metrics: Those declared so far.

    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.metrics: tuple[Metric[InputT], ...] = ()

    def metric(
        self,
        key: str,
        title: str,
        *,
        better: Better,
        bounds: tuple[float, float],
        source: str,
        percent: bool = False,
    ) -> Callable[[Callable[[InputT], Tensor | None]], Metric[InputT]]:
        """Declare the decorated function as a metric of this family; see `Metric`."""

        def declare(compute: Callable[[InputT], Tensor | None]) -> Metric[InputT]:
            metric = Metric(key, title, self.name, better, bounds, source, percent, compute)
            self.metrics += (metric,)
            return metric

        return declare

    def measure(self, given: InputT) -> dict[str, float]:
        """Return every figure of one map (B = 1) by its key, without those that do not apply."""
        figures = {metric.key: metric.compute(given) for metric in self.metrics}
        return {key: float(value) for key, value in figures.items() if value is not None}
