"""A run in the formats of other tools; `formats` is the table of them.

A new format is one module with one function, and a row of that table.
"""
