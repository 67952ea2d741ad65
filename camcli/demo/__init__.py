"""The embedded demo world: cartoon scenes with exact masks, and small networks trained on them."""
