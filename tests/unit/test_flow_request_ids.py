"""RequestID and TraceContext: what members, clients and logs are told."""

from __future__ import annotations

import re

from flow_bench import Bench
from flow_peers import ONE, answer, get

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{SPAN}-01"


def fields(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines if line)


def test_a_member_is_told() -> None:
    text = (
        "RequestID Keep\nTraceContext On\nTraceContextSample 0\nCustomLog a json\n"
        f'Header always set X-Request-ID "%{{REQUEST_ID}}e"\n{ONE}'
    )
    with Bench(text) as bench:
        client = bench.ask(
            get("/", "X-Request-ID: me", f"traceparent: {GIVEN}", "tracestate: a=b")
        )
        member = bench.members[0].accept()
        head, _ = member.message()
        assert fields(head)["X-Request-ID"] == "me"
        assert fields(head)["traceparent"].startswith(f"00-{TRACE}-")
        assert fields(head)["tracestate"] == "a=b"
        assert head.lower().count(b"traceparent:") == 1
        member.send(answer())
        assert client.status() == 200
        client.send(get("/", "traceparent: 00-1-2-3", "tracestate: a=b"))
        head, _ = member.message()
        assert re.fullmatch(r"[\w-]{27}", fields(head)["X-Request-ID"])
        assert re.fullmatch(r"00-.{32}-.{16}-00", fields(head)["traceparent"])
        assert "tracestate" not in fields(head)
        member.send(answer())
        assert client.status() == 200
        lines: list[str] = []

        def are_there() -> bool:
            lines.extend(bench.log_lines())
            return len(lines) == 2

        bench.until(are_there)
        line = lines[0]
        assert '"request_id":"me"' in line
        assert f'"parent_id":"{SPAN}"' in line
