"""From the tree to the facts: `resolve.py` makes a `Model` out of a tree.

Nothing here but `pem.py` reads a file, and nothing a socket or the clock.
"""
