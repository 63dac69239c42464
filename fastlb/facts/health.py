"""Checks of members' health: what is asked for, and what was found out.

Results lie in the slot table as numbers (health_result of core/balance/table.pxd): the
monitor writes them, and whoever reads them looks whether a number is one of these.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastlb.facts.expressions import Expression

INTERVAL_MS: Final = 30_000
"""hcinterval= that nobody writes."""


CONDITION_VARIABLES: Final = (
    *("HC_BODY", "REQUEST_STATUS", "CONTENT_TYPE", "REQUEST_METHOD", "TIME"),
    *("TIME_YEAR", "TIME_MON", "TIME_DAY", "TIME_HOUR", "TIME_MIN", "TIME_SEC"),
    "TIME_WDAY",
)
"""What hcexpr= can ask of an answer, beside its fields; all else is empty."""


class HealthMethod(enum.Enum):
    """hcmethod="""

    NONE = "NONE"
    TCP = "TCP"
    OPTIONS = "OPTIONS"
    HEAD = "HEAD"
    GET = "GET"
    CPING = "CPING"
    OPTIONS11 = "OPTIONS11"
    HEAD11 = "HEAD11"
    GET11 = "GET11"
    WEBSOCKET = "WEBSOCKET"  # of our own: a handshake (RFC 6455)

    @property
    def is_http(self) -> bool:
        return self.verb in ("OPTIONS", "HEAD", "GET")

    @property
    def verb(self) -> str:
        value: str = self.value
        return "GET" if value == "WEBSOCKET" else value.removesuffix("11")


class Begin(enum.Enum):
    """hcstart=: how a member begins that no check has asked yet."""

    PROBE = "probe"  # out until its first check, unless nobody else can serve
    UP = "up"
    DOWN = "down"  # out until hcpasses= checks have passed


@dataclass(frozen=True, slots=True)
class HealthCondition:
    """A ProxyHCExpr. name: as it is written there"""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a member is checked by the clock: its `hc...=`."""

    method: HealthMethod
    interval_ms: int
    passes: int  # in a row that bring it back
    fails: int  # in a row that put it out
    uri: str  # hcuri=, behind the path of the member's URL
    condition: HealthCondition | None  # hcexpr=; None: the status decides
    timeout_ms: int | None  # hctimeout=; None: the member's timeout=
    begin: Begin
    fields: tuple[tuple[str, str], ...]  # hcheaders=


class Phase(enum.Enum):
    """How far a check came; its place is its number in the table."""

    ADDRESS = "name"
    CONNECT = "connection"
    TLS = "TLS handshake"
    SEND = "request"
    HEAD = "head of the answer"
    BODY = "body of the answer"
    VERDICT = "verdict"


class Reason(enum.Enum):
    """Why a check failed, in words; its place is its number in the table."""

    NONE = "passed"
    NO_ADDRESS = "its name has no address"
    REFUSED = "connection refused"
    UNREACHABLE = "cannot be reached"
    TIMEOUT = "nothing came in time"
    CLOSED = "it closed the connection"
    TLS = "no TLS handshake"
    CERTIFICATE = "its certificate is not accepted"
    NO_HTTP = "what it sent is no HTTP/1.x"
    TOO_LARGE = "the head of its answer is too large"
    STATUS = "status"
    EXPRESSION = "hcexpr= does not hold"
    UNDECIDED = "hcexpr= cannot be worked out"
    NO_CPONG = "no CPONG"
    TUNNEL = "the proxy before it refuses"
    FAULT = "the check itself failed"
    NO_WEBSOCKET = "its 101 is no answer to a handshake of WebSocket"


PHASES: Final = tuple(Phase)
REASONS: Final = tuple(Reason)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check has found. status 0: there was no answer."""

    phase: Phase
    reason: Reason
    status: int = 0

    @property
    def has_passed(self) -> bool:
        return self.reason is Reason.NONE

    @property
    def words(self) -> str:
        if self.reason is Reason.STATUS:
            return f"status {self.status}"
        said = self.reason.value
        if self.reason is Reason.TIMEOUT:
            said += f" ({self.phase.value})"
        if self.reason is Reason.CLOSED:
            said += f" before the {self.phase.value} was whole"
        return f"{said} (status {self.status})" if self.status else said

    @property
    def numbers(self) -> tuple[int, int, int]:
        """As the table keeps them."""
        return PHASES.index(self.phase), REASONS.index(self.reason), self.status


@dataclass(frozen=True, slots=True)
class KeptResult:
    """A result as the table tells it; what is no result of ours is left out."""

    result: CheckResult
    at_us: int  # CLOCK_MONOTONIC
    took_us: int


@dataclass(frozen=True, slots=True)
class Health:
    """What the table holds of a member's checks."""

    checks: int = 0  # ever
    passes: int = 0  # in a row
    fails: int = 0  # in a row
    out_since_us: int = 0  # CLOCK_MONOTONIC; 0: it is not out
    results: tuple[KeptResult, ...] = ()  # the newest at the end


STATUS_MAX: Final = 999


def health_of(found: Mapping[str, Any] | None, now_us: int) -> Health:
    """found: Table.health, where another process may have written anything."""
    if found is None:
        return Health()
    results = []
    for phase, reason, status, at_us, took_us in found["results"]:
        if phase < len(PHASES) and reason < len(REASONS) and status <= STATUS_MAX:
            result = CheckResult(PHASES[phase], REASONS[reason], status)
            results.append(KeptResult(result, min(max(at_us, 0), now_us), took_us))
    return Health(
        checks=found["checks"],
        passes=found["passes"],
        fails=found["fails"],
        out_since_us=min(max(found["out_since_us"], 0), now_us),
        results=tuple(results),
    )
