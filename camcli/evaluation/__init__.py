"""How good a map is: metrics, as pure tensor functions."""
