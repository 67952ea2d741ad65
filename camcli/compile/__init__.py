"""The trunk in inference form, compiled where that proves faster, and kept on disk."""
