"""What a run leaves behind: overlays, maps, the manifest and the report."""
