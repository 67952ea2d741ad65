"""How the maps of two runs differ: `entry` -> `pairing` -> `measures` -> `gate` -> `report`.

Nothing here needs a network, so nothing here imports PyTorch: a comparison in CI starts at once.
"""
