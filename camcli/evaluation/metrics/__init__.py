"""Metrics by family, each declared once beside the function that computes it.

A new metric is a function in its family's file, or in a new file, decorated with `FAMILY.metric`,
and a row of the table below. What it may ask for is its family's input:

| family | input | files |
|---|---|---|
| faithfulness | `PerturbationScores` | `faithfulness`, `perturbation_curves` |
| localisation | `LocalisationInput` | `localisation` |
| agreement | `AgreementInput` | `agreement` |
| complexity | `ComplexityInput` | `complexity` |

Randomisation alters the network itself, so `randomisation` is no metric of one map and stands
beside the table.
"""

from __future__ import annotations

from typing import Any

from camcli.evaluation.metrics import (
    agreement,
    complexity,
    faithfulness,
    localisation,
    perturbation_curves,
)
from camcli.evaluation.metrics.family import Metric

METRICS: tuple[Metric[Any], ...] = (
    faithfulness.matched_drop,
    faithfulness.matched_increase,
    faithfulness.matched_drop_in_deletion,
    perturbation_curves.insertion,
    perturbation_curves.deletion,
    faithfulness.average_drop,
    faithfulness.increase_in_confidence,
    faithfulness.drop_in_deletion,
    faithfulness.clamped_drop_in_deletion,
    localisation.energy,
    localisation.energy_on_others,
    localisation.pointing,
    agreement.shap_error,
    agreement.shap_scaled_error,
    agreement.shap_cosine,
    agreement.shap_rank,
    complexity.gini,
    complexity.entropy,
)
"""The metrics that tables and summaries show, in the order of their columns.

`faithfulness.matched_clamped_drop_in_deletion` stands in the rows of images only.
"""
