"""Processes that decode images, keep them, and write what was made of them."""
