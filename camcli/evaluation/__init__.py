"""How good maps are: metrics, as pure functions."""
