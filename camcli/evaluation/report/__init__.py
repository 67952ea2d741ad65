"""From rows to tables and curves."""
