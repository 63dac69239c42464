"""Parameters of members and balancers as they stand in directives.

Their declarations (`config/directives/`) know what is sound; here a complaint gets
the words around it that Apache writes for each directive, and what is taken otherwise
than it was meant is explained.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from fastlb.config.directives.balancer_params import (
    BALANCER,
    LBMETHODS,
    LBMETHODS_OWN,
    REGEX_REFUSED,
    UNKNOWN_METHOD,
)
from fastlb.config.directives.member_params import AGENT_KEYS, HEALTH, MEMBER
from fastlb.config.outside_methods import outside_methods, source_of
from fastlb.config.parameter import Parameter
from fastlb.config.registry import Status
from fastlb.config.suggest import only_nearest
from fastlb.config.tree import Node
from fastlb.facts.regex import why_refused
from fastlb.model.drafts import (
    BalancerDraft,
    DirectSettings,
    Drafts,
    ServerDraft,
    Values,
)
from fastlb.model.report import Mistake, did_you_mean
from fastlb.model.resolve_health import advice, take_health_param
from fastlb.model.resolve_sticky import key_of
from fastlb.model.targets import (
    GATEWAY_SCHEMES,
    Target,
    TargetError,
    advice_on,
    at_its_root,
    at_socket,
    is_leading_part,
    parse_target,
    split_balancer_url,
    target_instead,
    without_socket,
)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_NOT_SERVED: Final = {
    "h2": "HTTP/2 towards members is not supported; use http://",
    "h2c": "HTTP/2 towards members is not supported; use http://",
    "ftp": "FTP is not supported",
    "fdpass": "passing sockets to another process is not supported",
}

_SERVED: Final = ("http", "https", "ws", "wss", "ajp", *GATEWAY_SCHEMES)


def _explain(
    run: Drafts, node: Node, declared: Parameter, value: str, scheme: str = ""
) -> None:
    """Say what is done instead: a note once a key, a warning where it is missed."""
    is_of_others = bool(declared.of) and scheme not in declared.of
    if declared.status is not Status.EXPLAINED and not is_of_others:
        return
    tell, number = run.report.warn, "FB0130"
    if not declared.cure:
        if declared.key in run.noted:
            return
        run.noted.add(declared.key)
        tell, number = run.report.note, "FB0127"
    pair = f"{declared.key}={value}"
    text = f"{pair} has no effect: {declared.reason}"
    tell(node, number, text, cure=declared.cure, word=pair)


def balancer_target(text: str, directive: str) -> tuple[str, str]:
    """As split_balancer_url; raises a Mistake."""
    try:
        return split_balancer_url(text)
    except TargetError as problem:
        raise Mistake("FB0223", f"{directive} {problem}", word=text) from problem


class NowhereError(Mistake):
    """A target that nobody could reach, however it is served."""


def member_target(text: str, directive: str) -> Target:
    """As parse_target, of the schemes that are served; raises a Mistake."""
    try:
        target = parse_target(text)
    except TargetError as problem:
        why, cure = advice_on(text)
        raise NowhereError(
            "FB0223",
            f"{directive} {problem}",
            why=why,
            cure=cure,
            word=text,
            instead=target_instead(text),
        ) from problem
    if target.scheme not in _SERVED:
        if target.scheme not in _NOT_SERVED:
            raise NowhereError(
                "FB0225",
                f"{directive} {text}: the scheme {target.scheme}:// is not known",
                cure="write http://",
                word=text,
            )
        raise Mistake(
            "FB0225",
            f"{directive} {text}: {_NOT_SERVED[target.scheme]}",
            word=text,
        )
    return target


def direct_params(
    run: Drafts, server: ServerDraft, target: Target, *, disable_reuse: bool
) -> Values:
    """Of a member without a balancer: what ProxySet says of its URL.

    What the main server has said so far holds in virtual hosts, unless they say more.
    """
    values = {**MEMBER.presets(), "status": "I", "disable_reuse": disable_reuse}
    values["disable_reuse"] |= target.scheme in GATEWAY_SCHEMES
    for settings in _said_of_urls(run, server):
        if any(
            is_leading_part(settings.target, one)
            for one in (target, without_socket(target))
        ):
            for key, value in settings.pairs:
                MEMBER.take(values, key, value)
    return values


def located(run: Drafts, server: ServerDraft, target: Target) -> Target:
    """A URL without a socket at the one where a <Proxy unix:/path|URL> puts it."""
    if target.unix_path is None:
        for settings in _said_of_urls(run, server):
            path = settings.target.unix_path
            named = without_socket(settings.target)
            if path and is_leading_part(named, at_its_root(target)):
                return at_socket(target, path)
    return target


def _said_of_urls(run: Drafts, server: ServerDraft) -> list[DirectSettings]:
    inherited = [] if server.is_main else run.main.direct_settings
    return [*inherited, *server.direct_settings]


def key_value_pairs(
    run: Drafts, node: Node, words: Iterable[str], directive: str
) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            run.report.error(
                node,
                "FB0226",
                f"Invalid {directive} parameter. Parameter must be in the form"
                " 'key=value'",
                why=f"{word!r} has no '='",
                word=word,
            )
            break
        pairs.append((key, value))
    return pairs


def take_balancer_param(
    run: Drafts,
    node: Node,
    balancer: BalancerDraft,
    key: str,
    value: str,
    *,
    prefix: str,
    name: str = "",
) -> None:
    """Set one parameter; a complaint reads as Apache's for this directive.

    name: what follows "key=value; " in the forms that show the pair.
    """
    if key.lower() == "upgrade" and run.lenient:
        _take_upgrade(run, node, balancer, value)
        return
    is_own_method = key.lower() == "lbmethod" and is_own(value)
    if is_own_method and not run.lenient:
        complaint: str | None = UNKNOWN_METHOD
    else:
        complaint = BALANCER.take(balancer.params, key, value, own=run.lenient)
    pair = f"{key}={value}"
    if complaint is None:
        if key.lower() == "stickykey":
            balancer.params["sticky_key"] = key_of(run, value)
        _explain_balancer_param(run, node, key.lower(), value)
        return
    tail = f" {pair}; {name}" if name else ""
    why = cure = ""
    instead: str | None = None
    if complaint == BALANCER.unknown:
        why, cure = _unknown_key(
            key, BALANCER.names(), MEMBER.names(), "BalancerMember"
        )
        instead = _other_key(pair, BALANCER.names(), MEMBER.names())
        if key.lower() == "routeregex":
            why = "routeregex= is Helicon Ape's"
            cure = "write stickysessionsep= with the character before the route"
    elif complaint == REGEX_REFUSED:
        why, cure = why_refused(value)
    elif complaint == UNKNOWN_METHOD and is_own_method:
        why = f"Apache 2.4 has no method {value}"
        cure = "leave out Compat apache and --strict, or write lbmethod=bybusyness"
    elif complaint == UNKNOWN_METHOD:
        known = [m for m in LBMETHODS if run.lenient or m not in LBMETHODS_OWN]
        outside = outside_methods() if run.lenient else {}
        cure = did_you_mean(value, (*known, *outside))
        said = [*known, *(_method_words(name, outside[name]) for name in outside)]
        why = f"known are {', '.join(said)}"
    run.report.error(
        node,
        "FB0230",
        prefix + complaint + tail,
        why=why,
        cure=cure,
        word=pair,
        instead=instead,
    )


def is_own(method: str) -> bool:
    """Is it a balancing method that Apache has not?"""
    return method in LBMETHODS_OWN or (
        method not in LBMETHODS and method in outside_methods()
    )


def _method_words(name: str, points: tuple[EntryPoint, ...]) -> str:
    return f"{name} (of {' and '.join(source_of(one) for one in points)})"


def _take_upgrade(run: Drafts, node: Node, balancer: BalancerDraft, value: str) -> None:
    """`upgrade=` where a balancer's parameters stand: for all of its members."""
    params: Values = {}
    complaint = MEMBER.take(params, "upgrade", value)
    pair = f"upgrade={value}"
    if complaint is not None:
        run.report.error(node, "FB0230", f"{node.name} {complaint}", word=pair)
        return
    balancer.upgrade = params["upgrade"]
    run.report.warn(
        node,
        "FB0201",
        f"{pair} is taken for every member of {balancer.name}",
        why="Apache refuses it: 'unknown Balancer parameter'",
        cure="write it behind each BalancerMember",
        word=pair,
    )


def _explain_balancer_param(run: Drafts, node: Node, key: str, value: str) -> None:
    if key == "routeregex":
        run.take_regex(node, value)
        run.report.warn(
            node,
            "FB0232",
            f"routeregex={value} is an extension (Helicon Ape's); Apache refuses it",
            why="the route is the first group of the first match in the session value",
            cure=_separator_cure(value),
            word=f"{key}={value}",
        )


def _separator_cure(regex: str) -> str:
    match = re.fullmatch(r"\\?(.)\((?:\.\*|\.\+)\)\$?", regex)
    if match is None:
        return ""
    return f"for Apache write stickysessionsep={match[1]}"


def take_member_param(
    run: Drafts,
    node: Node,
    params: Values,
    key: str,
    value: str,
    *,
    server: ServerDraft,
    prefix: str,
    scheme: str,
    name: str = "",
) -> None:
    """Set one parameter of a member; see take_balancer_param.

    server: where it stands; scheme: of the member's URL
    """
    pair = f"{key}={value}"
    if key.lower() == "status" and value.lower() == "hot_standby" and run.lenient:
        run.report.warn(
            node,
            "FB0233",
            "status=hot_standby is taken as status=+H (hot standby)",
            why="Apache reads the value letter by letter and refuses it:"
            " 'BalancerMember Unknown status parameter option'",
            cure="write status=+H",
            word=pair,
        )
        key, value = "status", "+H"
    if key.lower() in HEALTH.table:
        complaint = take_health_param(run, server, params, key, value)
    else:
        complaint = MEMBER.take(params, key, value, own=run.lenient)
    if complaint is None:
        _explain(run, node, MEMBER.table[key.lower()], value, scheme)
        return
    why = cure = ""
    instead: str | None = None
    if key.lower() in HEALTH.table:
        why, cure = advice(run, server, key, value, complaint)
    elif complaint == MEMBER.unknown:
        if "proxy_hcheck_module" in run.modules:
            complaint = "unknown Worker hcheck parameter"
        why, cure = _unknown_key(key, MEMBER.names(), BALANCER.names(), "ProxySet")
        instead = _other_key(pair, MEMBER.names(), BALANCER.names())
    elif complaint.startswith("Unknown status"):
        why = "the value is read letter by letter: I N D S H R, with + and -"
        if value.lower() == "hot_standby":
            cure = "write status=+H"
    elif complaint.startswith("LoadFactor"):
        why = "a member without a share would never be elected"
        cure = "write status=+D to keep it out, or status=+H for a hot standby"
    tail = f" {pair}; {name}" if name else ""
    run.report.error(
        node,
        "FB0230",
        prefix + complaint + tail,
        why=why,
        cure=cure,
        word=pair,
        instead=instead,
    )


def say_unchecked(run: Drafts, node: Node, keys: Iterable[str]) -> None:
    """Of a member without a balancer."""
    for key in keys:
        if key.lower() in HEALTH.table or key.lower() in AGENT_KEYS:
            run.report.warn(
                node,
                "FB0234",
                f"{key}= has no effect: only members of balancers are checked",
                why="there is nobody to serve in its place",
                cure="make it a BalancerMember",
                word=key,
            )
            return


def _unknown_key(
    key: str, known: tuple[str, ...], elsewhere: tuple[str, ...], where: str
) -> tuple[str, str]:
    """(why, cure) of an unknown parameter."""
    if key.lower() in elsewhere:
        return f"{key}= is not known here", f"it belongs to {where}"
    if key.lower() in known:  # our own
        return (
            f"Apache 2.4 has no {key}=",
            "leave it out, or Compat apache and --strict",
        )
    return f"unknown parameter {key!r}", did_you_mean(key, known)


def _other_key(
    pair: str, known: tuple[str, ...], elsewhere: tuple[str, ...]
) -> str | None:
    """The pair with the key that was surely meant."""
    key, _, value = pair.partition("=")
    best = only_nearest(key, known)
    is_elsewhere = key.lower() in (*elsewhere, *known)
    return None if best is None or is_elsewhere else f"{best}={value}"
