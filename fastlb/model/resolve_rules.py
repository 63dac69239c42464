"""Header and RequestHeader, and the request's environment: SetEnv, SetEnvIf, ...

Messages and their order are those of mod_headers.c, mod_setenvif.c and mod_env.c.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.rules import (
    EnvCondition,
    EnvRule,
    Format,
    HeaderAction,
    HeaderRule,
    is_name_regex,
)
from fastlb.model.conditions import env_condition
from fastlb.model.drafts import Drafts, Handler, Place
from fastlb.model.headerformat import FormatError, parse_header_format
from fastlb.model.report import Mistake

_EDITS: Final = (HeaderAction.EDIT, HeaderAction.EDIT_ALL)
NO_EXPRESSIONS: Final = "expressions (expr=) are not supported"


def header(run: Drafts, place: Place, node: Node) -> None:
    """`Header [always|onsuccess] action name ...` and `RequestHeader action ...`."""
    is_request = node.name.lower() == "requestheader"
    rule = _header_rule(run, node, is_request)
    run.header_rules.append((node, rule))
    conf = place.draft.conf
    if is_request:
        place.draft.conf = replace(
            conf, request_header_rules=(*conf.request_header_rules, rule)
        )
    else:
        place.draft.conf = replace(conf, header_rules=(*conf.header_rules, rule))


def _header_rule(run: Drafts, node: Node, is_request: bool) -> HeaderRule:
    words = list(node.args)
    always = False
    if not is_request and words and words[0].lower() in ("always", "onsuccess"):
        always = words.pop(0).lower() == "always"
    action = HeaderAction(words[0].lower())
    name = words[1] if action is HeaderAction.ECHO else words[1].partition(":")[0]
    value, clause, regex = _value_and_clause(run, node, action, words[2:])
    condition, early = _clause(clause)
    if action is HeaderAction.ECHO:
        complaint = "Header echo regex could not be compiled"
        run.take_regex(node, name, number="FB0270", complaint=complaint)
    return HeaderRule(
        action=action,
        name=name,
        value=value,
        regex=regex,
        always=always,
        early=early,
        condition=condition,
    )


def _value_and_clause(
    run: Drafts, node: Node, action: HeaderAction, words: list[str]
) -> tuple[Format, str | None, str | None]:
    """(value, env clause, regex) of what follows the name."""
    value = words[0] if words else None
    second = words[1] if len(words) > 1 else None
    clause = words[2] if len(words) > 2 else None
    if action in _EDITS:
        assert value is not None and second is not None  # the registry counts
        complaint = "Header edit regex could not be compiled"
        run.take_regex(node, value, number="FB0270", complaint=complaint)
        return _format(second), clause, value
    clause = second
    if action in (HeaderAction.UNSET, HeaderAction.ECHO):
        return (), value, None
    assert value is not None
    return _format(value), clause, None


def _format(text: str) -> Format:
    if text.lower().startswith("expr="):
        cure = "for the scheme write the word itself, for a variable %{NAME}e"
        raise Mistake("FB0270", NO_EXPRESSIONS, cure=cure, word=text)
    try:
        return parse_header_format(text)
    except FormatError as problem:
        cure = "write %% for a percent sign"
        raise Mistake("FB0270", str(problem), cure=cure, word=text) from problem


def _clause(word: str | None) -> tuple[EnvCondition | None, bool]:
    """(condition, early) of the last argument."""
    if word is None:
        return None, False
    lowered = word.lower()
    if lowered == "early":
        return None, True
    if lowered.startswith("expr="):
        cure = "use SetEnvIf and env=NAME"
        raise Mistake("FB0270", NO_EXPRESSIONS, cure=cure, word=word)
    if lowered.startswith("env="):
        condition = env_condition(word)
        if condition is None:
            raise Mistake(
                "FB0270",
                "error: missing environment variable name. envclause should be in the"
                " form env=envar",
                word=word,
            )
        return condition, False
    cure = "put quotes around a value with blanks"
    raise Mistake("FB0270", f"Unknown parameter: {word}", cure=cure, word=word)


def set_env(run: Drafts, place: Place, node: Node) -> None:
    """`SetEnv name [value]`."""
    name = node.args[0]
    value = node.args[1] if len(node.args) > 1 else ""
    if "=" in name:
        run.report.warn(
            node,
            "FB0271",
            "AH10032: Spurious usage of '=' in an environment variable name."
            f" 'SetEnv {name.replace('=', ' ', 1)}' expected instead?",
            word=name,
        )
    run.variables.append((node, name))
    _add_env(
        place, [EnvRule(name, value.encode("latin-1", "replace"), None, None, False)]
    )


def pass_env(run: Drafts, place: Place, node: Node) -> None:
    """`PassEnv name ...`: the value that the environment had at start."""
    for name in node.args:
        value = run.environ.get(name)
        if value is None:
            run.report.warn(
                node,
                "FB0272",
                f"AH01506: PassEnv variable {name} was undefined",
                word=name,
            )
        else:
            run.variables.append((node, name))
            data = value.encode("utf-8", "surrogateescape")
            _add_env(place, [EnvRule(name, data, None, None, False)])


def unset_env(_run: Drafts, place: Place, node: Node) -> None:
    """`UnsetEnv name ...`."""
    _add_env(place, [EnvRule(name, None, None, None, False) for name in node.args])


def _add_env(place: Place, rules: list[EnvRule]) -> None:
    conf = place.draft.conf
    place.draft.conf = replace(conf, env_rules=(*conf.env_rules, *rules))


def set_env_if(run: Drafts, place: Place, node: Node) -> None:
    """`SetEnvIf[NoCase] attribute regex [!]VAR[=value] ...`, `BrowserMatch[NoCase]`."""
    words = list(node.args)
    name = node.name.lower()
    ignore_case = name.endswith("nocase")
    attribute = "User-Agent" if name.startswith("browsermatch") else words.pop(0)
    regex = words.pop(0)
    if not regex:
        raise Mistake("FB0273", f"Missing regular expression for {node.name}")
    take = partial(run.take_regex, node, ignore_case=ignore_case, number="FB0273")
    take(regex, complaint=f"{node.name} regex could not be compiled.")
    if is_name_regex(attribute):
        take(attribute, complaint="Header name regex could not be compiled")
    rules: list[EnvRule] = []
    for word in words:
        variable, equals, text = word.partition("=")
        value: bytes | None = text.encode("latin-1", "replace")
        if not text:
            value = b"1"
        if variable.startswith("!") and not equals:
            variable, value = variable[1:], None
        if value is not None:
            run.variables.append((node, variable))
        rules.append(EnvRule(variable, value, attribute, regex, ignore_case))
    conf = place.draft.conf
    place.draft.conf = replace(conf, set_env_if=(*conf.set_env_if, *rules))


HANDLERS: Final[dict[str, Handler]] = {
    "header": header,
    "requestheader": header,
    "setenv": set_env,
    "passenv": pass_env,
    "unsetenv": unset_env,
    "setenvif": set_env_if,
    "setenvifnocase": set_env_if,
    "browsermatch": set_env_if,
    "browsermatchnocase": set_env_if,
}
