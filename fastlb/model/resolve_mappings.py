"""ProxyPass and ProxyPassMatch: what goes where.

Apache's messages and the order in which it finds them: mod_proxy.c add_pass.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import pairwise, product
from math import prod
from typing import Final

from fastlb.config.tree import Node
from fastlb.model.drafts import (
    Drafts,
    Handler,
    MappingDraft,
    MemberDraft,
    Place,
    ServerDraft,
    balancer_of,
)
from fastlb.model.globs import glob_to_regex
from fastlb.model.regex_values import Group, groups_of
from fastlb.model.report import Mistake, did_you_mean
from fastlb.model.resolve_params import (
    balancer_target,
    direct_params,
    located,
    member_target,
    say_unchecked,
    take_balancer_param,
    take_member_param,
)
from fastlb.model.targets import (
    is_balancer_url,
)

MAPPING_WORDS: Final = ("nocanon", "noquery", "interpolate")


# A "$1" where the host begins, or in the middle of its name: http://$1/, http://a$1.b/
_HOST_FROM_REQUEST: Final = re.compile(
    r"(?:unix:[^|]*\|)?[a-z0-9+.-]+://(?:\$(?!\{)|[^/]*\$[0-9][^/?$])", re.IGNORECASE
)
_AUTHORITY: Final = re.compile(
    r"((?:unix:[^|]*\|)?[A-Za-z0-9+.-]+://)([^/?]*)(.*)", re.DOTALL
)
_GROUP: Final = re.compile(r"\$([0-9])")
_IN_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]+")
_LETTERS: Final = re.compile(r"\^(?:[^][\\.^$*+?(){}|]|\\[^A-Za-z0-9])*")
"""The beginning of a path, letter by letter."""
ROWS_MAX: Final = 256
"""Mappings that one ProxyPassMatch stands for."""
_HOST_FROM_VARIABLE: Final = re.compile(r"[^:]*://[^/]*\$\{")
# What a <LocationMatch> may hold that is meant, and taken by Apache, as it stands.
_PLAIN_PATH: Final = re.compile(r"/[^][*?\\^$|(){}+]*")
PASS_NAME: Final = "ProxyPass|ProxyPassMatch"


def proxy_pass(run: Drafts, place: Place, node: Node) -> None:
    """ProxyPass and ProxyPassMatch, in a server or a <Location>."""
    is_regex = node.name.lower() == "proxypassmatch"
    words = list(node.args)
    section = place.section
    pattern: str | None = None
    if section is not None:
        # Differs from Apache: the pattern of a <LocationMatch> that is no plain path is
        # always a regex (there it is one only when it holds one of * ? [ \).
        is_regex = is_regex or section.is_glob
        is_regex = is_regex or (
            section.is_regex and not _PLAIN_PATH.fullmatch(section.pattern)
        )
        pattern = section.pattern
        if section.is_glob:
            pattern = glob_to_regex(pattern, slash_is_special=True)
    if words and words[0] == "~":
        if is_regex and section is None:
            raise Mistake("FB0220", "ProxyPassMatch invalid syntax ('~' usage).")
        is_regex = True
        del words[0]
    if pattern is None and words:
        pattern = words.pop(0)
    target = words.pop(0) if words else None
    if pattern is None or target is None:
        raise Mistake(
            "FB0220",
            f"{PASS_NAME} needs a path when not defined in a location",
            cure=f"write {node.name} /path http://host/path",
        )
    flags: set[str] = set()
    encoded = False
    params: list[tuple[str, str]] = []
    for word in words:
        key, equals, value = word.partition("=")
        if word.lower() in MAPPING_WORDS:
            flags.add(word.lower())
        elif not equals:
            raise _not_a_pair(place, target, word)
        elif key.lower() == "mapping":
            if value.lower() not in ("encoded", "servlet"):
                raise Mistake("FB0220", "unknown mapping", word=word)
            encoded = True
            if value.lower() == "servlet":
                run.report.warn(
                    node,
                    "FB0221",
                    "mapping=servlet is taken as mapping=encoded",
                    why="path parameters are not dropped for matching",
                    word=word,
                )
        else:
            params.append((key, value))
    if is_regex:
        run.take_regex(node, pattern)
    rows = [(pattern, target)]
    if is_regex and section is None:
        rows = written_out(pattern, target) or rows
    for pattern, target in rows:
        draft = MappingDraft(
            pattern=pattern,
            is_regex=is_regex,
            target=target,
            node=node,
            nocanon="nocanon" in flags,
            noquery="noquery" in flags,
            interpolate="interpolate" in flags,
            encoded=encoded,
        )
        if len(rows) > 1:
            run.take_regex(node, pattern)
        if target != "!":
            _bind_target(run, place, node, draft, params)
        if section is None:
            place.server.mappings.append(draft)
        else:
            place.draft.mapping = draft


def written_out(pattern: str, target: str) -> list[tuple[str, str]]:
    """A ProxyPassMatch for each host that its groups can name.

    `^/(a|b)/(.*)` to http://$1.internal/$2 is `^/(a)/(.*)` to http://a.internal/$2, and
    the same of b. []: the host is written, or a group can hold what nobody knows.
    Mistake: which of them a path is for would change.
    """
    head = _AUTHORITY.match(target)
    numbers = dict.fromkeys(map(int, _GROUP.findall(head[2]))) if head else {}
    if not numbers:
        return []
    groups = groups_of(pattern)
    choices: list[list[tuple[int, str]]] = []
    for number in numbers:
        group = groups.get(number)
        if group is None or group.holds_groups or group.is_repeated or not number:
            return []
        values = sorted(group.values or ())
        if not values or not all(map(_IN_HOST.fullmatch, values)):
            return []
        choices.append([(number, value) for value in values])
    if prod(map(len, choices)) > ROWS_MAX:
        return []
    if not _is_decided(pattern, groups, numbers):
        raise Mistake(
            "FB0224",
            f"ProxyPass {target}: several words of a group may fit one path",
            why="which host is meant depends on their order, or on where they stand",
            cure="let ^/ and plain letters stand before a group such as (one|two), and"
            " no word of it begin with another",
            word=target,
        )
    found: list[tuple[str, str]] = []
    for chosen in product(*choices):
        values_of = dict(chosen)
        made = pattern
        for number in sorted(values_of, key=lambda one: groups[one].begin)[::-1]:
            group = groups[number]
            word = re.sub(r"[^A-Za-z0-9]", r"\\\g<0>", values_of[number])
            made = made[: group.begin] + word + made[group.end :]
        assert head is not None
        found.append((made, head[1] + _filled(head[2], values_of) + head[3]))
    return found


def _is_decided(
    pattern: str, groups: Mapping[int, Group], named: Collection[int]
) -> bool:
    """Does a path fit one choice of words alone, whatever their order?

    So it is where the path begins with letters and groups of words, as far as those
    that are named have several, and no word begins with another.
    """
    choices = [one for number, one in groups.items() if number and one.values]
    several = [
        groups[number] for number in named if len(groups[number].values or ()) > 1
    ]
    end = max((one.end + 1 for one in several), default=0)
    head = pattern[:end]
    for one in sorted(choices, key=lambda one: one.begin)[::-1]:
        if one.end < end and not (one.holds_groups or one.is_repeated):
            words = sorted(one.values or ())
            if any(longer.startswith(word) for word, longer in pairwise(words)):
                return False
            head = head[: head.rfind("(", 0, one.begin)] + head[one.end + 1 :]
    return not end or _LETTERS.fullmatch(head) is not None


def _filled(text: str, values_of: dict[int, str]) -> str:
    return _GROUP.sub(lambda found: values_of[int(found[1])], text)


def _not_a_pair(place: Place, target: str, word: str) -> Mistake:
    if place.section is not None and target.startswith("/"):
        return Mistake(
            "FB0220",
            f"{PASS_NAME} can not have a path when defined in a location.",
            why=f"the path is that of <{place.section.kind.value}>",
            cure=f"leave out {target}",
            word=target,
        )
    return Mistake(
        "FB0220",
        f"Invalid {PASS_NAME} parameter. Parameter must be in the form 'key=value'.",
        why=f"{word!r} has no '='",
        cure=did_you_mean(word, MAPPING_WORDS),
        word=word,
    )


def _bind_target(
    run: Drafts,
    place: Place,
    node: Node,
    draft: MappingDraft,
    params: list[tuple[str, str]],
) -> None:
    """Connect a mapping with its balancer or member."""
    text = draft.target
    server = place.server
    if is_balancer_url(text):
        name, path = balancer_target(text, "ProxyPass")
        draft.balancer = name
        draft.target_path = path
        draft.target = name + path
        balancer = balancer_of(server, name, node)
        for key, value in params:
            take_balancer_param(run, node, balancer, key, value, prefix="ProxyPass ")
        if params:
            balancer.is_defined = balancer.is_defined or bool(balancer.members)
        return
    if (draft.is_regex and _HOST_FROM_REQUEST.match(text)) or (
        draft.interpolate and _HOST_FROM_VARIABLE.match(text)
    ):
        raise Mistake(
            "FB0224",
            f"ProxyPass {text}: the host may not come from the request",
            why="whoever sends the request would choose where it goes",
            cure="write the host, and a slash before the first $; or let it stand for a"
            " group such as (one|two)",
            word=text,
        )
    target = located(run, server, member_target(text, "ProxyPass"))
    # Apache keeps no connections of such a worker unless enablereuse=on, since its
    # URL changes with each request. Differs from Apache: ours is bound to the
    # authority, which does not change.
    is_open = draft.is_regex and "$" in target.path and not run.lenient
    values = direct_params(run, server, target, disable_reuse=is_open)
    for key, value in params:
        take_member_param(
            run,
            node,
            values,
            key,
            value,
            server=server,
            prefix="ProxyPass ",
            scheme=target.scheme,
        )
    say_unchecked(run, node, (key for key, _ in params))
    draft.member = _shared_member(server, MemberDraft(target, values, node))
    draft.target = target.url
    draft.target_path = target.path


def _shared_member(server: ServerDraft, wanted: MemberDraft) -> MemberDraft:
    """One member for all mappings to one authority with equal parameters.

    Differs from Apache, where a URL that begins with an earlier worker's URL takes
    that worker with its parameters (AH01146): here parameters follow the rule.
    """
    for member in server.direct_at.get(wanted.target.authority_url, ()):
        if member.params == wanted.params:
            return member
    server.add_direct(wanted)
    return wanted


HANDLERS: Final[dict[str, Handler]] = {
    "proxypass": proxy_pass,
    "proxypassmatch": proxy_pass,
}
