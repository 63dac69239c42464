"""`fastlb lint`: what `-t` says, for people, editors and pipelines, and `--fix`.

What is here:
    command.py     the words, and what is done
    complaints.py  all that -t says
    ignored.py     `#@ lint ignore FB0123` in the files themselves
    mend.py        what fixes make of the files
    forms.py       text, JSON and SARIF
"""
