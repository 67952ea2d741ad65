"""A run: built from a configuration, explained image by image, recorded as it goes."""
