"""error_line.pyx: what the error log says of a request, and %L of access logs."""

from __future__ import annotations

import re

from flow_bench import Bench
from flow_peers import HOST, ONE, get

from fastlb.facts.error_format import About

FORMATS = """\
ErrorLogFormat "%a %{c}a %A %{X-Name}i %{Nope}i %{V}e %{None}e %k %V %L %{c}L %M"
ErrorLogFormat connection "%{C}L"
SetEnvIf X-Name (.*) V=$1
"""
IDS = 'CustomLog ids "%L %{c}L %{UNIQUE_ID}e"\n'


def refused(bench: Bench, *fields: str) -> None:
    """A request whose member closes the connection: the error log tells."""
    client = bench.ask(get("/", *fields))
    peer = bench.members[0].accept()
    peer.head()
    peer.close()
    assert client.status() == 502


def about_all(bench: Bench) -> list[About]:
    assert bench.services.about
    assert None not in bench.services.about
    return [about for about in bench.services.about if about is not None]


def test_a_format_is_told_of_the_request_what_it_asks_for() -> None:
    with Bench(FORMATS + IDS + ONE) as bench:
        refused(bench, "X-Name: \xe9 name")
        (first,) = about_all(bench)
        (line,) = bench.log_lines()
    assert first.has_request
    assert first.is_first_of_request and first.is_first_of_connection
    said = dict(first.said)
    request_id, connection_id, unique_id = line.split()
    assert request_id == unique_id == said.pop(("L", ""))
    assert connection_id == said.pop(("L", "c")) == said.pop(("L", "C"))
    assert re.fullmatch(r"[\w-]{27} [\w-]{11}", f"{request_id} {connection_id}")
    assert re.fullmatch(rf"{HOST}:\d+", said.pop(("a", "c")))
    said.pop(("a", ""))
    assert re.fullmatch(rf"{HOST}:\d+", said.pop(("A", "")))
    assert said == {
        ("i", "X-Name"): "\xe9 name",
        ("e", "V"): "\xe9 name",
        ("k", ""): "0",
        ("V", ""): said[("V", "")],
    }


def test_without_a_format_nothing_is_found_out() -> None:
    with Bench(ONE) as bench:
        refused(bench)
        assert set(bench.services.about) == {None}


def test_a_request_of_which_no_line_tells_has_no_id_in_the_access_log() -> None:
    with Bench(IDS + ONE) as bench:
        client = bench.ask(get("/", "Connection: close"))
        member = bench.members[0].accept()
        member.message()
        member.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert client.status() == 200
        assert re.fullmatch(r"- - [\w-]{27}", bench.log_lines()[0])


def test_connections_have_ids_of_their_own() -> None:
    with Bench(IDS + ONE) as bench:
        for _ in range(3):
            refused(bench, "Connection: close")
        lines = [line.split() for line in bench.log_lines()]
        assert len({line[1] for line in lines}) == len(lines) == 3
