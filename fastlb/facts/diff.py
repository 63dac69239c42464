"""What stays, goes and comes between two models (a reload).

This file alone decides identity: a balancer is its key, a member its key (balancer's
key and URL), a listener its host and port, a virtual host its id, an access log its
target. Same identity, same slot, same socket, same file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from fastlb.facts.listener import Listener
from fastlb.facts.member import Member
from fastlb.facts.server import Model

LISTED_MAX = 5  # names of one kind in the log line


@dataclass(frozen=True, slots=True)
class Change:
    """Identities of one kind of thing, each group in the order of its model."""

    stay: tuple[str, ...]
    come: tuple[str, ...]
    go: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.come or self.go)


@dataclass(frozen=True, slots=True)
class ModelDiff:
    """The difference of two models; changed holds members that stay but differ."""

    listeners: Change
    vhosts: Change
    balancers: Change
    members: Change
    changed: tuple[tuple[str, tuple[str, ...]], ...]  # (member key, field names)

    def __bool__(self) -> bool:
        return bool(
            self.listeners
            or self.vhosts
            or self.balancers
            or self.members
            or self.changed
        )


def listener_key(listener: Listener) -> str:
    """`host:port`; "*" for every address."""
    host = listener.host or "*"
    return f"[{host}]:{listener.port}" if ":" in host else f"{host}:{listener.port}"


def diff(old: Model, new: Model) -> ModelDiff:
    """What a reload from old to new keeps, drops and makes."""
    before = {member.key: member for member in old.members}
    changed: list[tuple[str, tuple[str, ...]]] = []
    for member in new.members:
        known = before.get(member.key)
        names = () if known is None else changed_fields(known, member)
        if names:
            changed.append((member.key, names))
    return ModelDiff(
        listeners=_change(
            map(listener_key, old.listeners), map(listener_key, new.listeners)
        ),
        vhosts=_change(
            (item.vhost_id for item in old.vhosts[1:]),
            (item.vhost_id for item in new.vhosts[1:]),
        ),
        balancers=_change(
            (item.key for item in old.balancers), (item.key for item in new.balancers)
        ),
        members=_change(
            (item.key for item in old.members), (item.key for item in new.members)
        ),
        changed=tuple(changed),
    )


_PLACES = ("file", "line", "balancer_index")


def changed_fields(old: Member, new: Member) -> tuple[str, ...]:
    """Settings in which two members of one identity differ; places do not count."""
    return tuple(
        field.name
        for field in fields(Member)
        if field.name not in _PLACES
        and getattr(old, field.name) != getattr(new, field.name)
    )


def log_line(difference: ModelDiff) -> str:
    """One line for the error log: `members +http://h:1 -http://h:2, 3 kept; ...`."""
    if not difference:
        return "nothing changed"
    parts: list[str] = []
    for name in ("listeners", "vhosts", "balancers", "members"):
        change: Change = getattr(difference, name)
        if change:
            kept = f"{len(change.stay)} kept"
            listed = ", ".join(part for part in (_listed(change), kept) if part)
            parts.append(f"{name} {listed}")
    if difference.changed:
        shown = [
            f"{key.partition(' ')[2] or key} ({', '.join(names)})"
            for key, names in difference.changed[:LISTED_MAX]
        ]
        more = len(difference.changed) - len(shown)
        parts.append("changed " + ", ".join(shown) + (f" and {more} more" * bool(more)))
    return "; ".join(parts)


def _listed(change: Change) -> str:
    """`+new -old`, at most LISTED_MAX of each."""
    words: list[str] = []
    for sign, keys in (("+", change.come), ("-", change.go)):
        words += [sign + key.replace(" ", "/", 1) for key in keys[:LISTED_MAX]]
        if len(keys) > LISTED_MAX:
            words.append(f"and {sign}{len(keys) - LISTED_MAX} more")
    return " ".join(words)


def _change(old: Iterable[str], new: Iterable[str]) -> Change:
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    return Change(
        stay=tuple(key for key in after if key in before),
        come=tuple(key for key in after if key not in before),
        go=tuple(key for key in before if key not in after),
    )
