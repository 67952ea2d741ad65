"""camcli: batch saliency maps for image networks, from the command line."""

__version__ = "0.1.0"
