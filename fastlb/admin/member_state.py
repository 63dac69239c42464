"""What the state document says of one member (docs/state.md).

The table knows flags, times and numbers; here they become words: how the member stands,
why it is out, and what brings it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fastlb.admin.adjustments import adjusted_of_member, is_added
from fastlb.facts.agent import AgentState
from fastlb.facts.health import Health, HealthCheck, HealthMethod, health_of
from fastlb.facts.member import Member
from fastlb.facts.member_changes import Cause, Change, changes_of
from fastlb.facts.outcomes import ANSWERED, CLASSES, quantile_s

if TYPE_CHECKING:
    from fastlb._core import Table

_BY_SOMEBODY: Final = ("stopped", "shut_down", "disabled")
"""States that only the configuration or an operator ends."""

_USABLE_STATES: Final = (("N", "draining"), ("H", "standby"), ("R", "spare"))
"""By Apache's letter; the first one of a member counts."""


@dataclass(frozen=True, slots=True)
class Look:
    """All that the table says of a member at one moment.

    now_us: CLOCK_MONOTONIC; health, agent: None where it has none
    """

    member: Member
    now_us: int
    seen: Mapping[str, Any]  # Table.snapshot_member
    changes: Sequence[Change]
    health: Health | None
    agent: AgentState | None


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason for which a member is out. since_us: None where nobody knows."""

    state: str
    words: str
    since_us: int | None = None


def look_at(table: Table, member: Member, slot: int, now_us: int) -> Look:
    """Read everything that is known of a member."""
    health = agent = None
    if member.health is not None:
        health = health_of(table.health(slot), now_us)
    if member.agent is not None:
        agent = AgentState(*table.agent(slot))
    changes = changes_of(table.changes(slot), now_us)
    return Look(member, now_us, table.snapshot_member(slot), changes, health, agent)


def member_state(
    table: Table, member: Member, slot: int, now_us: int
) -> dict[str, Any]:
    """The member's part of the document."""
    look = look_at(table, member, slot, now_us)
    seen = look.seen
    return {
        "url": member.url,
        "route": seen["route"],
        "redirect": seen["redirect"],
        "weight": seen["load_factor"] / 100,
        "lbset": seen["lbset"],
        **_checked(member.health),
        "added": is_added(member),
        "adjusted": [
            one._asdict() for one in adjusted_of_member(member, seen, look.agent)
        ],
        **_standing(look),
        "agent": look.agent.words if look.agent else None,
        "checks": _checks(look),
        "changes": _changes(look),
        "in_flight": seen["busy"],
        "in_flight_max": seen["places_max"] or None,
        "elected": seen["elected"],
        "sent_bytes": seen["transferred"],
        "received_bytes": seen["read"],
        "ejections": seen["ejections"],
        **_answers(table, slot),
    }


def _checked(health: HealthCheck | None) -> dict[str, Any]:
    """How it is checked, by the names that a change gives that."""
    if health is None:
        nothing = ("interval_seconds", "passes", "fails", "uri", "expression")
        return {
            "health_method": HealthMethod.NONE.value,
            **{f"health_{name}": None for name in nothing},
        }
    return {
        "health_method": health.method.value,
        "health_interval_seconds": health.interval_ms / 1000,
        "health_passes": health.passes,
        "health_fails": health.fails,
        "health_uri": health.uri or None,
        "health_expression": health.condition.name if health.condition else None,
    }


# How it stands, and why ------------------------------------------------------------


def _standing(look: Look) -> dict[str, Any]:
    seen = look.seen
    found = [] if seen["usable"] else list(grounds(look))
    known = [one.since_us for one in found if one.since_us is not None]
    by, in_seconds = _asked_again(look, found)
    return {
        "flags": seen["flags"],
        "status": seen["status"].strip(),
        "state": found[0].state if found else _usable_state(seen),
        "usable": seen["usable"],
        "out_reason": "; ".join(one.words for one in found) or None,
        "out_for_seconds": _since(look.now_us, min(known)) if known else None,
        "asked_again_by": by,
        "asked_again_in_seconds": in_seconds,
    }


def _usable_state(seen: Mapping[str, Any]) -> str:
    if not seen["usable"]:
        return "unknown"
    held = (state for flag, state in _USABLE_STATES if flag in seen["flags"])
    return next(held, "serving")


def grounds(look: Look) -> Iterator[Ground]:
    """All reasons of a member that is out, those first that outlast the others."""
    seen, agent = look.seen, look.agent
    flags = seen["flags"]
    if "S" in flags:
        yield Ground("stopped", "it was stopped (status S)")
    if "U" in flags:
        yield Ground("shut_down", "it was shut down (status U)")
    if agent is not None and (agent.is_down or agent.in_maintenance):
        yield Ground("agent_down", f"its agent says: {agent.words}")
    elif "D" in flags:
        yield Ground("disabled", "it was taken out of service (status D)")
    if "C" in flags:
        yield _unhealthy(look)
    if "E" in flags:
        yield _in_error(look)


def _unhealthy(look: Look) -> Ground:
    if look.seen["unproven"]:
        return Ground("unchecked", "no check of its health has ended yet")
    health = look.health or Health()
    failed = [
        kept.result.words for kept in health.results if not kept.result.has_passed
    ]
    words = "checks of its health fail"
    if failed:
        words += f": {failed[-1]}"
    return Ground("unhealthy", words, health.out_since_us or None)


def _in_error(look: Look) -> Ground:
    seen, now_us = look.seen, look.now_us
    since_us = seen["error_time_us"] if 0 < seen["error_time_us"] <= now_us else None
    words = "a request to it has failed"
    out = [one for one in _last_absence(look.changes) if one.cause is not Cause.CHECKS]
    if out:
        since_us, words = out[0].at_us, out[-1].why
    is_ejected = seen["ejected_until_us"] > now_us
    return Ground("ejected" if is_ejected else "error", words, since_us)


def _last_absence(changes: Sequence[Change]) -> Sequence[Change]:
    """That it went out, and again and again, without coming back."""
    count = 0
    for one in reversed(changes):
        if not one.is_out:
            break
        count += 1
    return changes[len(changes) - count :]


def _asked_again(
    look: Look, found: Sequence[Ground]
) -> tuple[str | None, float | None]:
    """What may find a member that is out back, and in how many seconds: None where
    nobody has written when."""
    states = [one.state for one in found]
    seen = look.seen
    if not states or any(state in _BY_SOMEBODY for state in states):
        return None, None
    if "agent_down" in states:
        return "agent", None
    is_probed = seen["probed"] and seen["probe_clears"]
    if "C" in seen["flags"] or (is_probed and look.health is not None):
        return "health check", None if is_probed else _next_check_s(look)
    if is_probed:
        return "connection", None
    if seen["retry_in_ms"] < 0:
        return None, None
    return "request", seen["retry_in_ms"] / 1000


def _next_check_s(look: Look) -> float | None:
    check, health = look.member.health, look.health
    if check is None or health is None or not health.results:
        return None
    due_us = health.results[-1].at_us + check.interval_ms * 1000
    return max(_seconds(due_us - look.now_us), 0.0)


# What was seen of it ----------------------------------------------------------------


def _checks(look: Look) -> list[dict[str, Any]]:
    """The newest first."""
    return [
        {
            "seconds_ago": _since(look.now_us, kept.at_us),
            "passed": kept.result.has_passed,
            "words": kept.result.words,
            "took_seconds": kept.took_us / 1e6,
        }
        for kept in reversed((look.health or Health()).results)
    ]


def _changes(look: Look) -> list[dict[str, Any]]:
    return [
        {
            "seconds_ago": _since(look.now_us, one.at_us),
            "went_out": one.is_out,
            "words": one.why,
            "pid": one.pid,
        }
        for one in reversed(look.changes)
    ]


def _answers(table: Table, slot: int) -> dict[str, Any]:
    by_class, _ = table.outcomes(slot)
    times = list(map(sum, zip(*by_class[ANSWERED], strict=True)))
    return {
        "outcomes": {
            name: sum(counts) for name, counts in zip(CLASSES, by_class, strict=True)
        },
        "answer_p50_seconds": quantile_s(times, 0.5),
        "answer_p99_seconds": quantile_s(times, 0.99),
    }


def _since(now_us: int, at_us: int) -> float:
    return max(_seconds(now_us - at_us), 0.0)


def _seconds(us: int) -> float:
    """To the millisecond: what is told of it is older than that."""
    return round(us / 1e6, 3)
