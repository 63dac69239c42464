"""key=value parameters of members and direct workers (proxying.md 2.1).

Texts of errors are Apache's, without the directive that stands before them. A key
that is repeated: the last one wins. Keys are case-insensitive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastlb.model.values import (
    INT_MAX,
    maybe_integer,
    maybe_switch,
    maybe_time_ms,
)

NAME_SIZE: Final = 64  # route, redirect, secret, hcuri: bytes with the NUL
UPGRADE_SIZE: Final = 16
STATUS_LETTERS: Final = "NDSHRICE"
"""Flags of `status=` in the order in which Member.status shows them."""

HEALTH_METHODS: Final = (
    *("NONE", "TCP", "CPING", "PROVIDER"),
    *("OPTIONS", "HEAD", "GET", "OPTIONS11", "HEAD11", "GET11"),
)


@dataclass(slots=True)
class MemberParams:
    """What the parameters of one member say; the field names are Member's."""

    load_factor: int = 100
    lbset: int = 0
    route: str = ""
    redirect: str = ""
    status: str = ""
    min: int = 0
    smax: int | None = None
    max: int | None = None
    ttl_ms: int | None = None
    acquire_ms: int | None = None
    disable_reuse: bool = False
    keepalive: bool = False
    ping_ms: int | None = None
    connect_timeout_ms: int | None = None
    timeout_ms: int | None = None
    retry_ms: int = 60_000
    retry_written: bool = False
    flush_packets: str = "off"
    flush_wait_ms: int = 10
    io_buffer_bytes: int = 0
    receive_buffer_bytes: int = 0
    response_field_bytes: int = 8192
    address_ttl_s: int = -1
    upgrade: tuple[str, ...] = ()
    secret: str = ""
    health: tuple[tuple[str, str], ...] = ()  # hc* as written; not served yet


def set_member_param(params: MemberParams, key: str, value: str) -> str | None:
    """Take one parameter over; returns Apache's complaint, or None."""
    setter = _SETTERS.get(key.lower())
    if setter is None:
        return "unknown Worker parameter"
    return setter(params, value)


def member_param_names() -> tuple[str, ...]:
    """All keys, for "did you mean"."""
    return tuple(_SETTERS)


def parse_status(current: str, text: str) -> str | None:
    """Flags after `status=text`, in STATUS_LETTERS order; None: a letter is unknown.

    Read letter by letter; "+" and "-" set the mode, which holds until the next one
    (balancing.md 2): "+D-E", "DE" and "+HI" are all valid.
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


_FLAG_LETTERS: Final = "OINGUDSEHRFC"

_Setter = Callable[[MemberParams, str], str | None]


def _load_factor(params: MemberParams, value: str) -> str | None:
    complaint = "LoadFactor must be a number between 1..100"
    try:
        factor = int(float(value) * 100.0)
    except (ValueError, OverflowError):
        return complaint
    if not 100 <= factor <= 10000:
        return complaint
    params.load_factor = factor
    return None


def _lbset(params: MemberParams, value: str) -> str | None:
    number = maybe_integer(value)
    if number is None or not 0 <= number <= 99:
        return "lbset must be between 0 and 99"
    params.lbset = number
    return None


def _text(field: str, label: str, size: int = NAME_SIZE) -> _Setter:
    def setter(params: MemberParams, value: str) -> str | None:
        if len(value) >= size:
            return f"{label} length must be < {size} characters"
        setattr(params, field, value)
        return None

    return setter


def _status(params: MemberParams, value: str) -> str | None:
    flags = parse_status(params.status, value)
    if flags is None:
        return "Unknown status parameter option"
    params.status = flags
    return None


def _count(field: str, complaint: str) -> _Setter:
    def setter(params: MemberParams, value: str) -> str | None:
        number = maybe_integer(value)
        if number is None or not 0 <= number <= INT_MAX:
            return complaint
        setattr(params, field, number)
        return None

    return setter


def _seconds(field: str, complaint: str) -> _Setter:
    """Whole seconds, at least one; Apache's atoi takes "5s" for 5 as well."""

    def setter(params: MemberParams, value: str) -> str | None:
        number = maybe_integer(value.removesuffix("s"))
        if number is None or not 1 <= number <= INT_MAX:
            return complaint
        setattr(params, field, number * 1000)
        return None

    return setter


def _time(field: str, unit: str, wrong: str, short: str) -> _Setter:
    """A time of at least one millisecond, kept in milliseconds."""

    def setter(params: MemberParams, value: str) -> str | None:
        time_ms = maybe_time_ms(value, unit)
        if time_ms is None:
            return wrong
        if time_ms < 1:
            return short
        setattr(params, field, time_ms)
        return None

    return setter


def _retry(params: MemberParams, value: str) -> str | None:
    number = maybe_integer(value.removesuffix("s"))
    if number is None or not 0 <= number <= INT_MAX:
        return "Retry must be a positive value"
    params.retry_ms = number * 1000
    params.retry_written = True
    return None


def _keepalive(params: MemberParams, value: str) -> str | None:
    switch = maybe_switch(value)
    if switch is None:
        return "KeepAlive must be On|Off"
    params.keepalive = switch
    return None


def _reuse(label: str, when_on: bool) -> _Setter:
    def setter(params: MemberParams, value: str) -> str | None:
        switch = maybe_switch(value)
        if switch is None:
            return f"{label} must be On|Off"
        params.disable_reuse = when_on if switch else not when_on
        return None

    return setter


def _flush_packets(params: MemberParams, value: str) -> str | None:
    word = value.lower()
    if word not in ("on", "off", "auto"):
        return "flushpackets must be on|off|auto"
    params.flush_packets = word
    return None


def _flush_wait(params: MemberParams, value: str) -> str | None:
    number = maybe_integer(value)
    if number is None or not 0 <= number <= 1000:
        return "flushwait must be <= 1000, or 0 for system default of 10 millseconds."
    params.flush_wait_ms = number or 10
    return None


def _buffer(field: str, label: str) -> _Setter:
    def setter(params: MemberParams, value: str) -> str | None:
        number = maybe_integer(value)
        if number is None or number > INT_MAX or (number < 512 and number != 0):
            return f"{label} must be >= 512 bytes, or 0 for system default."
        setattr(params, field, number)
        return None

    return setter


def _response_field(params: MemberParams, value: str) -> str | None:
    number = maybe_integer(value)
    if number is None or not 0 <= number <= INT_MAX:
        return (
            "ResponseFieldSize must be greater than 0 bytes, or 0 for system default."
        )
    params.response_field_bytes = number or 8192
    return None


def _address_ttl(params: MemberParams, value: str) -> str | None:
    number = maybe_integer(value)
    if number is None or not -1 <= number <= INT_MAX:
        return f"AddressTTL must be -1 or a number of seconds not exceeding ({INT_MAX})"
    params.address_ttl_s = number
    return None


def _upgrade(params: MemberParams, value: str) -> str | None:
    names = tuple(word.strip() for word in value.split(",") if word.strip())
    if any(len(name) >= UPGRADE_SIZE for name in names):
        return f"upgrade protocol length must be < {UPGRADE_SIZE} characters"
    params.upgrade = names
    return None


def _health(key: str) -> _Setter:
    def setter(params: MemberParams, value: str) -> str | None:
        if key == "hcmethod" and value.upper() not in HEALTH_METHODS:
            return "Unknown method"
        if key == "hcinterval":
            interval_ms = maybe_time_ms(value, "s")
            if interval_ms is None:
                return "Unparse-able hcinterval setting"
            if interval_ms < 100:
                return "Interval must be a positive value greater than 100ms"
        if key in ("hcpasses", "hcfails"):
            number = maybe_integer(value)
            if number is None or number < 0:
                return f"{key[2:].capitalize()} must be a positive value"
        if key == "hcuri" and len(value) >= NAME_SIZE:
            return f"Health check uri length must be < {NAME_SIZE} characters"
        kept = tuple(pair for pair in params.health if pair[0] != key)
        params.health = (*kept, (key, value))
        return None

    return setter


def _flusher(_params: MemberParams, value: str) -> str | None:
    # Only mod_proxy_fdpass reads it, which is not served
    if len(value) >= 16:
        return "flusher name length must be < 16 characters"
    return None


_SETTERS: Final[dict[str, _Setter]] = {
    "loadfactor": _load_factor,
    "lbset": _lbset,
    "route": _text("route", "Route"),
    "redirect": _text("redirect", "Redirect"),
    "status": _status,
    "min": _count("min", "Min must be a positive number"),
    "max": _count("max", "Max must be a positive number"),
    "smax": _count("smax", "Smax must be a positive number"),
    "ttl": _seconds("ttl_ms", "TTL must be at least one second"),
    "acquire": _time(
        "acquire_ms",
        "ms",
        "Acquire timeout has wrong format",
        "Acquire must be at least one millisecond",
    ),
    "timeout": _seconds("timeout_ms", "Timeout must be at least one second"),
    "connectiontimeout": _time(
        "connect_timeout_ms",
        "s",
        "Connectiontimeout has wrong format",
        "Connectiontimeout must be at least one millisecond.",
    ),
    "ping": _time(
        "ping_ms",
        "s",
        "Ping/Pong timeout has wrong format",
        "Ping/Pong timeout must be at least one millisecond",
    ),
    "retry": _retry,
    "keepalive": _keepalive,
    "disablereuse": _reuse("DisableReuse", True),
    "enablereuse": _reuse("EnableReuse", False),
    "flushpackets": _flush_packets,
    "flushwait": _flush_wait,
    "flusher": _flusher,
    "iobuffersize": _buffer("io_buffer_bytes", "IOBufferSize"),
    "receivebuffersize": _buffer("receive_buffer_bytes", "ReceiveBufferSize"),
    "responsefieldsize": _response_field,
    "addressttl": _address_ttl,
    "upgrade": _upgrade,
    "secret": _text("secret", "Secret"),
    "hcmethod": _health("hcmethod"),
    "hcinterval": _health("hcinterval"),
    "hcpasses": _health("hcpasses"),
    "hcfails": _health("hcfails"),
    "hcuri": _health("hcuri"),
    "hctemplate": _health("hctemplate"),
    "hcexpr": _health("hcexpr"),
}
