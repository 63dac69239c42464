"""Nanoseconds that rules add to a decision, inside the compiled core (FASTLB_PROBE=1).

    python bench/micro/rewrite.py [rounds]

Each row is a request decided by the plan with some rules, less the same request
without any. The best of several runs, because everything else that happens on a machine
only adds.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).parents[2] / "tests/unit"),
    str(Path(__file__).parents[2] / "tests"),
]

from test_plan import Plan, packed  # noqa: E402 - found through the lines above

REQUEST = b"GET /app/basket/items?page=2 HTTP/1.1\r\nHost: one.example\r\n\r\n"
PASS = "\nProxyPass / http://127.0.0.1:80/\n"
ON = "RewriteEngine on\n"
CASES = (
    ("the engine alone", ON),
    ("one rule, by its prefix", ON + "RewriteRule ^/admin - [F]\n"),
    ("one rule, by its expression", ON + "RewriteRule \\.php$ - [F]\n"),
    (
        "a condition that is false",
        ON + "RewriteCond %{HTTP:Upgrade} websocket [NC]\n"
        "RewriteRule /(.*) ws://127.0.0.1:81/$1 [P,L]\n",
    ),
    (
        "20 rules, of which one matches",
        ON
        + "".join(f"RewriteRule ^/old{n}/(.*)$ /new{n}/$1 [R]\n" for n in range(19))
        + "RewriteRule ^/app/(.*)$ /shop/$1 [PT]\n",
    ),
    (
        "500 rules, none is met",
        ON + "".join(f"RewriteRule ^/old/page{n}$ /n{n} [R]\n" for n in range(500)),
    ),
)
RUNS = 9


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    bare = time(PASS, rounds)
    print(f"{'without rules':34}{bare:8.0f} ns a decision")
    for name, rules in CASES:
        print(f"{name:34}{time(rules + PASS, rounds) - bare:8.0f} ns more")


def time(text: str, rounds: int) -> float:
    plan = Plan(text)
    address = packed("127.0.0.1")
    return min(plan.probe.time(REQUEST, address, address, rounds) for _ in range(RUNS))


if __name__ == "__main__":
    main()
