"""The network as a graph: traced once, cut at the target layer, and its layers listed."""
