"""Checkpoints as tools write them: which file is what, and which of its weights are meant."""
