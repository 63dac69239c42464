"""Answers that fastlb makes itself: error pages and server-status.

A handler here is a function from facts to bytes. It runs in a worker, off the hot
path, for the few requests that no member answers.
"""
