"""camcli from Python: what the command does, for networks and images that a program holds.

The names are those of `camcli` itself, which imports nothing of this, and no torch, before one of
them is used.
"""
