"""What pip knows camcli by, and what it may install beside it."""

from __future__ import annotations

from collections.abc import Mapping

DISTRIBUTION = "camcli-saliency"
"""The name on the package index, where `camcli` is another project's; the command and the package
to import are `camcli`."""

EXTRAS: Mapping[str, tuple[str, str]] = {
    "timm": ("timm", "models named timm:NAME"),
    "hf": ("transformers", "models named hf:ORG/NAME or hf:./folder"),
    "peft": ("peft", "adapters given with --adapter"),
    "clip": ("open_clip", "models named open_clip:ARCH/TAG, and demo-clip"),
    "coco": ("pycocotools", "run-length masks of COCO as ground truth"),
    "parquet": ("pyarrow", "images in Parquet and Arrow files, and camcli export --to parquet"),
    "remote": ("obstore", "images in stores (s3://, gs://, az://, https://, hf://)"),
    "pandas": ("pandas", "tables of a run in Python"),
}
"""By extra: the module that it brings, and what needs it."""


def install_command(extra: str) -> str:
    """Return the command that installs what an extra brings."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"
