"""Nanoseconds per head, measured inside the compiled core (needs FASTLB_PROBE=1).

    python bench/micro/head.py [rounds]

find: where the head ends; parse: its spans; judge: Host, framing and hop-by-hop
fields; all: the three together, as the data path does them. The best of several runs,
because everything else that happens on a machine only adds.
"""

from __future__ import annotations

import sys

from fastlb import _probe

SHORT = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
BROWSER = (
    b"GET /articles/2024/11/load-balancing?ref=home&page=2 HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"Connection: keep-alive\r\n"
    b'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130"\r\n'
    b"sec-ch-ua-mobile: ?0\r\n"
    b'sec-ch-ua-platform: "Linux"\r\n'
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
    b"(KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Sec-Fetch-Site: same-origin\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\n"
    b"Accept-Language: en-US,en;q=0.9\r\n"
    b"Cookie: ROUTEID=.node1; sid=0123456789abcdef\r\n\r\n"
)
UPLOAD = (
    b"POST /form HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 65536\r\n"
    b"Content-Type: application/octet-stream\r\nExpect: 100-continue\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 13:53:37 GMT\r\nServer: member\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 1234\r\n"
    b"Connection: keep-alive\r\n\r\n"
)
HEADS = {"short": SHORT, "browser": BROWSER, "upload": UPLOAD, "answer": ANSWER}
STEPS = ("find", "parse", "judge", "all")
RUNS = 15


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    print(f"{'head':10}{'bytes':>7}" + "".join(f"{step:>8}" for step in STEPS))
    for name, head in HEADS.items():
        times = [
            min(_probe.time_head(head, step, rounds) for _ in range(RUNS))
            for step in STEPS
        ]
        print(f"{name:10}{len(head):7}" + "".join(f"{t:8.1f}" for t in times))


if __name__ == "__main__":
    main()
