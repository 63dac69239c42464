"""Header and RequestHeader, and the request's environment: SetEnv, SetEnvIf, ...

Messages and their order are those of mod_headers.c, mod_setenvif.c and mod_env.c.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.expressions import Expression
from fastlb.facts.rules import (
    EnvCondition,
    EnvRule,
    Format,
    HeaderAction,
    HeaderRule,
    is_name_regex,
)
from fastlb.model.conditions import env_condition, expression_in
from fastlb.model.drafts import Drafts, Handler, Place
from fastlb.model.expressions import taken
from fastlb.model.headerformat import FormatError, parse_header_format
from fastlb.model.report import Mistake

_EDITS: Final = (HeaderAction.EDIT, HeaderAction.EDIT_ALL)


def header(run: Drafts, place: Place, node: Node) -> None:
    """`Header [always|onsuccess] action name ...` and `RequestHeader action ...`."""
    is_request = node.name.lower() == "requestheader"
    rule = _header_rule(run, node, is_request)
    run.header_rules.append((node, rule))
    if rule.early and place.section is not None:
        run.report.warn(
            node,
            "FB0321",
            f"{node.name} ... early has no effect in a section",
            why="it runs before sections are looked for, as in Apache",
            cure="leave out early, or write it outside of sections",
        )
        return
    place.draft.add("request_header_rules" if is_request else "header_rules", rule)


def _header_rule(run: Drafts, node: Node, is_request: bool) -> HeaderRule:
    words = list(node.args)
    always = False
    if not is_request and words and words[0].lower() in ("always", "onsuccess"):
        always = words.pop(0).lower() == "always"
    action = HeaderAction(words[0].lower())
    name = words[1] if action is HeaderAction.ECHO else words[1].partition(":")[0]
    value, clause, regex = _value_and_clause(run, node, action, words[2:])
    condition, expression, early = _clause(run, node, clause)
    if action is HeaderAction.ECHO:
        complaint = "Header echo regex could not be compiled"
        run.take_regex(node, name, number="FB0270", complaint=complaint)
    composed = value if isinstance(value, Expression) else None
    return HeaderRule(
        action=action,
        name=name,
        value=() if isinstance(value, Expression) else value,
        regex=regex,
        always=always,
        early=early,
        condition=condition,
        expression=expression,
        composed=composed,
    )


def _value_and_clause(
    run: Drafts, node: Node, action: HeaderAction, words: list[str]
) -> tuple[Format | Expression, str | None, str | None]:
    """(value, env clause, regex) of what follows the name."""
    value = words[0] if words else None
    second = words[1] if len(words) > 1 else None
    clause = words[2] if len(words) > 2 else None
    if action in _EDITS:
        assert value is not None and second is not None  # the registry counts
        complaint = "Header edit regex could not be compiled"
        run.take_regex(node, value, number="FB0270", complaint=complaint)
        return _format(run, node, second), clause, value
    clause = second
    if action in (HeaderAction.UNSET, HeaderAction.ECHO):
        return (), value, None
    assert value is not None
    return _format(run, node, value), clause, None


def _format(run: Drafts, node: Node, text: str) -> Format | Expression:
    if text.startswith("expr="):
        return taken(
            run,
            node,
            text.removeprefix("expr="),
            number="FB0270",
            words="Can't parse value expression : ",
            is_text=True,
        )
    try:
        return parse_header_format(text)
    except FormatError as problem:
        cure = "write %% for a percent sign"
        raise Mistake("FB0270", str(problem), cure=cure, word=text) from problem


def _clause(
    run: Drafts, node: Node, word: str | None
) -> tuple[EnvCondition | None, Expression | None, bool]:
    """(condition, expression, early) of the last argument."""
    if word is None:
        return None, None, False
    lowered = word.lower()
    if lowered == "early":
        return None, None, True
    text = expression_in(word)
    if text is not None:
        words = "Can't parse envclause/expression: "
        said = taken(run, node, text, number="FB0270", words=words)
        return None, said, False
    if lowered.startswith("env="):
        condition = env_condition(word)
        if condition is None:
            raise Mistake(
                "FB0270",
                "error: missing environment variable name. envclause should be in the"
                " form env=envar",
                word=word,
            )
        return condition, None, False
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
    place.draft.add("env_rules", *rules)


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
    _set_variables(
        run, place, node, words, EnvRule("", None, attribute, regex, ignore_case)
    )


def set_env_if_expr(run: Drafts, place: Place, node: Node) -> None:
    """`SetEnvIfExpr expression [!]VAR[=value] ...`."""
    text, *words = node.args
    expression = taken(
        run,
        node,
        text,
        number="FB0273",
        words=f'Could not parse expression "{text}": ',
    )
    asks = EnvRule("", None, None, None, False, expression)
    _set_variables(run, place, node, words, asks)


def _set_variables(
    run: Drafts, place: Place, node: Node, words: list[str], asks: EnvRule
) -> None:
    """A rule for each `[!]VAR[=value]`, under the condition of asks."""
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
        rules.append(replace(asks, variable=variable, value=value))
    place.draft.add("set_env_if", *rules)


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
    "setenvifexpr": set_env_if_expr,
}
