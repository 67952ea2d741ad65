"""The guide's pictures, drawn by what they show: `python -m docs.pictures` writes `docs/assets`."""
