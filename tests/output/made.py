"""What made the pictures of tests."""

from __future__ import annotations

from camcli.output.provenance import Provenance

MADE = Provenance("demo", f"sha256:{'d' * 64}", "1.2.3")
