"""A comparison as text: for people, for pull requests, and for CI servers."""
