"""Processes that decode pictures, keep them, and write what was made of them."""
