"""Where the objects are, as people have annotated them; `formats` is the table of formats.

A new format is one module that reads it and a row of that table.
"""
