"""The part of a network behind one batch's activation, and the shortcuts that some tails allow."""
