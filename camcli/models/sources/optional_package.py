"""Packages that some sources need, and that camcli does not bring by itself."""

from __future__ import annotations

from dataclasses import dataclass

from camcli.errors import ModelError
from camcli.models.weights import INSTEAD
from camcli.system.distribution import install_command


@dataclass(frozen=True)
class OptionalPackage:
    """A package of networks.

    Attributes:
        name: As it is imported.
        extra: Of camcli, which installs it.
        distribution: As pip knows it.
        maker: Its function that makes a network.

    """

    name: str
    extra: str
    distribution: str
    maker: str = "create_model"

    @property
    def command(self) -> str:
        """What installs it."""
        return install_command(self.extra)

    def missing(self, model: str) -> ModelError:
        """Return what to raise where a model needs the package, and it is not installed."""
        return ModelError(
            f"{model} needs {self.name}, which is not installed: {self.command}, or "
            f"pip install {self.distribution}"
        )

    def cannot_make(self, model: str, error: Exception, with_weights: bool) -> ModelError:
        """Return what to raise where its `maker` fails.

        Args:
            model: The one that was asked for.
            error: Whatever came from the package, its hub client or the model's constructor.
            with_weights: Whether the package was to get weights for it.

        """
        remedy = (
            f"Without a network, {INSTEAD}"
            if with_weights
            else f"Look at model.kwargs: {self.name}.{self.maker} takes them"
        )
        return ModelError(
            f"{self.name} cannot make {model}: {type(error).__name__}: {error}. {remedy}"
        )


TIMM = OptionalPackage("timm", extra="timm", distribution="timm")
PEFT = OptionalPackage("peft", extra="peft", distribution="peft")
TRANSFORMERS = OptionalPackage("transformers", "hf", "transformers", maker="from_pretrained")
OPEN_CLIP = OptionalPackage("open_clip", extra="clip", distribution="open_clip_torch")
