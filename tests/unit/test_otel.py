"""`fastlb otel`: a line of JSON becomes a span, and a collector gets it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from opentelemetry.trace.status import StatusCode

from fastlb.cli import otel
from fastlb.facts.json_log import JSON_KEYS

TRACE, SPAN, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "1" * 16
LINE: Mapping[str, Any] = {
    **dict.fromkeys(JSON_KEYS),
    "time": "2026-11-30T18:48:54.018Z",
    "client": "192.0.2.1",
    "method": "GET",
    "path": "/a",
    "protocol": "HTTP/1.1",
    "status": 200,
    "bytes_in": 80,
    "bytes_out": 300,
    "duration_us": 1500,
    "balancer": "balancer://pool",
    "member": "http://127.0.0.1:1",
    "retries": 1,
    "traceparent": f"00-{TRACE}-{SPAN}-01",
    "parent_id": PARENT,
    "tls": "TLSv1.3",
    "aborted": False,
}


def spans_of(*lines: bytes) -> tuple[Any, ...]:
    exporter = InMemorySpanExporter()
    otel.pass_on(lines, SimpleSpanProcessor(exporter), "site")
    return exporter.get_finished_spans()


def line(**changes: Any) -> bytes:
    return json.dumps({**LINE, **changes}).encode() + b"\n"


def test_a_line_becomes_a_span() -> None:
    [span] = spans_of(line())
    assert span.name == "GET balancer://pool"
    assert span.kind is SpanKind.SERVER
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.context.span_id:016x}" == SPAN
    assert f"{span.parent.span_id:016x}" == PARENT
    assert span.end_time - span.start_time == 1_500_000
    assert span.start_time % 1_000_000_000 == 18_000_000
    assert span.status.status_code is StatusCode.UNSET
    assert span.resource.attributes["service.name"] == "site"
    assert dict(span.attributes) == {
        "client.address": "192.0.2.1",
        "http.request.method": "GET",
        "url.path": "/a",
        "http.response.status_code": 200,
        "http.request.size": 80,
        "http.response.size": 300,
        "fastlb.balancer": "balancer://pool",
        "fastlb.member": "http://127.0.0.1:1",
        "fastlb.retries": 1,
        "url.scheme": "https",
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
    }


def test_a_trace_that_begins_here_has_no_parent_and_a_failure_is_one() -> None:
    [span] = spans_of(line(parent_id=None, status=503, method=None, balancer=None))
    assert span.parent is None
    assert span.status.status_code is StatusCode.ERROR
    assert span.name == "HTTP"


def test_keys_are_those_of_a_line() -> None:
    assert set(otel.ATTRIBUTES) <= set(JSON_KEYS)


@given(st.one_of(st.binary(max_size=50), st.text(max_size=50).map(str.encode)))
def test_what_is_no_line_is_passed_over(odd: bytes) -> None:
    other = (b"null\n", b"[1]\n", b'"x"\n', line(time="x"), line(traceparent="1-2"))
    assert len(spans_of(odd, *other, line(traceparent=None), line())) == 1


def test_a_collector_gets_them() -> None:
    got: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        place = f"http://127.0.0.1:{server.server_port}/v1/traces"
        ended = subprocess.run(
            [sys.executable, "-m", "fastlb", "otel", "--endpoint", place],
            input=line() + line(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        server.shutdown()
        thread.join()
    assert (ended.returncode, ended.stderr) == (0, b"")
    [body] = got
    sent = ExportTraceServiceRequest.FromString(body)
    [resource] = sent.resource_spans
    [scope] = resource.scope_spans
    assert [span.trace_id.hex() for span in scope.spans] == [TRACE, TRACE]
    assert {a.key: a.value.string_value for a in resource.resource.attributes}[
        "service.name"
    ] == "fastlb"
