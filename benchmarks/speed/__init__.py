"""How fast camcli is, and compared with what."""
