"""A trunk that gets faster while it works, when the work ahead is worth a compilation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from camcli.compile.compilation import Compilation, compiler_missing
from camcli.compile.inference_form import InferenceTrunk
from camcli.compile.packages import discard
from camcli.compile.trial import Runner, Trial

# What compiling ResNet-50 takes on two cores, and about what it saves of every image's time.
_USUAL_COMPILE_SECONDS = 40.0
_USUAL_SAVING = 0.4
_MOST_DIFFERENCE = {torch.float32: 1e-3, torch.float16: 5e-2, torch.bfloat16: 1e-1}

Policy = Literal["auto", "always", "never"]


class AdaptiveTrunk:
    """Runs a trunk uncompiled at first, and compiled as soon as that is to be had and pays.

    A package that an earlier run left is used from the first image on. Otherwise `auto` times
    the first batches, and starts the compiler in the background when what it would save of the
    images ahead is more than it costs; `always` compiles before the first image. Every
    compiled trunk is compared with the uncompiled one, on the first and the last image of a
    batch, before it takes over. One that nobody asked for then has to prove faster, in turns with
    the uncompiled one on the batches that follow; if it does not, it goes, and later runs compile
    nothing unasked.
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
            notify: Told, in one line each, what was decided and why.
        """
        self._fast = trunk
        self._run: Runner = trunk
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
            return self._run(images)
        if self._trial is not None:
            return self._try(self._trial, compilation, images)
        if compilation.ready:
            return self._take_over(compilation, images)
        self._look_after(compilation)
        start = time.perf_counter()
        outputs = self._run(images)
        seconds = (time.perf_counter() - start) / len(images)
        self._seconds_per_image = min(self._seconds_per_image, seconds)
        return outputs

    def _begin(self, compilation: Compilation, policy: Policy) -> None:
        if compilation.refuted:
            return
        if not compilation.ready and (missing := compiler_missing()):
            self._notify(f"not compiling the network: {missing}")
            return
        self._compilation = compilation
        if policy == "always" and not compilation.ready:
            self._notify("compiling the network for this batch size; later runs will find it done")
            self._start(compilation)
            compilation.wait()

    def _look_after(self, compilation: Compilation) -> None:
        if compilation.refuted:
            self._give_up("another run has found that it is no faster compiled")
        elif compilation.started:
            self._give_up(f"the compiler failed: {compilation.failure()}")
        elif self._pays():
            self._notify(
                f"compiling the network in the background: about {self._ahead} images at "
                f"{self._seconds_per_image * 1000:.0f} ms are worth it"
            )
            self._start(compilation)

    @property
    def _ahead(self) -> int:
        return self._images_seen if self._images_ahead is None else self._images_ahead

    def _pays(self) -> bool:
        if not math.isfinite(self._seconds_per_image):
            return False
        return self._ahead * self._seconds_per_image * _USUAL_SAVING > 2 * _USUAL_COMPILE_SECONDS

    def _start(self, compilation: Compilation) -> None:
        try:
            compilation.start()
        except (OSError, RuntimeError) as error:
            self._give_up(f"{type(error).__name__}: {error}")

    def _take_over(self, compilation: Compilation, images: Tensor) -> tuple[Tensor, ...]:
        """Run a batch compiled and, if that is right, all that follow."""
        ends = torch.tensor([0, len(images) - 1], device=images.device)
        try:
            compiled = compilation.load()
            outputs = compiled(images)
            found = zip(outputs, self._fast.batch_dims, strict=True)
            at_ends = [output.index_select(dim, ends) for output, dim in found]
            difference = _difference(at_ends, self._fast(images[ends]))
        except torch.OutOfMemoryError:  # which says nothing against the package
            raise
        except RuntimeError as error:
            discard(compilation.package)
            self._give_up(f"the compiled network cannot be used: {error}")
            return self._run(images)
        if not difference <= _MOST_DIFFERENCE[self._fast.dtype]:
            compilation.refute()
            self._give_up(f"the compiled network is off by {difference:.1e}")
            return self._run(images)
        self._run = compiled
        if compilation.proved:
            self._finish()
        else:
            self._trial = Trial(self._fast, compiled)
        return outputs

    def _try(self, trial: Trial, compilation: Compilation, images: Tensor) -> tuple[Tensor, ...]:
        if len(images) != self._batch_size:  # its time could not be compared
            return self._run(images)
        outputs = trial(images)
        if trial.decided:
            self._trial = None
            self._settle(trial.speedup, compilation)
        return outputs

    def _settle(self, speedup: float, compilation: Compilation) -> None:
        if speedup > 1:
            compilation.prove()
            self._finish()
        else:
            self._run = self._fast
            compilation.refute()
            self._give_up(f"compiled, it takes {1 / speedup:.2f} times as long here")

    def _give_up(self, reason: str) -> None:
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
