"""Parameters of members, and of the targets of ProxyPass."""

from __future__ import annotations

import re
from typing import Any, Final

from fastlb.config import units
from fastlb.config.hosts import port_number, split_host_port
from fastlb.config.parameter import (
    INT_MAX,
    NAME_SIZE,
    BadValue,
    Parameter,
    Parameters,
    buffer,
    number,
    seconds,
    switch,
    text,
    time,
)
from fastlb.facts.agent import INTERVAL_MS as AGENT_INTERVAL_MS
from fastlb.facts.health import INTERVAL_MS, Begin, HealthMethod

UPGRADE_SIZE: Final = 16
AGENT_KEYS: Final = ("agentcheck", "agentinterval")
STATUS_LETTERS: Final = "NDSHRICE"
"""Flags of `status=` in the order in which Member.status shows them."""

_FLAG_LETTERS: Final = "OINGUDSEHRFC"
_HEALTH_INTERVAL_MS: Final = 100  # the least, as the watchdog of httpd ticks
_HEALTH_FIELDS_BYTES: Final = 1024
_FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_FIELD_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*\Z")
_HOST: Final = re.compile(r"[0-9A-Za-z._:-]{1,255}")
_FRAMING: Final = (
    *("connection", "content-length", "expect", "keep-alive", "te", "trailer"),
    *("transfer-encoding", "upgrade"),
)
_FLUSHES: Final = {"off": 0, "on": 1, "auto": 2}
_PACKETS: Final = ("ajp",)
_AT_ONCE: Final = "what a member sends is always passed on as it comes"


def parse_status(current: str, text: str) -> str | None:
    """Flags after `status=text`, in STATUS_LETTERS order; None: a letter is unknown.

    Read letter by letter; "+" and "-" set the mode, which holds until the next one:
    "+D-E", "DE" and "+HI" are all valid.
    """
    flags = set(current)
    setting = True
    for letter in text.upper():
        if letter in "+-":
            setting = letter == "+"
        elif letter not in _FLAG_LETTERS:
            return None
        elif letter in STATUS_LETTERS:
            # O G U F can be written but mean nothing in a configuration
            (flags.add if setting else flags.discard)(letter)
    return "".join(letter for letter in STATUS_LETTERS if letter in flags)


def _status(value: str) -> str:
    flags = parse_status("", value)
    if flags is None:
        raise BadValue("Unknown status parameter option")
    return flags


def _load_factor(value: str) -> int:
    """In hundredths."""
    try:
        factor = int(float(value) * 100.0)
    except (ValueError, OverflowError):
        factor = 0
    if not 100 <= factor <= 10000:
        raise BadValue("LoadFactor must be a number between 1..100")
    return factor


def _retry(value: str) -> dict[str, Any]:
    retry_ms = seconds(0, "Retry must be a positive value")(value)
    return {"retry_ms": retry_ms, "retry_written": True}


def _max_scope(value: str) -> bool:
    if value.lower() not in ("worker", "global"):
        raise BadValue("maxscope must be worker or global")
    return value.lower() == "global"


def _proxy_protocol(value: str) -> int:
    if value.lower() not in ("v1", "v2"):
        raise BadValue("proxyprotocol must be v1 or v2")
    return int(value[1])


def _flush_packets(value: str) -> int:
    if value.lower() not in _FLUSHES:
        raise BadValue("flushpackets must be on|off|auto")
    return _FLUSHES[value.lower()]


def _upgrade(value: str) -> tuple[str, ...]:
    names = tuple(word.strip() for word in value.split(",") if word.strip())
    if any(len(name) >= UPGRADE_SIZE for name in names):
        raise BadValue(f"upgrade protocol length must be < {UPGRADE_SIZE} characters")
    return names


def _health_method(value: str) -> HealthMethod:
    if value.upper() == "PROVIDER":
        raise BadValue(f"Health check method {value} not (yet) implemented")
    try:
        return HealthMethod(value.upper())
    except ValueError:
        raise BadValue("Unknown method") from None


def _health_interval(value: str) -> int:
    try:
        interval_ms = units.duration_ms(value, "s")
    except units.UnitError:
        raise BadValue("Unparse-able hcinterval setting") from None
    if interval_ms < _HEALTH_INTERVAL_MS:
        raise BadValue(
            f"Interval must be a positive value greater than {_HEALTH_INTERVAL_MS}ms"
        )
    return interval_ms


def _health_start(value: str) -> Begin:
    try:
        return Begin(value.lower())
    except ValueError:
        raise BadValue("hcstart must be probe|up|down") from None


def _health_fields(value: str) -> tuple[tuple[str, str], ...]:
    if len(value) > _HEALTH_FIELDS_BYTES:
        raise BadValue(f"hcheaders length must be <= {_HEALTH_FIELDS_BYTES} characters")
    fields = []
    for line in value.split("|"):
        name, colon, rest = line.strip().partition(":")
        rest = rest.strip()
        if not (colon and _FIELD_NAME.match(name) and _FIELD_VALUE.match(rest)):
            raise BadValue("hcheaders must be 'Name: value', several divided by |")
        if name.lower() in _FRAMING:
            raise BadValue(f"hcheaders must not have {name}")
        fields.append((name, rest))
    return tuple(fields)


def _agent_place(value: str) -> tuple[str, int]:
    """(host, port); "": the member's own."""
    place = split_host_port(value.removeprefix(":"))
    port = port_number(place[1]) if place is not None else None
    if place is None or port is None or (place[0] and not _HOST.fullmatch(place[0])):
        raise BadValue("agentcheck must be host:port, or the port alone")
    return place[0], port


def _flusher(value: str) -> str:
    if len(value) >= 16:
        raise BadValue("flusher name length must be < 16 characters")
    return value


HEALTH: Final = Parameters(
    "unknown Worker hcheck parameter",
    Parameter(
        "hcmethod",
        _health_method,
        "how its health is asked for, by the clock: TCP, OPTIONS, HEAD or GET, each of"
        " these also as OPTIONS11 and so on, with HTTP/1.1; CPING of a member at ajp://;"
        " WEBSOCKET (Apache has no such word), a handshake at hcuri=",
        HealthMethod.NONE,
        sets="hc_method",
    ),
    Parameter(
        "hcinterval",
        _health_interval,
        "time from the end of a check to the next, give or take a tenth",
        INTERVAL_MS,
        sets="hc_interval_ms",
    ),
    Parameter(
        "hcpasses",
        number(0, INT_MAX, "Passes must be a positive value"),
        "checks in a row that must pass before a member is back",
        1,
        sets="hc_passes",
    ),
    Parameter(
        "hcfails",
        number(0, INT_MAX, "Fails must be a positive value"),
        "checks in a row that must fail before a member is out",
        1,
        sets="hc_fails",
    ),
    Parameter(
        "hcuri",
        text("Health check uri", NAME_SIZE),
        "what is asked for, behind the path of the member's URL",
        "",
        sets="hc_uri",
    ),
    Parameter("hctemplate", str, "name of a ProxyHCTemplate", "", sets="hc_template"),
    Parameter(
        "hcexpr",
        str,
        "name of a ProxyHCExpr, which decides in place of the status (200 to 399)",
        "",
        sets="hc_expression",
    ),
    Parameter(
        "hctimeout",
        time(
            "s",
            "hctimeout has wrong format",
            "hctimeout must be at least one millisecond",
        ),
        "how long a check may take; where it is not written, timeout= or 10 seconds,"
        " whichever is less",
        sets="hc_timeout_ms",
        own=True,
    ),
    Parameter(
        "hcstart",
        _health_start,
        "how a new member begins: probe (out until its first check, which is at once;"
        " if nobody else can, it serves), up, or down (out until hcpasses= pass)",
        Begin.PROBE,
        sets="hc_begin",
        own=True,
    ),
    Parameter(
        "hcheaders",
        _health_fields,
        'header fields of the check\'s request, `"hcheaders=Host: a.test|X-B: c"`',
        (),
        sets="hc_fields",
        own=True,
    ),
)
"""... of checks of health, which a ProxyHCTemplate may hold."""

MEMBER: Final = Parameters(
    "unknown Worker parameter",
    Parameter(
        "loadfactor",
        _load_factor,
        "share of the requests, 1 to 100",
        100,
        sets="load_factor",
    ),
    Parameter(
        "lbset",
        number(0, 99, "lbset must be between 0 and 99"),
        "members of a higher set serve when none of a lower one can",
        0,
    ),
    Parameter("route", text("Route"), "name in session cookies", ""),
    Parameter(
        "redirect",
        text("Redirect"),
        "route that its sessions go to while it cannot serve",
        "",
    ),
    Parameter("status", _status, "initial flags, such as +H", "", adds=True),
    Parameter(
        "min",
        number(0, INT_MAX, "Min must be a positive number"),
        "idle connections that are always kept",
        0,
    ),
    Parameter(
        "max",
        number(0, INT_MAX, "Max must be a positive number"),
        "connections at once, in one worker",
    ),
    Parameter(
        "maxscope",
        _max_scope,
        "global: max= bounds the requests that it has under way, of all workers"
        " together (docs/balancing.md); worker: as Apache",
        False,
        sets="max_is_global",
        own=True,
    ),
    Parameter(
        "smax",
        number(0, INT_MAX, "Smax must be a positive number"),
        "idle connections beyond which ttl= holds",
    ),
    Parameter(
        "ttl",
        seconds(1, "TTL must be at least one second"),
        "how long an idle connection is kept",
        sets="ttl_ms",
    ),
    Parameter(
        "acquire",
        time(
            "ms",
            "Acquire timeout has wrong format",
            "Acquire must be at least one millisecond",
        ),
        "how long to wait for a connection when max= are in use",
        sets="acquire_ms",
    ),
    Parameter(
        "timeout",
        seconds(1, "Timeout must be at least one second"),
        "how long to wait for the member",
        sets="timeout_ms",
    ),
    Parameter(
        "connectiontimeout",
        time(
            "s",
            "Connectiontimeout has wrong format",
            "Connectiontimeout must be at least one millisecond.",
        ),
        "how long a connection may take to be made",
        sets="connect_timeout_ms",
    ),
    Parameter(
        "ping",
        time(
            "s",
            "Ping/Pong timeout has wrong format",
            "Ping/Pong timeout must be at least one millisecond",
        ),
        "Expect: 100-continue (ajp: CPING) is asked first, and this long waited for",
        sets="ping_ms",
        reason="an application behind a gateway cannot be asked",
        of=("http", "https", "ws", "wss", "ajp"),
    ),
    Parameter(
        "retry",
        _retry,
        "how long a member in error is left alone",
        {"retry_ms": 60_000, "retry_written": False},
        sets=("retry_ms", "retry_written"),
    ),
    Parameter(
        "slowstart",
        seconds(0, "slowstart must be a positive value"),
        "seconds in which its share grows from a tenth to the whole, when it may serve"
        " for the first time, or again",
        0,
        sets="slow_start_ms",
        own=True,
    ),
    Parameter(
        "keepalive",
        switch("KeepAlive"),
        "SO_KEEPALIVE for its connections",
        False,
    ),
    Parameter(
        "disablereuse",
        switch("DisableReuse"),
        "a connection for each request",
        False,
        sets="disable_reuse",
    ),
    Parameter(
        "enablereuse",
        switch("EnableReuse", when_on=False),
        "the reverse of disablereuse=",
        False,
        sets="disable_reuse",
    ),
    Parameter(
        "proxyprotocol",
        _proxy_protocol,
        "v1 or v2: each connection begins with a PROXY header that names the client,"
        " and serves one request",
        0,
        sets="proxy_protocol",
        own=True,
    ),
    Parameter(
        "flushpackets",
        _flush_packets,
        "whether pieces of an answer in packets (ajp) are sent at once; auto: when no"
        " more is there",
        0,
        sets="flush_packets",
        reason=_AT_ONCE,
        of=_PACKETS,
    ),
    Parameter(
        "flushwait",
        number(
            0,
            1000,
            "flushwait must be <= 1000, or 0 for system default of 10 millseconds.",
            10,
        ),
        "how long flushpackets=auto waits",
        reason=f"{_AT_ONCE}, or (ajp) when no more is there",
    ),
    Parameter(
        "flusher",
        _flusher,
        "provider of mod_proxy_fdpass",
        reason="only mod_proxy_fdpass reads it, which is not served",
    ),
    Parameter(
        "iobuffersize",
        buffer("IOBufferSize"),
        "size of a packet, where a protocol has some (ajp)",
        0,
        sets="io_buffer_bytes",
        reason="reads are as large as a body makes worth while",
        of=_PACKETS,
    ),
    Parameter(
        "receivebuffersize",
        buffer("ReceiveBufferSize"),
        "receive buffer of its sockets",
        0,
        sets="receive_buffer_bytes",
    ),
    Parameter(
        "responsefieldsize",
        number(
            0,
            INT_MAX,
            "ResponseFieldSize must be greater than 0 bytes, or 0 for system default.",
            8192,
        ),
        "longest header field of an answer",
        8192,
        sets="response_field_bytes",
    ),
    Parameter(
        "addressttl",
        number(
            -1,
            INT_MAX,
            f"AddressTTL must be -1 or a number of seconds not exceeding ({INT_MAX})",
        ),
        "seconds for which the addresses of its name hold, -1 for ever; where it is"
        " not written, as long as name servers say",
        sets="address_ttl_s",
    ),
    Parameter("upgrade", _upgrade, "protocols that may be upgraded to", ()),
    Parameter(
        "secret",
        text("Secret"),
        "what a member at ajp:// wants to hear from whom it serves",
        "",
        reason="no secret is sent, since it belongs to AJP",
        cure="let the member see one by RequestHeader set, or ask it for a certificate",
        of=("ajp",),
    ),
    Parameter(
        "agentcheck",
        _agent_place,
        "host:port where its agent says how much it can take, in the words of HAProxy's"
        " agent-check; the port alone: where the member is",
        sets="agent_place",
        own=True,
    ),
    Parameter(
        "agentinterval",
        time(
            "s",
            "agentinterval has wrong format",
            "agentinterval must be at least one millisecond",
        ),
        "time from one answer of its agent to the next, give or take a tenth; so long"
        " an answer may take, a second at least and 10 seconds at most",
        AGENT_INTERVAL_MS,
        sets="agent_interval_ms",
        own=True,
    ),
    *HEALTH.table.values(),
)
