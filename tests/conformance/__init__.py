"""Conformance: the same cases played at a real httpd and at fastlb.

A case is one configuration, scripted members and raw client bytes.  `cases/` holds
them by subject, `members.py` the scripted servers behind the balancer, `harness.py`
what starts a server and plays a case, `normalise.py` what makes two outcomes
comparable, `recorded/` httpd's outcomes so that the suite runs without it.
"""
