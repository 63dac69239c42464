"""The model: typed, frozen settings resolved from the tree.

Nothing here reads a file, a socket or the clock. `resolve.py` makes a `Model` out of
a tree; the core's `plan.pyx` and the slow paths only read it.
"""
