# cython: language_level=3
"""The compiled core: everything a request passes through.

This is the spine: the chapters in order of dependency and no logic of its own.
"""

