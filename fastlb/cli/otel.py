"""`fastlb otel`: spans for OpenTelemetry, out of lines of the access log that is JSON.

    TraceContext On
    CustomLog "|fastlb otel --endpoint http://127.0.0.1:4318/v1/traces" json \
        env=TRACE_SAMPLED

The workers write a line and go on; this program makes a span of it with the official
SDK, and a thread of the SDK sends them in batches. What cannot be sent is dropped
there. It needs `pip install fastlb[otel]`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastlb.cli import arguments

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

MISSING = "fastlb otel needs the official SDK: pip install fastlb[otel]"
# The conventions' name of what a line has under its key.
ATTRIBUTES = {
    "client": "client.address",
    "method": "http.request.method",
    "path": "url.path",
    "query": "url.query",
    "status": "http.response.status_code",
    "bytes_in": "http.request.size",
    "bytes_out": "http.response.size",
    "user_agent": "user_agent.original",
    "host": "server.address",
    "user": "enduser.id",
    "request_id": "fastlb.request_id",
    "vhost": "fastlb.vhost",
    "balancer": "fastlb.balancer",
    "member": "fastlb.member",
    "route": "fastlb.route",
    "retries": "fastlb.retries",
    "first_byte_us": "fastlb.first_byte_us",
    "aborted": "fastlb.aborted",
}
FAILED_FROM = 500  # statuses that are the server's fault


def run(words: Sequence[str]) -> int:
    """Until the end of the input, which comes when the server has gone."""
    told = command_parser().parse_args(words)
    try:
        processor = _sending(told.endpoint, told.timeout)
    except ImportError:
        sys.stderr.write(f"{MISSING}\n")
        return 1
    try:
        pass_on(sys.stdin.buffer, processor, told.service)
    except KeyboardInterrupt:
        return 0
    finally:
        processor.shutdown()
    return 0


def pass_on(lines: Iterable[bytes], processor: SpanProcessor, service: str) -> None:
    """A span for each line that has a trace."""
    from opentelemetry.sdk.resources import Resource

    resource = Resource.create({"service.name": service})
    for line in lines:
        try:
            span = span_of(json.loads(line), resource)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # a line of another format, or the end of a torn one
        if span is not None:
            processor.on_end(span)


def span_of(line: Mapping[str, Any], resource: Any = None) -> ReadableSpan | None:
    """The span of one request; None: it belongs to no trace."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
    from opentelemetry.trace.status import Status, StatusCode

    if not line.get("traceparent"):
        return None
    _, trace, span, flags = line["traceparent"].split("-")
    context = SpanContext(int(trace, 16), int(span, 16), False, TraceFlags(int(flags)))
    parent = None
    if line.get("parent_id"):
        caller = int(line["parent_id"], 16)
        parent = SpanContext(context.trace_id, caller, True, context.trace_flags)
    began_us = round(datetime.fromisoformat(line["time"]).timestamp() * 1_000_000)
    is_failed = line["status"] >= FAILED_FROM
    method = line.get("method") or "HTTP"
    return ReadableSpan(
        name=f"{method} {line['balancer']}" if line.get("balancer") else method,
        context=context,
        parent=parent,
        resource=resource,
        attributes=attributes_of(line),
        kind=SpanKind.SERVER,
        status=Status(StatusCode.ERROR if is_failed else StatusCode.UNSET),
        start_time=began_us * 1000,
        end_time=(began_us + line["duration_us"]) * 1000,
    )


def attributes_of(line: Mapping[str, Any]) -> dict[str, Any]:
    """What is known, by the names of the semantic conventions."""
    said = {
        name: line[key]
        for key, name in ATTRIBUTES.items()
        if line.get(key) is not None and line[key] is not False
    }
    said["url.scheme"] = "https" if line.get("tls") else "http"
    protocol, _, version = (line.get("protocol") or "").partition("/")
    if version:
        said["network.protocol.name"] = protocol.lower()
        said["network.protocol.version"] = version
    return said


def _sending(endpoint: str | None, timeout_s: float) -> SpanProcessor:
    """Batches over OTLP, from a thread of the SDK."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=timeout_s))


def command_parser() -> argparse.ArgumentParser:
    parser = arguments.command_parser(
        "otel",
        "Send spans of requests to an OpenTelemetry collector: the program of a"
        " CustomLog that is JSON (docs/logs.md).",
        "  fastlb otel --endpoint http://localhost:4318/v1/traces < access.json",
    )
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help="of OTLP over HTTP; default: OTEL_EXPORTER_OTLP_ENDPOINT, or"
        " http://localhost:4318/v1/traces",
    )
    parser.add_argument(
        "--service", default="fastlb", metavar="NAME", help="default: fastlb"
    )
    parser.add_argument(
        "--timeout", type=float, default=10, metavar="SECONDS", help="default: 10"
    )
    return parser
