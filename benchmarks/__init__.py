"""Measurements, each printing figures side by side; run as `python -m benchmarks.NAME`."""
