"""Which scores to explain."""
