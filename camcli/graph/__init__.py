"""The network as a graph: traced once, cut at the target layer, differentiated by DeepLIFT's rules.

`trace` exports a module to a functional graph, `split` cuts it into trunk and tail, `layout` reads
an activation as channel maps, `rules` says how each operation attributes, and `deeplift` walks the
tail by those rules.
"""
