"""Where the time of an image goes, and what merely predicting would have taken."""
