"""Where the objects are, as people have marked them."""
