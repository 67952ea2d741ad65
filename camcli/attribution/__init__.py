"""How a score is attributed to an activation: DeepLIFT, LRP, and the rules of each operation."""
