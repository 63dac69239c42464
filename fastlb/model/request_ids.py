"""RequestID and TraceContext: fields that members get, as rules of a server.

They stand in front of the rules that are written, which may take them away again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastlb.facts.rules import EnvCondition, HeaderAction, HeaderRule
from fastlb.facts.vhost import DirConf
from fastlb.facts.words import RequestId
from fastlb.model.drafts import Values
from fastlb.model.headerformat import parse_header_format

_RULES: Final = "request_header_rules"
NOWHERE: Final = ("", 0)
TRACE_FIELDS: Final = ("traceparent", "tracestate")


def with_ids(conf: DirConf, settings: Values) -> DirConf:
    """What holds for all of a server, with the fields that its settings ask for."""
    rules: list[HeaderRule] = []
    if settings["request_id"] is not RequestId.OFF:
        rules.append(_sets(settings["request_id_header"], "REQUEST_ID"))
    if settings["trace_context"]:
        rules += [_sets(TRACE_FIELDS[0], "TRACEPARENT"), _STATELESS]
    if not rules:
        return conf
    written = conf.lines.get(_RULES, ())
    return replace(
        conf,
        request_header_rules=(*rules, *conf.request_header_rules),
        lines={**conf.lines, _RULES: (*[NOWHERE] * len(rules), *written)},
    )


def _sets(name: str, variable: str) -> HeaderRule:
    return HeaderRule(
        action=HeaderAction.SET,
        name=name,
        value=parse_header_format(f"%{{{variable}}}e"),
        regex=None,
        always=False,
        early=False,
        condition=None,
    )


# A tracestate belongs to the trace that it came with.
_STATELESS = HeaderRule(
    action=HeaderAction.UNSET,
    name=TRACE_FIELDS[1],
    value=(),
    regex=None,
    always=False,
    early=False,
    condition=EnvCondition("TRACE_PARENT_ID", negated=True),
)
