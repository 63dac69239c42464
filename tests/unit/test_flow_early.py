"""early.pyx: what rules make of a head before anything is decided."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import ONE, answer, get, post
from trees import model_of, warnings

LONG = "x" * 6000


@pytest.mark.parametrize("value", ["short", LONG])
@pytest.mark.parametrize("size", [0, 10, 15_000])
def test_what_follows_a_head_stays_what_it_is(value: str, size: int) -> None:
    """The body, and the request behind it, whatever room there was."""
    body = bytes(i & 255 for i in range(size))
    text = f"RequestHeader set X-Rule {value} early\n{ONE}"
    with Bench(text) as bench:
        client = bench.ask(post(body, "X-Mine: 1") + get("/next"))
        member = bench.members[0].accept()
        for path, sent in ((b"POST / ", body), (b"GET /next ", b"")):
            head, got = member.message()
            assert head.startswith(path)
            assert f"\r\nX-Rule: {value}\r\n".encode() in head
            assert got == sent
            member.send(answer())
            assert client.status() == 200


def test_a_rule_says_nothing_about_the_body() -> None:
    text = f"RequestHeader set Content-Length 1 early\n{ONE}"
    with Bench(text) as bench:
        client = bench.ask(post(b"four"))
        member = bench.members[0].accept()
        head, got = member.message()
        assert b"\r\nContent-Length: 4\r\n" in head
        assert got == b"four"
        member.send(answer())
        assert client.status() == 200


def test_what_a_rule_takes_out_lets_nobody_in() -> None:
    text = (
        "RequestHeader unset X-User early\nSetEnvIf X-User . KNOWN\n"
        f"{ONE}<Location />\nRequire env KNOWN\n</Location>\n"
    )
    with Bench(text) as bench:
        assert bench.ask(get("/", "X-User: root")).status() == 403


def test_a_host_that_no_host_is_is_refused() -> None:
    with Bench(f"RequestHeader set Host a/b early\n{ONE}") as bench:
        assert bench.ask().status() == 400


def test_early_in_a_section_is_told() -> None:
    text = f"{ONE}<Location />\nHeader set X-A b early\n</Location>\n"
    assert [w for w in warnings(text) if "early" in w] == [
        f"{text.count(chr(10)) - 1}: Header ... early has no effect in a section"
    ]
    (host,) = model_of(text).vhosts
    assert not any(section.conf.header_rules for section in host.sections)
