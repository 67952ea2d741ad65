"""Where the time of an image goes, and how long merely predicting it takes."""
