"""What the reference pages are made from: one module a page."""
