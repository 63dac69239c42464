"""The state document: what the server and its members do now, as plain values.

It is made of the table that all processes share, so that whichever process is asked
says the same.
docs/state.md tells each key; one that stands there keeps its name and its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Seen
from typing import TYPE_CHECKING, Any, Final

from fastlb.admin import apache_names as names
from fastlb.admin.adjustments import adjusted_of_balancer, removed
from fastlb.admin.member_state import member_state
from fastlb.admin.reading import ServerFacts, System, may_wait
from fastlb.base.version import VERSION
from fastlb.facts.balancer import Balancer
from fastlb.facts.mapping import Mapping
from fastlb.facts.server import Model
from fastlb.facts.under_way import under_way_of
from fastlb.facts.vhost import VHost, every_conf

if TYPE_CHECKING:
    from fastlb._core import Table

FORMAT: Final = 1
"""Rises when a key goes, or means something else."""

_SPENT: Final = "spent"
_WORKER_STATES: Final = {
    names.STARTING: "starting",
    names.WAITING: "serving",
    names.GRACEFUL: "draining",
}


def state(
    table: Table,
    model: Model,
    facts: ServerFacts,
    *,
    vhost_index: int | None = None,
    system: System | None = None,
) -> dict[str, Any]:
    """The whole document. vhost_index: balancers and members of that host alone."""
    system = system or System()
    vhost = None if vhost_index is None else model.vhosts[vhost_index]
    now_us = system.monotonic_us()
    workers = [_worker(seen) for seen in table.snapshot_workers()]
    gone = removed(model)

    def members_of(indexes: Iterable[int]) -> list[dict[str, Any]]:
        slots = facts.member_slots
        return [
            member_state(table, model.members[index], slots[index], now_us)
            for index in indexes
        ]

    return {
        "format": FORMAT,
        "server": {**_server(model, facts, system), "workers": workers},
        "totals": _totals(table.totals(), workers),
        "balancers": [
            {
                **_balancer(model, index, table.snapshot_balancer(slot)),
                "removed": [
                    {"url": member.url, "route": member.route}
                    for member in gone.get(model.balancers[index].key, ())
                ],
                "members": members_of(model.balancers[index].members),
            }
            for slot, index in _balancers(model, facts, vhost).items()
        ],
        "members": members_of(_direct(model, vhost)),
        "requests": _requests(table, model, facts, now_us),
    }


# The server and its workers ---------------------------------------------------------


def _server(model: Model, facts: ServerFacts, system: System) -> dict[str, Any]:
    now_us = system.now_us()
    return {
        "version": VERSION,
        "compat": model.compat.value,
        "generation": facts.generation,
        "started_unix_seconds": facts.started_us // 1_000_000,
        "now_unix_seconds": now_us // 1_000_000,
        "uptime_seconds": max(now_us - facts.started_us, 0) // 1_000_000,
    }


def _worker(seen: Seen[str, Any]) -> dict[str, Any]:
    return {
        "slot": seen["slot"],
        "pid": seen["pid"],
        "generation": seen["generation"],
        "state": _WORKER_STATES.get(seen["state"], "unknown"),
        "draining": seen["draining"],
        "requests": seen["accesses"],
        "sent_bytes": seen["bytes_out"],
        "connections_open": seen["connections"],
        "in_flight": seen["busy"],
        "tunnels": seen["tunnels"],
        "waiting": seen["waiting"],
    }


def _totals(totals: Seen[str, int], workers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "requests": totals["accesses"],
        "request_seconds": totals["duration_us"] / 1e6,
        "sent_bytes": totals["bytes_out"],
        "connections": totals["connections"],
        **{
            name: sum(worker[name] for worker in workers)
            for name in ("connections_open", "in_flight", "tunnels", "waiting")
        },
        "lock_repairs": totals["repairs"],
    }


def _requests(
    table: Table, model: Model, facts: ServerFacts, now_us: int
) -> list[dict[str, Any]]:
    """Those under way in all workers, the oldest first, whichever host they ask."""
    urls = {
        slot: member.url
        for slot, member in zip(facts.member_slots, model.members, strict=True)
        if not member.is_controller
    }
    found = [
        (one, worker, generation)
        for worker, generation, rows in table.requests()
        for one in under_way_of(rows, now_us)
    ]
    return [
        {
            "worker": worker,
            "age_seconds": round((now_us - one.since_us) / 1e6, 3),
            "state": one.state,
            "client": one.client,
            "host": _host_of(model, facts, one.vhost, generation),
            "request": one.text,
            "member": urls.get(one.member),
            "sent_bytes": one.sent_bytes,
        }
        for one, worker, generation in sorted(found, key=lambda each: each[0].since_us)
    ]


def _host_of(
    model: Model, facts: ServerFacts, vhost: int, generation: int
) -> str | None:
    """Its name; None: of another generation's hosts nothing is known here."""
    if generation != facts.generation or not 0 <= vhost < len(model.vhosts):
        return None
    return model.vhosts[vhost].server_name


# Balancers --------------------------------------------------------------------------


def _balancers(model: Model, facts: ServerFacts, vhost: VHost | None) -> dict[int, int]:
    """Slot and index of those that are told; of one that several hosts have, once."""
    shown = range(len(model.balancers)) if vhost is None else vhost.balancers
    found: dict[int, int] = {}
    for index in shown:
        found.setdefault(facts.balancer_slots[index], index)
    return found


def _balancer(model: Model, index: int, seen: Seen[str, Any]) -> dict[str, Any]:
    balancer: Balancer = model.balancers[index]
    own = balancer.own_cookie
    again = seen["sent_again"]
    return {
        "name": balancer.plain_name,
        "host": balancer.host,
        "method": balancer.lbmethod,
        "sticky_cookie": balancer.sticky_cookie,
        "sticky_parameter": balancer.sticky_url,
        "own_cookie": own.name if own else None,
        "timeout_seconds": balancer.timeout_ms / 1000,
        "max_attempts": balancer.max_attempts,
        "nofailover": balancer.nofailover,
        "fail_on_status": list(balancer.fail_on_status),
        "fail_on_timeout": balancer.fail_on_timeout,
        "force_recovery": balancer.force_recovery,
        "adjusted": [one._asdict() for one in adjusted_of_balancer(balancer)],
        "elections": seen["elections"],
        "may_wait": may_wait(model, index),
        "queue": {
            "waiting": seen["queued"],
            "waiting_most": seen["queued_most"],
            "waited": seen["waits"],
            "waited_seconds": seen["waited_us"] / 1e6,
            "longest_wait_seconds": seen["longest_us"] / 1e6,
            "turned_away": seen["turned_away"],
        },
        "retries": {rule: count for rule, count in again.items() if rule != _SPENT},
        "retries_refused": again[_SPENT],
    }


def _direct(model: Model, vhost: VHost | None) -> list[int]:
    """Members that stand in no balancer; of a host, those that its mappings name."""
    direct = [
        index
        for index, member in enumerate(model.members)
        if member.balancer_index < 0 and not member.is_controller
    ]
    if vhost is None:
        return direct
    named = {mapping.member_index for mapping in _mappings(vhost)}
    return [index for index in direct if index in named]


def _mappings(vhost: VHost) -> Iterator[Mapping]:
    yield from vhost.mappings
    if vhost.rewrite is not None:
        yield from vhost.rewrite.targets
    for conf in every_conf(vhost):
        for one in (conf.mapping, conf.handler_mapping):
            if one is not None:
                yield one
