"""How good the maps are: the measurements behind choices that the docs explain."""
