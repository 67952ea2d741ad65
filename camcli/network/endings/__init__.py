"""What a network does to its logits before it returns them, and what its scores mean."""
