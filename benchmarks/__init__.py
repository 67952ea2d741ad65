"""Measurements, each of which prints its figures; run as `python -m benchmarks.FOLDER.NAME`."""
