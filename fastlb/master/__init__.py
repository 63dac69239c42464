"""The master: one process that binds, forks, reaps and reloads.

It never reads from a client and runs no event loop.
"""
