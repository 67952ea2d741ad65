"""Processes that decode images, keep them, and write their maps and overlays."""
