"""What changes between two models, in the words of the configuration.

It tells an operator which hosts, mappings, members and settings come, go and become
others. Lines alone, the order of declarations and the numbers that a model gives are no
change.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final, TypeVar

from fastlb.config.directives import declarations
from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import MEMBER
from fastlb.config.parameter import Parameters
from fastlb.facts.adjustments import HEALTH_KEYS
from fastlb.facts.balancer import Balancer
from fastlb.facts.mapping import Mapping as Pass
from fastlb.facts.member import Member
from fastlb.facts.said import said_of_member
from fastlb.facts.server import Model
from fastlb.facts.vhost import DirConf, Line, Section, VHost

Item = TypeVar("Item")
NOWHERE: Final[Line] = ("", 0)
LISTED_MAX: Final = 6  # changes in one line of the log

_SECRET: Final = frozenset(("secret", "bind_password", "sticky_key"))
_NOT_SETTINGS: Final = frozenset(
    (
        *("file", "line", "lines", "index", "tls_group", "balancers", "vhost_id"),
        *("key", "members", "balancer_index", "member_index", "name", "url"),
        *("mappings", "sections", "default_conf", "mapping", "regexes"),
        *("handler_head", "handler_mapping"),
        *("proxy_sections", "proxy_sections_dynamic", "pattern", "is_regex"),
        *("target_path", "configured"),
    )
)
"""Fields that say who something is, where it stands, or have changes of their own."""

_WORDS: Final = {
    "header_rules": "Header",
    "request_header_rules": "RequestHeader",
    "env_rules": "SetEnv",
    "set_env_if": "SetEnvIf",
    "reverse_maps": "ProxyPassReverse",
    "cookie_domains": "ProxyPassReverseCookieDomain",
    "cookie_paths": "ProxyPassReverseCookiePath",
    "access": "Require",
    "auth_ldap": "AuthLDAP*",
    "redirects": "Redirect",
    "error_documents": "ErrorDocument",
    "handler": "SetHandler",
    "aliases": "ServerAlias",
    "written_names": "<VirtualHost>",
    "access_logs": "CustomLog",
    "registered_methods": "RegisterHttpMethod",
    "connect_ports": "AllowCONNECT",
    "tls": "SSL*",
    "agent": "agentcheck",
    "health_conditions": "ProxyHCExpr",
    "target": "target",
    "document_root": "DocumentRoot",
    "server_root": "ServerRoot",
}


class Sign(enum.Enum):
    COMES = "+"
    GOES = "-"
    DIFFERS = "~"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that comes, goes or differs.

    what    "host", "mapping", "section", "member", "balancer", "listener", "setting"
    name    of it: "www.example.org", "ProxyPass /api balancer://api", "Timeout"
    detail  "60 -> 30" of what differs
    host    the virtual host that it is of; "" for none, or the main server
    line    where it stands now, or stood
    """

    sign: Sign
    what: str
    name: str
    detail: str = ""
    host: str = ""
    line: Line = NOWHERE


def changes(old: Model, new: Model) -> list[Change]:
    """Everything that a reload from old to new changes, in the order of the new one."""
    return [
        *_settings("", old.process, new.process),
        *_keyed(
            "listener",
            {item.key: item for item in old.listeners},
            {item.key: item for item in new.listeners},
        ),
        *_hosts(old, new),
        *_balancers(old, new),
    ]


def told(found: Iterable[Change]) -> list[str]:
    """A line for each, with its place; those of one host stand beneath its name."""
    lines: list[str] = []
    host = ""
    for change in found:
        if change.host != host and change.host:
            lines.append(f"~ host {change.host}")
        host = change.host
        place = f"   {change.line[0]}:{change.line[1]}" if change.line[0] else ""
        indent = "    " if host else ""
        lines.append(f"{indent}{_words(change)}{place}")
    return lines


def log_line(found: Sequence[Change]) -> str:
    """One line for the error log."""
    if not found:
        return "nothing changed"
    parts = [
        f"host {item.host}: {_words(item)}" if item.host else _words(item)
        for item in found[:LISTED_MAX]
    ]
    if len(found) > LISTED_MAX:
        parts.append(f"and {len(found) - LISTED_MAX} changes more")
    return "; ".join(parts)


def _words(change: Change) -> str:
    what = "" if change.what in ("mapping", "section", "setting") else change.what
    text = " ".join(word for word in (change.sign.value, what, change.name) if word)
    return f"{text}: {change.detail}" if change.detail else text


def _short(change: Change) -> str:
    is_setting = change.what == "setting" and not change.detail
    return change.name if is_setting else _words(change)


# -- hosts


def _hosts(old: Model, new: Model) -> Iterator[Change]:
    before = {host.vhost_id: host for host in old.vhosts}
    after = {host.vhost_id: host for host in new.vhosts}
    of_main = list(_host(old, new, old.vhosts[0], new.vhosts[0]))
    inherited = {_said(change) for change in of_main}
    for key, host in before.items():
        if key not in after:
            line = (host.file, host.line)
            yield Change(Sign.GOES, "host", _host_name(host), line=line)
    for key, host in after.items():
        known = before.get(key)
        if known is None:
            line = (host.file, host.line)
            yield Change(Sign.COMES, "host", _host_name(host), line=line)
            continue
        if key == "":
            yield from of_main
            continue
        for change in _host(old, new, known, host):
            if _said(change) not in inherited:  # else it is said of the main server
                yield change


def _said(change: Change) -> tuple[Sign, str, str, str]:
    return change.sign, change.what, change.name, change.detail


def _host_name(host: VHost) -> str:
    return host.vhost_id or host.server_name


def _host(old: Model, new: Model, before: VHost, after: VHost) -> Iterator[Change]:
    name = _host_name(after)
    logs = tuple(
        tuple(
            (model.log_targets[log.target_index].target, log.format, log.condition)
            for log in host.access_logs
        )
        for model, host in ((old, before), (new, after))
    )
    if logs[0] != logs[1]:
        yield Change(Sign.DIFFERS, "setting", "CustomLog", host=name)
    yield from _settings(name, before, after, skipped=("access_logs",))
    yield from _conf(name, before.default_conf, after.default_conf)
    yield from _passes(name, before.mappings, after.mappings)
    yield from _sections(name, before.sections, after.sections)


def _pass_text(item: Pass) -> str:
    word = "ProxyPassMatch" if item.is_regex else "ProxyPass"
    return f"{word} {item.pattern} {'!' if item.exclude else item.target}"


def _passes(host: str, old: Sequence[Pass], new: Sequence[Pass]) -> Iterator[Change]:
    before = dict(_numbered((_pass_key(item), item) for item in old))
    after = dict(_numbered((_pass_key(item), item) for item in new))
    for key, item in before.items():
        if key not in after:
            line = (item.file, item.line)
            yield Change(Sign.GOES, "mapping", _pass_text(item), host=host, line=line)
    for key, item in after.items():
        line = (item.file, item.line)
        known = before.get(key)
        if known is None:
            yield Change(Sign.COMES, "mapping", _pass_text(item), host=host, line=line)
            continue
        detail = _details(known, item)
        if detail:
            text = f"ProxyPass {item.pattern}"
            yield Change(Sign.DIFFERS, "mapping", text, detail, host, line)
    kept = [key for key in before if key in after]
    if kept != [key for key in after if key in before]:
        text = "the order of ProxyPass lines"
        yield Change(Sign.DIFFERS, "mapping", text, host=host)


def _pass_key(item: Pass) -> Hashable:
    return item.pattern, item.is_regex


def _sections(
    host: str, old: Sequence[Section], new: Sequence[Section]
) -> Iterator[Change]:
    before = dict(_numbered((_section_text(item), item) for item in old))
    after = dict(_numbered((_section_text(item), item) for item in new))
    for key, item in before.items():
        if key not in after:
            line = (item.file, item.line)
            yield Change(Sign.GOES, "section", key[0], host=host, line=line)
    for key, item in after.items():
        known = before.get(key)
        line = (item.file, item.line)
        if known is None:
            yield Change(Sign.COMES, "section", key[0], host=host, line=line)
            continue
        found = list(_conf(host, known.conf, item.conf))
        if found:
            words = ", ".join(dict.fromkeys(map(_short, found)))
            at = next((one.line for one in found if one.line[0]), line)
            yield Change(Sign.DIFFERS, "section", key[0], words, host, at)


def _section_text(item: Section) -> str:
    return f"<{item.kind.value} {item.pattern}>"


def _conf(host: str, old: DirConf, new: DirConf) -> Iterator[Change]:
    passes = [[item.mapping] if item.mapping else [] for item in (old, new)]
    yield from _passes(host, passes[0], passes[1])
    for change in _settings(host, old, new):
        at = new.lines.get(change.name) or old.lines.get(change.name) or (NOWHERE,)
        yield _renamed(change, at[-1])


# -- balancers and members


def _balancers(old: Model, new: Model) -> Iterator[Change]:
    before: dict[str, Balancer] = {item.key: item for item in old.balancers}
    after: dict[str, Balancer] = {item.key: item for item in new.balancers}
    # With a host that comes or goes everything does that is its own.
    hosts = [{host.vhost_id for host in model.vhosts[1:]} for model in (old, new)]
    fleeting = hosts[0] ^ hosts[1]
    yield from _keyed(
        "balancer",
        {key: item for key, item in before.items() if not _is_of(key, fleeting)},
        {key: item for key, item in after.items() if not _is_of(key, fleeting)},
    )
    yield from _keyed(
        "member",
        {_member_name(m): m for m in _members(old) if not _is_of(m.key, fleeting)},
        {_member_name(m): m for m in _members(new) if not _is_of(m.key, fleeting)},
    )


def _members(model: Model) -> Iterator[Member]:
    """Without those that an operator has taken out of their balancer."""
    serving = model.serving()
    for index, member in enumerate(model.members):
        if index in serving or member.is_controller:
            yield member


def _is_of(key: str, hosts: set[str]) -> bool:
    """Does a virtual host of these define what has that key?"""
    return any(
        word.partition("#")[0].rpartition("@")[2] in hosts
        for word in (key, key.partition(" ")[0])
    )


def _member_name(item: Member) -> str:
    """As its key, with what a reader looks for in front: "http://h:1 (balancer://b)"."""
    place, _, url = item.key.partition(" ")
    return url if place == "direct" else f"{url} of {place}"


def _keyed(
    what: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    for key, item in before.items():
        if key not in after:
            yield Change(Sign.GOES, what, key, line=(item.file, item.line))
    for key, item in after.items():
        line = (item.file, item.line)
        if key not in before:
            yield Change(Sign.COMES, what, key, line=line)
        elif detail := _details(before[key], item):
            yield Change(Sign.DIFFERS, what, key, detail, line=line)


# -- settings


def _settings(
    host: str, old: Any, new: Any, skipped: Sequence[str] = ()
) -> Iterator[Change]:
    """Fields that differ; the name is still the field's for those of a DirConf."""
    is_conf = isinstance(new, DirConf)
    for name, before, after in _different(old, new):
        if name in skipped:
            continue
        detail = _both(name, before, after)
        shown = name if is_conf else _directive(name)
        yield Change(Sign.DIFFERS, "setting", shown, detail, host)


def _renamed(change: Change, line: Line) -> Change:
    if change.what != "setting":
        return change
    name = _directive(change.name)
    return Change(change.sign, change.what, name, change.detail, change.host, line)


def _different(old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    for item in fields(new):
        if item.name in _NOT_SETTINGS:
            continue
        before, after = getattr(old, item.name), getattr(new, item.name)
        if item.name == "reverse_maps":
            before, after = (
                [(one.path, one.url, one.interpolate) for one in maps]
                for maps in (before, after)
            )
        if before != after:
            yield item.name, before, after


def _details(old: Any, new: Any) -> str:
    """`route a -> b, max 5 -> 6` of two members, balancers, listeners or mappings."""
    parts = []
    for name, before, after in _different(old, new):
        if name == "health" and (said := list(_of_checks(old, new))):
            parts += said
            continue
        both = _both(name, before, after)
        parts.append(f"{_parameter(type(new), name)} {both}".rstrip())
    return ", ".join(parts)


def _of_checks(old: Member, new: Member) -> Iterator[str]:
    """Of members: what can be told of their checks in short."""
    before, after = said_of_member(old), said_of_member(new)
    for key in HEALTH_KEYS:
        if before[key] != after[key]:
            yield f"{key} {before[key] or 'none'} -> {after[key] or 'none'}"


def _both(name: str, before: Any, after: Any) -> str:
    """`60 s -> 30 s`; "" for what has no short form, or is nobody's business."""
    if name in _SECRET:
        return ""
    texts = [_text(name, before), _text(name, after)]
    if None in texts:
        return ""
    return f"{texts[0]} -> {texts[1]}"


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return "On" if value else "Off"
    if isinstance(value, enum.Enum):
        return str(value.value)
    if name == "load_factor":
        return f"{value / 100:g}"
    if isinstance(value, int):
        return f"{value / 1000:g} s" if name.endswith("_ms") else str(value)
    if isinstance(value, str):
        return value or "none"
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return " ".join(value) or "none"
    return None


@cache
def _directives() -> Mapping[str, str]:
    """Of each field the directive that sets it."""
    found: dict[str, str] = {}
    for declared in declarations():
        names = (declared.sets,) if isinstance(declared.sets, str) else declared.sets
        for name in names:
            found.setdefault(name, declared.name)
    return {**found, **_WORDS}


def _directive(name: str) -> str:
    return _directives().get(name) or name.replace("_", " ")


@cache
def _parameters(kind: type) -> Mapping[str, str]:
    table: Parameters | None = {Member: MEMBER, Balancer: BALANCER}.get(kind)
    found: dict[str, str] = {}
    for one in table.table.values() if table is not None else ():
        names = (one.sets,) if isinstance(one.sets, str) else one.sets
        for name in names:
            found.setdefault(name, one.key)
    return found


def _parameter(kind: type, name: str) -> str:
    return _parameters(kind).get(name) or _WORDS.get(name) or name.replace("_", " ")


def _numbered(
    pairs: Iterable[tuple[Any, Item]],
) -> Iterator[tuple[tuple[Any, int], Item]]:
    """Equal keys apart by their number."""
    seen: Counter[Any] = Counter()
    for key, item in pairs:
        seen[key] += 1
        yield (key, seen[key]), item
