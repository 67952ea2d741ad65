"""From rows to a summary, and from that to tables and curves, on disk and on the terminal."""
