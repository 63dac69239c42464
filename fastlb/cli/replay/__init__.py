"""`fastlb replay`: which requests of an access log would go elsewhere now.

What is here:
    command.py   the words, and what is said
    lines.py     lines of a log -> requests, each once, with how often it came
    whither.py   where the compiled code would send one
    tally.py     what goes elsewhere, by where from and where to
"""
