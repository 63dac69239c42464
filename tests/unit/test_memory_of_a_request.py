"""What connections and exchanges take: there are thousands of them."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import ONE, answer, get

from fastlb import _probe

IDLE_MAX = 376  # bytes; a chunk of malloc of 384, that is 0.38 KiB
CLEARED_MAX = 1392
EXCHANGE_MAX = 2560  # and 16 for each field that a head may have


def test_an_idle_connection_takes_little() -> None:
    assert _probe.memory()["downstream"] <= IDLE_MAX


def test_little_is_cleared_for_a_request() -> None:
    told = _probe.memory()
    assert told["cleared"] <= CLEARED_MAX
    assert told["exchange"] <= EXCHANGE_MAX


# Variables lie behind the fields of the head, of which there is room for as many as the
# configuration allows.
@pytest.mark.parametrize("early", [0, 6])
def test_as_many_fields_as_there_may_be_leave_variables_alone(early: int) -> None:
    names = [f"V{n}" for n in range(20)]
    text = (
        "LimitRequestFields 6\n"
        + "".join(f"RequestHeader set X-Early-{n} {n} early\n" for n in range(early))
        + "".join(f'SetEnvIf X-F4 "(.*)" {name}=$1\n' for name in names)
        + "".join(f"RequestHeader set X-{name} %{{{name}}}e\n" for name in names)
        + ONE
    )
    fields = [f"X-F{n}: {n}" for n in range(5)]  # and Host
    with Bench(text) as bench:
        for _ in range(3):
            client = bench.ask(get("/", *fields))
            member = bench.members[0].accept()
            head, _body = member.message()
            for name in names:
                assert f"\r\nX-{name}: 4\r\n".encode() in head
            for n in range(5):
                assert f"\r\nX-F{n}: {n}\r\n".encode() in head
            member.send(answer(b"ok", "Connection: close"))
            assert client.status() == 200
            member.close()
        refused = bench.ask(get("/", *fields, "X-F5: 5"))
        assert refused.status() == 400


def test_an_exchange_has_the_room_that_its_plan_needs() -> None:
    """Of two plans in one process, which only tests have."""
    for most in (2, 1024, 100):
        with Bench(f"LimitRequestFields {most}\n{ONE}") as bench:
            fields = [f"X-F{n}: {n}" for n in range(most - 1)]
            client = bench.ask(get("/", *fields))
            member = bench.members[0].accept()
            head, _body = member.message()
            assert all(field.encode() in head for field in fields)
            member.send(answer())
            assert client.status() == 200
