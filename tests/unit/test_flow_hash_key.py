"""hash_key.pyx: what of a request its member hangs on (lbmethod=byhash)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from flow_bench import Bench
from flow_peers import answer, balancer, get

FOUR = ("", "", "", "")


def hashing(key: str, more: str = "") -> str:
    return balancer(*FOUR, settings=f"lbmethod=byhash hashkey={key} hashload=0") + more


def elected(bench: Bench) -> list[int]:
    return [int(one.facts_now["elected"]) for one in bench.members]


def served_by(bench: Bench, requests: Iterable[bytes]) -> list[int]:
    """Which members they go to, one after the other, each from a client of its own."""
    found = []
    for request in requests:
        before = elected(bench)
        client = bench.ask(request)
        bench.until(lambda was=before: elected(bench) != was)
        after = elected(bench)
        [number] = [n for n in range(4) if after[n] != before[n]]
        bench.members[number].serve(answer(b"", "Connection: close"))
        assert client.status() == 200
        client.close()
        found.append(number)
    return found


def fields(*lines: str) -> list[bytes]:
    return [get("/", line) for line in lines]


# The key, requests that have one and the same, and others.
KEYS = [
    ("uri", [get("/a?b")] * 3, [get(f"/a?{n}") for n in range(12)]),
    ("path", [get("/a"), get("/a?b"), get("/a?c")], [get(f"/{n}") for n in range(12)]),
    (
        "header:X-Key",
        fields("X-Key: 1", "x-key:  1", "X-KEY: 1"),
        fields(*(f"X-Key: {n}" for n in range(12))),
    ),
    (
        "cookie:sid",
        fields("Cookie: sid=1", "Cookie: a=b; sid=1", "Cookie: sid=1; c=d"),
        fields(*(f"Cookie: sid={n}" for n in range(12))),
    ),
]


@pytest.mark.parametrize(("key", "alike", "others"), KEYS)
def test_requests_of_one_key_go_to_one_member(
    key: str, alike: list[bytes], others: list[bytes]
) -> None:
    with Bench(hashing(key)) as bench:
        assert len(set(served_by(bench, alike))) == 1
        assert len(set(served_by(bench, others))) > 1


def test_a_client_is_known_by_its_address() -> None:
    text = hashing("ip", "RemoteIPHeader X-Client\n")
    with Bench(text) as bench:
        alike = [get(f"/{n}", "X-Client: 192.0.2.1") for n in range(3)]
        assert len(set(served_by(bench, alike))) == 1
        others = fields(*(f"X-Client: 192.0.2.{n}" for n in range(12)))
        assert len(set(served_by(bench, others))) > 1


@pytest.mark.parametrize("key", ["header:X-Key", "cookie:sid"])
def test_without_a_key_members_are_drawn(key: str) -> None:
    with Bench(hashing(key)) as bench:
        assert len(set(served_by(bench, [get("/")] * 12))) > 1


def test_the_next_of_the_order_serves_while_the_first_is_down() -> None:
    with Bench(hashing("uri")) as bench:
        [first] = set(served_by(bench, [get("/a")] * 2))
        bench.table.set_flag(bench.members[first].slot, "D", True)
        [second] = set(served_by(bench, [get("/a")] * 2))
        assert second != first
        bench.table.set_flag(bench.members[first].slot, "D", False)
        assert served_by(bench, [get("/a")]) == [first]
