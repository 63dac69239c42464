"""balancer-manager?xml=1: element by element as Apache writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from fastlb.controller.asked import Asked
from fastlb.controller.desk import Desk
from fastlb.facts.balancer import Balancer
from fastlb.facts.member import Member

RETRY_MS: Final = 60_000
"""Where no line says retry=: it is not told then."""
NonceOf = Callable[[Desk, Balancer], str]

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def xml(asked: Asked, desk: Desk, nonce_of: NonceOf) -> str:
    """The balancers of the host that was asked."""
    shown = desk.model.vhosts[max(asked.vhost_index, 0)].balancers
    inside = "".join(
        line for index in shown for line in _balancer(desk, index, nonce_of)
    )
    return (
        "<?xml version='1.0' encoding='UTF-8' ?>\n"
        "<httpd:manager xmlns:httpd='http://httpd.apache.org'>\n"
        f"  <httpd:balancers>\n{inside}  </httpd:balancers>\n</httpd:manager>\n"
    )


def _line(indent: int, name: str, value: object) -> str:
    # What no XML may hold (RFC 3986 and the readers of parameters let none through)
    # would make the whole document unreadable.
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return f"{' ' * indent}<httpd:{name}>{text.translate(_ESCAPES)}</httpd:{name}>\n"


def _balancer(desk: Desk, index: int, nonce_of: NonceOf) -> Iterator[str]:
    balancer = desk.model.balancers[index]
    yield "    <httpd:balancer>\n"
    yield _line(6, "name", balancer.name)
    yield _line(6, "nonce", nonce_of(desk, balancer))
    if balancer.sticky_cookie:
        yield _line(6, "stickysession", balancer.sticky_cookie)
        yield _line(6, "nofailover", _switch(balancer.nofailover))
    yield _line(6, "timeout", balancer.timeout_ms // 1000)
    attempts = balancer.max_attempts
    if attempts is not None or len(balancer.members) > 1:
        more = len(balancer.members) - 1
        yield _line(6, "maxattempts", more if attempts is None else attempts)
    yield _line(6, "lbmethod", balancer.lbmethod)
    if balancer.sticky_cookie:
        yield _line(6, "scolonpathdelim", _switch(balancer.scolon_path_delim))
    yield "      <httpd:workers>\n"
    for number in balancer.members:
        member = desk.model.members[number]
        seen = desk.table.snapshot_member(desk.facts.member_slots[number])
        yield "        <httpd:worker>\n"
        for name, value in _member(member, seen):
            yield _line(10, name, value)
        yield "        </httpd:worker>\n"
    yield "      </httpd:workers>\n    </httpd:balancer>\n"


def _member(member: Member, seen: dict[str, Any]) -> Iterator[tuple[str, object]]:
    factor = f"{seen['load_factor'] / 100:.2f}"
    yield "name", member.url
    yield "scheme", member.scheme
    yield "hostname", member.host
    yield "loadfactor", factor
    yield "port", member.port
    yield "min", member.min
    yield "smax", member.smax if member.smax is not None else (member.max or 0)
    yield "max", member.max or 0
    yield "ttl", (member.ttl_ms or 0) // 1000
    if member.timeout_ms is not None:
        yield "timeout", member.timeout_ms // 1000
    if member.acquire_ms is not None:
        yield "acquire", member.acquire_ms
    if member.receive_buffer_bytes:
        yield "recv_buffer_size", member.receive_buffer_bytes
    if member.io_buffer_bytes:
        yield "io_buffer_size", member.io_buffer_bytes
    if member.keepalive:
        yield "keepalive", "On"
    yield "status", seen["status"]
    if seen["error_time_us"] > 0:
        yield "error_time", seen["error_time_us"] // 1_000_000
    yield "retries", seen["retries"]
    yield "lbstatus", seen["lbstatus"]
    yield "loadfactor", factor
    yield "transferred", seen["transferred"]
    yield "read", seen["read"]
    yield "elected", seen["elected"]
    yield "route", seen["route"]
    yield "redirect", seen["redirect"]
    yield "busy", seen["busy"]
    yield "lbset", seen["lbset"]
    if member.scheme == "ajp":
        yield "flushpackets", ("Off", "On", "Auto")[member.flush_packets]
        if member.ping_ms is not None:
            yield "ping", member.ping_ms
    if member.disable_reuse:
        yield "disablereuse", "On"
    if member.connect_timeout_ms is not None:
        yield "connectiontimeout", member.connect_timeout_ms
    if member.retry_ms != RETRY_MS:
        yield "retry", member.retry_ms // 1000


def _switch(value: bool) -> str:
    return "On" if value else "Off"
