"""A page to look at runs: `items` side by side, their `pictures`, compact `parts`, one `page`.

The page is static. It opens from a disk or a web server, needs no network, and runs nothing that
came from a run: rows are JSON that its script reads, and names are only ever shown as text.
"""
