"""Whether an explanation comes out right: a sample image through the demo network."""

from __future__ import annotations

import time
from collections.abc import Iterator

from camcli.api.explainer import Explainer
from camcli.api.explanation import Explanation
from camcli.demo.samples import SAMPLES
from camcli.doctor.finding import Finding

# Of float32; what is left out of an attribution shows at a hundred times this.
_COMPLETE = 1e-4


def self_test() -> Iterator[Finding]:
    """Explain a car on the device that a run takes by default."""
    car = next(sample for sample in SAMPLES if sample.name == "car.jpg")
    began = time.perf_counter()
    try:
        with Explainer("demo", method="lift-cam") as explainer:
            (found,) = explainer.explain([car.scene().image])
    except Exception as error:  # whatever is broken here, it is what was looked for
        why = f"{type(error).__name__}: {error}"
        yield Finding("self-test", "demo", "failed", f"the demo cannot be explained: {why}")
        return
    taken = f"a {found.target.name if found.target else 'nothing'} in "
    taken += f"{time.perf_counter() - began:.1f} s"
    yield Finding("self-test", "demo", taken, _wrong(found, car.classes[0]))


def _wrong(found: Explanation, expected: str) -> str | None:
    again = "; install torch and camcli again, in an environment of their own"
    if found.status != "ok" or found.target is None:
        return f"the demo's image ended as {found.status}: {found.reason}{again}"
    if found.target.name != expected:
        return f"the demo takes a {expected} for a {found.target.name}{again}"
    error = found.completeness_error
    if error is None or error > _COMPLETE:
        return f"the demo's contributions do not add up (completeness_error {error}){again}"
    return None
