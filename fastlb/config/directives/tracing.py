"""Ids of requests, which Apache has no directives for: RequestID and its kin."""

from __future__ import annotations

from fastlb.config.checks import FieldName, Ratio, word_of
from fastlb.config.registry import OWN, SV, Directive
from fastlb.facts.words import RequestId

MODULE = OWN
DIRECTIVES = (
    Directive(
        "RequestID",
        SV,
        "Off|Make|Keep",
        "whether each request has an id, and whether a client may bring it",
        default="Off",
        manual=(
            "The id is the variable REQUEST_ID (%{REQUEST_ID}e in log formats and in"
            " Header, request_id in a log of JSON), members get it in X-Request-ID, and"
            " lines of the error log about the request end with it. Make makes one for"
            " each request, as UNIQUE_ID is made; what the client sent is replaced."
            " Keep takes the client's where it is 1 to 128 letters, digits and any of"
            " . _ ~ + / = : - in one field, and else makes one. Header always set"
            ' X-Request-ID "%{REQUEST_ID}e" tells it to the client.'
        ),
        differs="Apache has no such directive; under Compat apache it is refused.",
        check=word_of(RequestId),
        sets="request_id",
    ),
    Directive(
        "RequestIDHeader",
        SV,
        "name",
        "the field that carries the id of a request",
        default="X-Request-ID",
        manual="It is read from clients (RequestID Keep) and written for members.",
        differs="Apache has no such directive; under Compat apache it is refused.",
        check=FieldName(),
        sets="request_id_header",
    ),
    Directive(
        "TraceContext",
        SV,
        "On|Off",
        "whether members are told of the trace that a request belongs to",
        default="Off",
        manual=(
            "W3C Trace Context: of a valid traceparent the trace goes on, with this"
            " request as the parent of what the member does, and tracestate goes with"
            " it; else a trace begins, and a tracestate without one is dropped. Logs"
            " have the field as members get it in the variable TRACEPARENT, the id of"
            " the client's span in TRACE_PARENT_ID, and TRACE_SAMPLED is 1 where the"
            " trace is sampled: CustomLog ... env=TRACE_SAMPLED."
        ),
        differs="Apache has no such directive; under Compat apache it is refused.",
        sets="trace_context",
    ),
    Directive(
        "TraceContextSample",
        SV,
        "ratio",
        "how many of the traces that begin here are sampled",
        default="0.01",
        manual=(
            "A number from 0 to 1. A trace that comes with a request is sampled where"
            " its traceparent says so, whatever stands here."
        ),
        differs="Apache has no such directive; under Compat apache it is refused.",
        check=Ratio(),
        sets="trace_sample_ppm",
    ),
)
