"""Checks of members' health: ProxyHCExpr, ProxyHCTemplate, and what they are named by.

Names are known from the line on where they are declared, in the same server, as in
httpd.
"""

from __future__ import annotations

from typing import Final

from fastlb.config.directives.member_params import HEALTH
from fastlb.config.lexer import next_word
from fastlb.config.tree import Node
from fastlb.facts.agent import INTERVAL_MS, AgentCheck
from fastlb.facts.expressions import Expression, Step
from fastlb.facts.health import (
    CONDITION_VARIABLES,
    Begin,
    HealthCheck,
    HealthCondition,
    HealthMethod,
)
from fastlb.facts.variables import split_prefix
from fastlb.facts.words import Compat
from fastlb.model.drafts import Drafts, Handler, Place, ServerDraft, Values
from fastlb.model.expressions import taken
from fastlb.model.report import Mistake, did_you_mean
from fastlb.model.targets import GATEWAY_SCHEMES

METHODS_OWN: Final = ("WEBSOCKET",)
"""Words of hcmethod= that Apache does not know."""
_EXPRESSION_NAME_BYTES: Final = 15
_OF_TEMPLATES: Final = (
    *("hc_method", "hc_interval_ms", "hc_passes", "hc_fails", "hc_uri"),
    *("hc_expression", "hc_timeout_ms", "hc_begin", "hc_fields"),
)


def health_expression(run: Drafts, place: Place, node: Node) -> None:
    """`ProxyHCExpr name {condition}`"""
    name, position = next_word(node.raw, 0)
    if len(name.text) > _EXPRESSION_NAME_BYTES:
        raise Mistake(
            "FB0230",
            f"Expression name limited to {_EXPRESSION_NAME_BYTES} characters",
            cure="write a shorter name, also behind hcexpr=",
            word=name.text,
        )
    text, position = _condition(node.raw, position)
    if not text:
        raise Mistake("FB0304", f"Missing expression for {node.name}")
    if position < len(node.raw):
        raise Mistake(
            "FB0304",
            "error: extra parameter(s)",
            why=f"behind the expression stands {node.raw[position:]}",
            cure="write the expression in braces or quotes",
        )
    words = f'Could not parse expression "{text}": '
    found = taken(run, node, text, number="FB0304", words=words)
    for missing in _without_value(found):
        run.report.warn(
            node,
            "FB0328",
            f"%{{{missing}}} is empty in a check of health",
            why="it belongs to a client's request, and there is none",
            cure="ask for %{REQUEST_STATUS}, %{resp:Name} or hc('body')",
            word=missing,
        )
    condition = HealthCondition(name.text, found)
    place.server.health_conditions[name.text.lower()] = condition


def _without_value(expression: Expression) -> list[str]:
    names = [
        op.text.decode("latin-1")
        for op in expression.ops
        if op.step is Step.VARIABLE and op.text
    ]
    if any(op.step is Step.CLIENT for op in expression.ops):
        names.append("REMOTE_ADDR")  # -R
    return [
        name
        for name in dict.fromkeys(names)
        if name not in CONDITION_VARIABLES and split_prefix(name)[0] != "RESP:"
    ]


def _condition(raw: str, position: int) -> tuple[str, int]:
    """In braces, which may nest, or a word; and where what follows begins."""
    if position >= len(raw):
        return "", position
    if raw[position] != "{":
        word, position = next_word(raw, position)
        return word.text, position
    depth = 0
    end = position
    for end in range(position, len(raw)):
        depth += (raw[end] == "{") - (raw[end] == "}")
        if depth == 0:
            break
    behind = end + 1
    while behind < len(raw) and raw[behind].isspace():
        behind += 1
    return raw[position + 1 : end], behind


def health_template(run: Drafts, place: Place, node: Node) -> None:
    """`ProxyHCTemplate name key=value ...`"""
    name, position = next_word(node.raw, 0)
    # As observed: of a template the method is TCP where none is written.
    params = HEALTH.presets() | {"hc_method": HealthMethod.TCP}
    while position < len(node.raw):
        word, position = next_word(node.raw, position)
        key, equals, value = word.text.partition("=")
        if not equals:
            raise Mistake(
                "FB0226",
                "Invalid ProxyHCTemplate parameter. Parameter must be in the form"
                " 'key=value'",
                why=f"{word.text!r} has no '='",
                cure=did_you_mean(word.text, HEALTH.names()),
                word=word.text,
            )
        complaint = take_health_param(run, place.server, params, key, value)
        if complaint is not None:
            why, cure = advice(run, place.server, key, value, complaint)
            raise Mistake(
                "FB0230",
                f"ProxyHCTemplate: {complaint} {key}={value}; {name.text}",
                why=why,
                cure=cure,
                word=word.text,
            )
    place.server.health_templates[name.text.lower()] = params


def take_health_param(
    run: Drafts, server: ServerDraft, params: Values, key: str, value: str
) -> str | None:
    """One `hc...=`, of a member or of a template; the complaint, or None."""
    lowered = key.lower()
    if lowered == "hctemplate":
        template = server.health_templates.get(value.lower())
        if template is None:
            return f"Unknown ProxyHCTemplate name: {value}"
        params |= {name: template[name] for name in _OF_TEMPLATES}
        return None
    if lowered == "hcexpr":
        condition = server.health_conditions.get(value.lower())
        if condition is None:
            return f"Unknown health check condition expr: {value}"
        params["hc_expression"] = condition
        return None
    if lowered == "hcmethod" and value.upper() in METHODS_OWN and not run.lenient:
        return "Unknown method"
    return HEALTH.take(params, key, value, own=run.lenient)


def advice(
    run: Drafts, server: ServerDraft, key: str, value: str, complaint: str
) -> tuple[str, str]:
    """(why, cure) of a complaint about one."""
    lowered = key.lower()
    if complaint == HEALTH.unknown and HEALTH.is_own(key):
        return f"Apache 2.4 has no {key}=", "leave out Compat apache and --strict"
    if complaint == HEALTH.unknown:
        return "", did_you_mean(key, HEALTH.names())
    if lowered == "hctemplate":
        return "it must stand above, in the same server", did_you_mean(
            value, server.health_templates
        )
    if lowered == "hcexpr":
        return "ProxyHCExpr must stand above, in the same server", did_you_mean(
            value, server.health_conditions
        )
    if lowered == "hcmethod":
        if value.upper() in METHODS_OWN:
            return f"Apache 2.4 has no {key}={value}", "write hcmethod=GET"
        methods = [method.value for method in HealthMethod]
        return "", did_you_mean(value, methods) or "write " + ", ".join(methods)
    if lowered == "hcinterval":
        return "", "write a time such as 5, 500ms, 2min or 1h"
    if lowered == "hcheaders" and value.startswith(('"', "'")):
        return (
            "a quote within a word is a letter of it",
            "put the quotes around all of the word, its key as well",
        )
    return "", ""


def check_of(params: Values, compat: Compat) -> HealthCheck | None:
    """What a member's parameters say of its checks; None: there are none."""
    method = params["hc_method"]
    if method is HealthMethod.NONE:
        return None
    begin = params["hc_begin"]
    condition: HealthCondition | None = params["hc_expression"] or None
    return HealthCheck(
        method=method,
        interval_ms=params["hc_interval_ms"],
        passes=max(params["hc_passes"], 1),
        fails=max(params["hc_fails"], 1),
        uri=params["hc_uri"],
        condition=condition if method.is_http else None,
        timeout_ms=params["hc_timeout_ms"],
        begin=Begin.UP if compat is Compat.APACHE else begin,
        fields=params["hc_fields"] if method.is_http else (),
    )


def agent_of(params: Values) -> AgentCheck | None:
    """... of its agent."""
    if params["agent_place"] is None:
        return None
    host, port = params["agent_place"]
    return AgentCheck(host, port, params["agent_interval_ms"])


def look_at_check(
    run: Drafts, node: Node, params: Values, scheme: str, written: list[str]
) -> None:
    """Say what cannot work as written. written: the keys of a member's `hc...=`."""
    method = params["hc_method"]
    if params["agent_place"] is None and params["agent_interval_ms"] != INTERVAL_MS:
        run.report.warn(
            node,
            "FB0234",
            "agentinterval= has no effect: no agentcheck= is written",
            cure="write agentcheck=host:port",
            word="agentinterval",
        )
    if method is HealthMethod.NONE:
        if written and "hcmethod" not in written:
            run.report.warn(
                node,
                "FB0234",
                f"{written[0]}= has no effect: no hcmethod= is written",
                why="without a method nothing is asked",
                cure="write hcmethod=GET, or hcmethod=TCP",
                word=written[0],
            )
        return
    ours = f"hcmethod={method.value}"
    if method is HealthMethod.CPING and scheme != "ajp":
        run.report.error(
            node,
            "FB0327",
            f"{ours} of a member at {scheme}://",
            why="CPING belongs to AJP: nobody else answers it, and the member would be"
            " out for ever",
            cure="write hcmethod=GET hcuri=/..., or hcmethod=TCP",
            word=ours,
        )
    elif method.is_http and (scheme == "ajp" or scheme in GATEWAY_SCHEMES):
        other = "CPING" if scheme == "ajp" else "TCP"
        run.report.error(
            node,
            "FB0327",
            f"{ours} of a member at {scheme}://",
            why="it does not speak HTTP, and would be out for ever",
            cure=f"write hcmethod={other}",
            word=ours,
        )


HANDLERS: Final[dict[str, Handler]] = {
    "proxyhcexpr": health_expression,
    "proxyhctemplate": health_template,
}
