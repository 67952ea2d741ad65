"""How Sphinx builds the site: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

_DOCS = Path(__file__).parent
sys.path.insert(0, str(_DOCS.parent))

from docs.tables.api import write_api_pages  # noqa: E402
from docs.tables.root import write_root_pages  # noqa: E402

write_api_pages(_DOCS / "reference" / "api")
write_root_pages(_DOCS / "project")

project = "camcli"
html_title = "camcli"
extensions = ["myst_parser"]
exclude_patterns = ["**/__pycache__"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
