"""Parameters of members, and of the targets of ProxyPass."""

from __future__ import annotations

from typing import Any, Final

from fastlb.config import units
from fastlb.config.parameter import (
    INT_MAX,
    NAME_SIZE,
    BadValue,
    Parameter,
    Parameters,
    Read,
    buffer,
    number,
    seconds,
    switch,
    text,
    time,
)
from fastlb.config.registry import Status

UPGRADE_SIZE: Final = 16
STATUS_LETTERS: Final = "NDSHRICE"
"""Flags of `status=` in the order in which Member.status shows them."""

_FLAG_LETTERS: Final = "OINGUDSEHRFC"
_HEALTH_METHODS: Final = (
    *("NONE", "TCP", "CPING", "PROVIDER"),
    *("OPTIONS", "HEAD", "GET", "OPTIONS11", "HEAD11", "GET11"),
)

_FLUSHES: Final = {"off": 0, "on": 1, "auto": 2}
_PACKETS: Final = ("ajp",)
_AT_ONCE: Final = "what a member sends is always passed on as it comes"
_NO_CHECKS: Final = "health checks by clock are not supported"


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


def _health_method(value: str) -> str:
    if value.upper() not in _HEALTH_METHODS:
        raise BadValue("Unknown method")
    return value


def _health_interval(value: str) -> int:
    try:
        interval_ms = units.duration_ms(value, "s")
    except units.UnitError:
        raise BadValue("Unparse-able hcinterval setting") from None
    if interval_ms < 100:
        raise BadValue("Interval must be a positive value greater than 100ms")
    return interval_ms


def _flusher(value: str) -> str:
    if len(value) >= 16:
        raise BadValue("flusher name length must be < 16 characters")
    return value


def _health(key: str, read: Read, help_text: str) -> Parameter:
    return Parameter(key, read, help_text, status=Status.UNSUPPORTED, reason=_NO_CHECKS)


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
    _health("hcmethod", _health_method, "how health is asked for"),
    _health("hcinterval", _health_interval, "how often health is asked for"),
    _health(
        "hcpasses",
        number(0, INT_MAX, "Passes must be a positive value"),
        "answers that make a member healthy",
    ),
    _health(
        "hcfails",
        number(0, INT_MAX, "Fails must be a positive value"),
        "answers that make a member unhealthy",
    ),
    _health("hcuri", text("Health check uri", NAME_SIZE), "what is asked for"),
    _health("hctemplate", str, "name of a ProxyHCTemplate"),
    _health("hcexpr", str, "name of a ProxyHCExpr"),
)
