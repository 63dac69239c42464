"""`fastlb top`: what members do now, in a terminal.

What is here:
    command.py  the words; once, or again and again
    ask.py      the state document, by HTTP or through a socket
    view.py     one document, or two that follow each other -> lines
    screen.py   the terminal: lines onto it, keys from it
"""
