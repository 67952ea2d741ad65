"""Metrics as pure tensor functions, by family."""
