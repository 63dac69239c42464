"""Attacks on a running fastlb, with oracles that know what had to happen.

    python -m tests.attack --minutes 60 --seed 7     all of them, in turns
    python -m tests.attack --only desync --inputs 500000

Every attack is drawn from its seed, which is printed. What an oracle finds becomes a
file in tests/corpus/attack, and the suite plays it again (test_corpus.py).
"""
