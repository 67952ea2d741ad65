"""The embedded demo world: cartoon scenes with exact masks and a small network that knows them."""
