"""A trunk that is compiled during the run, if the images ahead are worth it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from camcli.compile.compilation import Compilation, compiler_missing
from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.package_cache import discard
from camcli.compile.trial import Runner, Trial

# What compiling ResNet-50 takes on two cores, and about what it saves of every image's time.
_TYPICAL_COMPILE_SECONDS = 40.0
_TYPICAL_SAVING = 0.4
# The largest relative L2 difference between a compiled and an uncompiled trunk's outputs.
_TOLERANCES = {torch.float32: 1e-3, torch.float16: 5e-2, torch.bfloat16: 1e-1}

Policy = Literal["auto", "always", "never"]


class AdaptiveTrunk:
    """Runs a trunk uncompiled at first, and compiled as soon as a package is ready and pays.

    An adopted package is used from the first image on. Otherwise `auto` times the first batches,
    and starts the compiler in the background if compiling would save more than it costs over the
    images ahead; `always` compiles before the first image. The outputs of every compiled trunk
    are compared with the uncompiled one's, on the first and the last image of a batch, before it
    is used. A package that was not asked for then has to prove faster in a `Trial` on the batches
    that follow; if it does not, it is rejected (README.md beside this file).
    """

    def __init__(
        self,
        trunk: InferenceTrunk,
        example: Tensor,
        policy: Policy,
        images_ahead: int | None,
        notify: Callable[[str], None],
    ) -> None:
        """Decide how to begin.

        Args:
            trunk: What to run.
            example: A batch of the size that the run will use.
            policy: When to compile.
            images_ahead: How many images the run has. Whether compiling pays is settled within
                the first batches, so they are not counted down. None where that is not known: then
                as many are expected as have been seen.
            notify: Called with one line for each decision and its reason.
        """
        self._uncompiled = trunk
        self._runner: Runner = trunk
        self._batch_size = len(example)
        self._images_ahead = images_ahead
        self._images_seen = 0
        self._notify = notify
        self._compilation: Compilation | None = None
        self._trial: Trial | None = None
        self._seconds_per_image = math.inf
        if policy != "never":
            self._begin(Compilation(trunk, example, policy == "always"), policy)

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the trunk: images (B, 3, H, W) -> (activation, *bypass), float32."""
        self._images_seen += len(images)
        compilation = self._compilation
        if compilation is None or compilation.running:
            return self._runner(images)
        if self._trial is not None:
            return self._continue_trial(self._trial, compilation, images)
        if compilation.ready:
            return self._switch_to_compiled(compilation, images)
        self._consider_compiling(compilation)
        start = time.perf_counter()
        outputs = self._runner(images)
        seconds = (time.perf_counter() - start) / len(images)
        self._seconds_per_image = min(self._seconds_per_image, seconds)
        return outputs

    def _begin(self, compilation: Compilation, policy: Policy) -> None:
        if compilation.rejected:
            return
        if not compilation.ready and (missing := compiler_missing()):
            self._notify(f"not compiling the network: {missing}")
            return
        self._compilation = compilation
        if policy == "always" and not compilation.ready:
            self._notify("compiling the network for this batch size; later runs will find it done")
            self._start(compilation)
            compilation.wait()

    def _consider_compiling(self, compilation: Compilation) -> None:
        """Start the compiler if it pays, or stop considering it if it cannot."""
        if compilation.rejected:
            self._stay_uncompiled("another run found that it is no faster compiled")
        elif compilation.started:
            self._stay_uncompiled(f"the compiler failed: {compilation.failure()}")
        elif self._compiling_pays():
            self._notify(
                f"compiling the network in the background: about {self._images_expected} images "
                f"at {self._seconds_per_image * 1000:.0f} ms are worth it"
            )
            self._start(compilation)

    @property
    def _images_expected(self) -> int:
        return self._images_seen if self._images_ahead is None else self._images_ahead

    def _compiling_pays(self) -> bool:
        if not math.isfinite(self._seconds_per_image):
            return False
        saving = self._images_expected * self._seconds_per_image * _TYPICAL_SAVING
        return saving > 2 * _TYPICAL_COMPILE_SECONDS

    def _start(self, compilation: Compilation) -> None:
        try:
            compilation.start()
        except (OSError, RuntimeError) as error:
            self._stay_uncompiled(f"{type(error).__name__}: {error}")

    def _switch_to_compiled(self, compilation: Compilation, images: Tensor) -> tuple[Tensor, ...]:
        """Run a batch compiled and, if its outputs are right, go on with that."""
        ends = torch.tensor([0, len(images) - 1], device=images.device)
        try:
            compiled = compilation.load()
            outputs = compiled(images)
            found = zip(outputs, self._uncompiled.batch_dims, strict=True)
            at_ends = [output.index_select(dim, ends) for output, dim in found]
            difference = _difference(at_ends, self._uncompiled(images[ends]))
        except torch.OutOfMemoryError:  # no fault of the package
            raise
        except RuntimeError as error:
            discard(compilation.package)
            self._stay_uncompiled(f"the compiled network cannot be used: {error}")
            return self._runner(images)
        if not difference <= _TOLERANCES[self._uncompiled.dtype]:
            compilation.reject()
            self._stay_uncompiled(f"the compiled network is off by {difference:.1e}")
            return self._runner(images)
        self._runner = compiled
        if compilation.adopted:
            self._finish()
        else:
            self._trial = Trial(baseline=self._uncompiled, candidate=compiled)
        return outputs

    def _continue_trial(
        self, trial: Trial, compilation: Compilation, images: Tensor
    ) -> tuple[Tensor, ...]:
        if len(images) != self._batch_size:  # its time could not be compared
            return self._runner(images)
        outputs = trial(images)
        if trial.decided:
            self._trial = None
            self._conclude_trial(trial.speedup, compilation)
        return outputs

    def _conclude_trial(self, speedup: float, compilation: Compilation) -> None:
        if speedup > 1:
            compilation.adopt()
            self._finish()
        else:
            self._runner = self._uncompiled
            compilation.reject()
            self._stay_uncompiled(f"compiled, it takes {1 / speedup:.2f} times as long here")

    def _stay_uncompiled(self, reason: str) -> None:
        self._notify(f"going on without compiling the network: {reason}")
        self._finish()

    def _finish(self) -> None:
        if self._compilation is not None:
            self._compilation.close()
        self._compilation = None


def _difference(found: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """Return the largest relative L2 difference among outputs, NaN where one has it."""
    differences = [
        (a - b).norm() / b.norm().clamp_min(torch.finfo(b.dtype).tiny)
        for a, b in zip(found, expected, strict=True)
    ]
    return float(torch.stack(differences).max())
