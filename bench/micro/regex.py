"""Nanoseconds per match, measured inside the compiled core (needs FASTLB_PROBE=1).

    python bench/micro/regex.py [rounds]

The expressions are those that configurations have: what a browser is asked for, and a
mapping with two groups. `re` is Python's, as a request would reach it through the
interpreter, without the way there and back. The best of several runs, because
everything else that happens on a machine only adds.
"""

from __future__ import annotations

import re
import sys
import time

from fastlb import _probe
from fastlb._pcre2 import Pattern

BROWSER = (
    b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/130.0.0.0 Safari/537.36"
)
# name, expression, subject, are groups wanted
CASES = (
    ("BrowserMatch, none", b"Mozilla/4\\.0[678]", BROWSER, True),
    ("BrowserMatch, first", b"^Mozilla/5", BROWSER, True),
    ("BrowserMatch, middle", b"Chrome/([0-9]+)", BROWSER, True),
    ("ProxyPassMatch, none", b"^/api/([^/]+)/(.*)$", b"/images/logo.png", False),
    ("ProxyPassMatch", b"^/app/([^/]+)/(.*)$", b"/app/shop/basket/items", False),
    ("... with its groups", b"^/app/([^/]+)/(.*)$", b"/app/shop/basket/items", True),
    ("LocationMatch", b"\\.(?:jpe?g|png|gif|css|js)$", b"/static/site/app.css", True),
)
RUNS = 15


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    print(f"{'expression':24}{'bytes':>7}{'pcre2':>8}{'re':>8}")
    times = {}
    for name, expression, subject, groups in CASES:
        pattern = Pattern(expression)
        times[name] = min(
            _probe.time_regex(pattern, subject, rounds, groups) for _ in range(RUNS)
        )
        other = min(python(expression, subject, rounds // 20 or 1) for _ in range(RUNS))
        print(f"{name:24}{len(subject):7}{times[name]:8.1f}{other:8.1f}")
    # A request is mapped by one match, and its target composed with another.
    request = sum(times[n] for n in (CASES[2][0], CASES[4][0], CASES[5][0]))
    print(f"a request with a BrowserMatch and a ProxyPassMatch: {request:.0f} ns")


def python(expression: bytes, subject: bytes, rounds: int) -> float:
    search = re.compile(expression, re.DOTALL).search
    began = time.perf_counter_ns()
    for _ in range(rounds):
        found = search(subject)
        if found is not None:
            found.span(1 if found.re.groups else 0)
    return (time.perf_counter_ns() - began) / rounds


if __name__ == "__main__":
    main()
