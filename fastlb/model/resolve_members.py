"""<Proxy>, BalancerMember, ProxySet: who is behind us.

Apache's messages and the order in which it finds them: mod_proxy.c add_member,
set_proxy_param, proxysection.
"""

from __future__ import annotations

from typing import Final

from fastlb.base.limits import MEMBERS_PER_BALANCER_MAX
from fastlb.config.directives.member_params import HEALTH, MEMBER
from fastlb.config.tree import Node
from fastlb.model.drafts import (
    DirectSettings,
    Drafts,
    Handler,
    MemberDraft,
    Place,
    ServerDraft,
    balancer_of,
)
from fastlb.model.report import Mistake, did_you_mean, place_of
from fastlb.model.resolve_health import look_at_check
from fastlb.model.resolve_params import (
    balancer_target,
    key_value_pairs,
    member_target,
    say_unchecked,
    take_balancer_param,
    take_member_param,
)
from fastlb.model.targets import (
    GATEWAY_SCHEMES,
    TargetError,
    is_balancer_url,
    is_leading_part,
    parse_target,
)


def balancer_member(run: Drafts, place: Place, node: Node) -> None:
    """BalancerMember [balancer-url] url [key=value ...]."""
    words: list[str] = []
    params: list[tuple[str, str]] = []
    path = place.proxy
    inside = path is not None
    for word in node.args:
        key, equals, value = word.partition("=")
        if equals and not _looks_like_url(word):
            params.append((key, value))
        elif len(words) < (1 if inside else 2):
            words.append(word)
        elif inside:
            raise Mistake(
                "FB0226",
                "BalancerMember can not have a balancer name when defined in a"
                " location",
                why=f"{word!r} has no '=', so that it would be a name or URL too many",
                cure=did_you_mean(word, MEMBER.names()),
                word=word,
            )
        else:
            raise Mistake(
                "FB0226",
                "Invalid BalancerMember parameter. Parameter must be in the form"
                " 'key=value'",
                why=f"{word!r} has no '='",
                cure=did_you_mean(word, MEMBER.names()),
                word=word,
            )
    if not inside:
        path = words.pop(0) if words else None
    if path is None:
        raise Mistake(
            "FB0226",
            "BalancerMember must define balancer name when outside <Proxy > section",
        )
    if not words:
        hint = "" if is_balancer_url(path) else _LOST_PROXY
        raise Mistake(
            "FB0226",
            "BalancerMember must define remote proxy server",
            why=hint,
            cure=f"write BalancerMember balancer://name {path}" if hint else "",
        )
    if not is_balancer_url(path):
        raise Mistake(
            "FB0226",
            f"BalancerMember {path} is not the name of a balancer",
            cure="write <Proxy balancer://name> around the members",
            word=path,
        )
    name, _ = balancer_target(path, "BalancerMember")
    target = None
    with run.report.mistakes_at(node):
        target = member_target(words[0], "BalancerMember")
    values = MEMBER.presets()
    scheme = "" if target is None else target.scheme
    values["disable_reuse"] = scheme in GATEWAY_SCHEMES
    for key, value in params:
        take_member_param(
            run,
            node,
            values,
            key,
            value,
            server=place.server,
            prefix="BalancerMember ",
            scheme=scheme,
        )
    balancer = balancer_of(place.server, name, node)
    balancer.is_defined = True
    if target is None:
        balancer.is_broken = True
        return
    health_keys = [key for key, _ in params if key.lower() in HEALTH.table]
    look_at_check(run, node, values, scheme, health_keys)
    if len(balancer.members) == MEMBERS_PER_BALANCER_MAX:
        balancer.is_broken = True
        raise Mistake(
            "FB0300",
            f"balancer '{name}' has more than {MEMBERS_PER_BALANCER_MAX} members",
            cure="divide them among several balancers",
        )
    neighbours = balancer.members_at.setdefault(target.authority_url, [])
    for member in neighbours:
        if is_leading_part(member.target, target):
            run.report.warn(
                node,
                "FB0227",
                f"AH01148: Defined worker '{member.target.url}' for balancer"
                f" '{name}' is shared by {target.url}; the line is ignored",
                why=f"its URL begins with that of {place_of(member.node)}, so Apache"
                " takes the two for one member",
                cure="remove the line, or put the longer URL first",
            )
            return
    balancer.members.append(MemberDraft(target, values, node))
    neighbours.append(balancer.members[-1])


_LOST_PROXY: Final = (
    "it looks as if <Proxy balancer://...> and </Proxy> around the members were lost"
)


def _looks_like_url(word: str) -> bool:
    """True for `http://h/?a=b`: an "=" after "://" makes no parameter of a URL."""
    place = word.find("://")
    return 0 <= place < word.find("=")


def proxy_set(run: Drafts, place: Place, node: Node) -> None:
    """ProxySet [url] key=value ..."""
    words = list(node.args)
    name = place.proxy
    inside = name is not None
    if name is None:
        name = words.pop(0) if words else ""
    if is_balancer_url(name):
        key_name, _ = balancer_target(name, "ProxySet")
        if not inside and key_name not in place.server.balancers:
            known = place.server.balancers
            raise Mistake(
                "FB0228",
                f"ProxySet can not find '{name}' Balancer.",
                cure=did_you_mean(key_name, known),
                word=name,
            )
        balancer = balancer_of(place.server, key_name, node)
        balancer.is_defined = True
        for key, value in key_value_pairs(run, node, words, "ProxySet"):
            take_balancer_param(
                run, node, balancer, key, value, prefix="ProxySet: ", name=name
            )
        return
    if not inside and not _direct_members_of(place.server, name):
        hint = _LOST_PROXY if "=" in name and "://" not in name else ""
        raise Mistake("FB0228", f"ProxySet can not find '{name}' Worker.", why=hint)
    _set_direct(run, place.server, node, name, words, directive="ProxySet")


def _direct_members_of(server: ServerDraft, url: str) -> list[MemberDraft]:
    """Direct members that a ProxySet for url means.

    Those whose URL begins with it; Apache's is the one that it begins with.
    """
    try:
        wanted = parse_target(url)
    except TargetError:
        return []
    return [
        member
        for member in server.direct_members
        if is_leading_part(wanted, member.target)
        or is_leading_part(member.target, wanted)
    ]


def _set_direct(
    run: Drafts,
    server: ServerDraft,
    node: Node,
    url: str,
    words: list[str],
    *,
    directive: str,
) -> None:
    """Apply key=value words to direct members, also to those that are still to come."""
    target = member_target(url, directive)
    prefix = "<Proxy " if directive == "Proxy" else f"{directive}: "
    pairs = key_value_pairs(run, node, words, directive)
    trial = {**MEMBER.presets(), "status": "I"}
    for key, value in pairs:
        take_member_param(
            run,
            node,
            trial,
            key,
            value,
            server=server,
            prefix=prefix,
            scheme=target.scheme,
            name=url,
        )
        for member in _direct_members_of(server, url):
            MEMBER.take(member.params, key, value)
    say_unchecked(run, node, (key for key, _ in pairs))
    server.direct_settings.append(DirectSettings(target, pairs))


def section_params(run: Drafts, place: Place, node: Node) -> None:
    """The key=value words of `<Proxy balancer://name key=value>` itself."""
    section = place.section
    words = list(node.args[1:])
    if section is None or not words:
        return
    if section.is_glob or section.is_regex:
        raise Mistake("FB0229", "<Proxy> arguments are not supported for wildchar url.")
    if "://" not in section.pattern:
        raise Mistake("FB0229", "<Proxy> arguments are not supported for non url.")
    if place.balancer is not None:
        balancer = balancer_of(place.server, place.balancer, node)
        balancer.is_defined = True
        for key, value in key_value_pairs(run, node, words, "Proxy"):
            take_balancer_param(
                run,
                node,
                balancer,
                key,
                value,
                prefix="<Proxy ",
                name=section.pattern,
            )
        return
    _set_direct(run, place.server, node, section.pattern, words, directive="Proxy")


HANDLERS: Final[dict[str, Handler]] = {
    "balancermember": balancer_member,
    "proxyset": proxy_set,
}
