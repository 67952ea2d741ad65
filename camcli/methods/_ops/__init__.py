"""What several methods share: decompositions, masks, channel weights, sampling and the lasso."""
