"""The table of metrics: what each is called, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True)
class Metric:
    """One column of a table.

    Attributes:
        key: As it stands in rows and files.
        title: As it stands in tables.
        better: Which way is better.
        percent: Whether tables show it times 100.

    """

    key: str
    title: str
    better: Better
    percent: bool = False


METRICS: tuple[Metric, ...] = (
    Metric("matched_drop", "AD, matched", "lower", percent=True),
    Metric("matched_increase", "IC, matched", "higher", percent=True),
    Metric("matched_drop_in_deletion", "ADD, matched", "higher", percent=True),
    Metric("insertion", "insertion", "higher"),
    Metric("deletion", "deletion", "lower"),
    Metric("drop", "AD", "lower", percent=True),
    Metric("increase", "IC", "higher", percent=True),
    Metric("drop_in_deletion", "ADD", "higher", percent=True),
    Metric("clamped_drop_in_deletion", "ADD, clamped", "higher", percent=True),
    Metric("energy", "energy", "higher", percent=True),
    Metric("energy_on_others", "energy on others", "lower", percent=True),
    Metric("pointing", "pointing", "higher", percent=True),
    Metric("shap_error", "SHAP error", "lower", percent=True),
    Metric("shap_scaled_error", "SHAP error, scaled", "lower", percent=True),
    Metric("shap_cosine", "SHAP cosine", "higher"),
    Metric("shap_rank", "SHAP rank ρ", "higher"),
    Metric("gini", "Gini", "neither"),
    Metric("entropy", "entropy", "neither"),
)
"""Every metric, in the order of the tables; `matched_...` are those at matched area."""
