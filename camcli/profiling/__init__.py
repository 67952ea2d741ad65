"""Where the time of a picture goes, and what merely predicting would have taken."""
