"""`fastlb explain`: which way a request would take, and why.

command.py   the words of the command line
asked.py     a request to explain, and where it would arrive
standing.py  a model with a table and the core's Explainer over them
way.py       the core's answer, in steps with places
  access.py    ... who may
  rules.py     ... rules of mod_rewrite
  election.py  ... which member
  heads.py     ... what goes out, and comes back
told.py      what the core told, as text
tell.py      the steps as text
expect.py    lines of a file that say where a URL goes
"""
