"""What made the pictures of tests."""

from __future__ import annotations

from camcli.output.provenance import Provenance

MADE = Provenance("demo", f"sha256:{'d' * 64}", "lift-cam", "features", "1.2.3")
