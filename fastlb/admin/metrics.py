"""`SetHandler metrics`: what the table counts, for Prometheus and its kin.

One look at shared memory, no file per process: nothing is stale, and whichever worker
is asked says the same. Families are named after Prometheus' conventions (base units,
_total for what only rises). The text is OpenMetrics 1.0 for whoever accepts that, else
Prometheus' own format 0.0.4; both have the same samples.

Of all hosts: who may ask is said by Require around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fastlb.admin.pages import Answer, not_found
from fastlb.admin.reading import ServerFacts
from fastlb.base.version import VERSION
from fastlb.facts.balancer import Balancer
from fastlb.facts.member import Member
from fastlb.facts.outcomes import BOUNDS_S, CLASSES
from fastlb.facts.server import Model
from fastlb.facts.vhost import VHost

if TYPE_CHECKING:
    from fastlb._core import Request, Table

PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text"
OPEN_METRICS_TYPE = f"{OPEN_METRICS}; version=1.0.0; charset=utf-8"

Labels = Sequence[tuple[str, str]]
Sample = tuple[str, str, float]
"""What follows the family's name, labels as they are written, value."""


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name. kind: counter, gauge, histogram, info"""

    name: str
    kind: str
    about: str
    samples: Iterable[Sample]

    def lines(self, is_open: bool) -> Iterator[str]:
        kind, total = self.kind, ""
        if kind == "counter":
            total = "_total"
        elif kind == "info":
            total, kind = "_info", kind if is_open else "gauge"
        head = self.name if is_open else f"{self.name}{total}"
        yield f"# HELP {head} {self.about}\n# TYPE {head} {kind}\n"
        name = f"{self.name}{total}"
        for end, labels, value in self.samples:
            yield f"{name}{end}{labels} {value}\n"


def metrics(request: Request, table: Table, model: Model, facts: ServerFacts) -> Answer:
    """Answer one scrape. Methods but GET and HEAD: 404, as the status."""
    if request.method not in ("GET", "HEAD"):
        return not_found(request, model)
    is_open = any(
        name.lower() == b"accept" and OPEN_METRICS in value.decode("latin-1")
        for name, value in request.headers
    )
    parts: list[str] = []
    for family in families(table, model, facts):
        parts.extend(family.lines(is_open))
    if is_open:
        parts.append("# EOF\n")
    body = "".join(parts).encode()
    return 200, OPEN_METRICS_TYPE if is_open else PROMETHEUS_TYPE, body, ()


def families(table: Table, model: Model, facts: ServerFacts) -> Iterator[Family]:
    """All of them, in the order in which they are written."""
    yield from _server(table, facts)
    yield from _workers(table.snapshot_workers())
    yield from _vhosts(table, model)
    yield from _certificates(model, facts)
    yield from _balancers(table, model, facts)
    yield from _members(table, model, facts)


def labelled(pairs: Labels) -> str:
    """`{a="b",c="d"}`; "" for none."""
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _one(value: float, labels: str = "") -> list[Sample]:
    return [("", labels, value)]


# The server and its workers -------------------------------------------------------


def _server(table: Table, facts: ServerFacts) -> Iterator[Family]:
    totals = table.totals()
    version = labelled((("version", VERSION),))
    yield Family("fastlb_build", "info", "Which program answers.", _one(1, version))
    yield Family(
        "fastlb_start_time_seconds",
        "gauge",
        "When the server was started, since 1970.",
        _one(facts.started_us / 1e6),
    )
    yield Family(
        "fastlb_generation",
        "gauge",
        "Which configuration answers: reloads that were taken since the start.",
        _one(facts.generation),
    )
    is_sound, loaded_us = table.last_reload()
    yield Family(
        "fastlb_config_last_reload_successful",
        "gauge",
        "1 when the last configuration that was read was taken, 0 when it was refused.",
        _one(int(is_sound)),
    )
    yield Family(
        "fastlb_config_last_reload_success_timestamp_seconds",
        "gauge",
        "When the last one was taken, since 1970.",
        _one(loaded_us / 1e6),
    )
    for name, key, about in _TOTALS:
        yield Family(f"fastlb_{name}", "counter", about, _one(totals[key]))
    yield Family(
        "fastlb_request_seconds",
        "counter",
        "Time that requests have taken, all together.",
        _one(totals["duration_us"] / 1e6),
    )


_TOTALS: Final = (
    ("requests", "accesses", "Requests that were answered."),
    ("sent_bytes", "bytes_out", "Bytes of answers that were sent to clients."),
    ("connections", "connections", "Connections of clients that were accepted."),
    ("lock_repairs", "repairs", "Locks that were taken over from ended processes."),
    (
        *("pool_connections_opened", "opened"),
        "Connections to members, and to the controller for its pages, that were begun.",
    ),
    ("pool_connections_reused", "reused", "Requests that took one that was there."),
    ("pool_connections_failed", "failed", "Those that were refused or came too late."),
)


def _workers(workers: Sequence[Mapping[str, Any]]) -> Iterator[Family]:
    draining = sum(worker["draining"] for worker in workers)
    states = (("serving", len(workers) - draining), ("draining", draining))
    yield Family(
        "fastlb_workers",
        "gauge",
        "Worker processes.",
        [("", labelled((("state", state),)), count) for state, count in states],
    )
    idle = sum(worker["idle"] for worker in workers)
    in_use = sum(worker["upstreams"] for worker in workers) - idle
    yield Family(
        "fastlb_pool_connections",
        "gauge",
        "Connections to members that are open, by the last tick of each worker.",
        [
            ("", labelled((("state", state),)), count)
            for state, count in (("idle", idle), ("in_use", max(in_use, 0)))
        ],
    )
    for name, key, about in _OF_WORKERS:
        value = sum(worker[key] for worker in workers)
        yield Family(f"fastlb_{name}", "gauge", about, _one(value))


_OF_WORKERS: Final = (
    ("connections_open", "connections", "Connections of clients that are open."),
    ("requests_in_work", "busy", "Requests under way, tunnels among them."),
    ("tunnels", "tunnels", "Tunnels under way (WebSocket, CONNECT)."),
    ("requests_waiting", "waiting", "Requests that wait for MaxRequestWorkers."),
)


# Virtual hosts --------------------------------------------------------------------


def _name_of(vhost: VHost) -> str:
    return vhost.vhost_id or "main"


def _vhosts(table: Table, model: Model) -> Iterator[Family]:
    labels: list[str] = []
    outcomes: list[tuple[list[list[int]], int]] = []
    sent: list[Sample] = []
    for vhost in model.vhosts:
        found = table.vhost_outcomes(vhost.vhost_id)
        if found is None:
            continue
        where = labelled((("vhost", _name_of(vhost)),))
        labels.append(where)
        outcomes.append((found[0], found[1]))
        sent.append(("", where, found[2]))
    yield Family(
        "fastlb_vhost_responses",
        "counter",
        "Requests of a virtual host, whoever answered, by the class of the status.",
        _classes(labels, outcomes),
    )
    yield Family(
        "fastlb_vhost_sent_bytes",
        "counter",
        "Bytes of its answers that were sent to clients.",
        sent,
    )
    yield Family(
        "fastlb_vhost_request_duration_seconds",
        "histogram",
        "Time of its requests, from the client's first byte to the last one for it.",
        _durations(labels, outcomes),
    )


def _certificates(model: Model, facts: ServerFacts) -> Iterator[Family]:
    """Of one name in one file the one that ends first. Those that members see are of no
    host."""
    ends: dict[str, float] = {}
    for host, file in _certificate_files(model):
        for one in facts.expiries:
            if one.file == file:
                pairs = (("vhost", host), ("file", file), ("subject", one.subject))
                where = labelled(pairs)
                ends[where] = min(one.ends_s, ends.get(where, one.ends_s))
    yield Family(
        "fastlb_certificate_expiry_timestamp_seconds",
        "gauge",
        "When a certificate ends that is sent to clients or members, since 1970.",
        [("", where, ends_s) for where, ends_s in ends.items()],
    )


def _certificate_files(model: Model) -> Iterator[tuple[str, str]]:
    """Each with the host that sends it, once."""
    found: dict[tuple[str, str], None] = {}
    for vhost in model.vhosts:
        if vhost.tls is not None:
            files = [pair.certificate_file for pair in vhost.tls.pairs]
            if vhost.tls.chain_file is not None:
                files.append(vhost.tls.chain_file)
            found |= dict.fromkeys((_name_of(vhost), file) for file in files)
    for member in model.members:
        if member.tls is not None and member.tls.machine_certificate_file is not None:
            found["", member.tls.machine_certificate_file] = None
    return iter(found)


# Balancers ------------------------------------------------------------------------

_SPENT: Final = "spent"
_OF_BALANCERS: Final = (
    ("elections", "counter", "elections", 1, "Elections of a member."),
    ("queue_length", "gauge", "queued", 1, "Requests that wait for a member."),
    ("queue_length_max", "gauge", "queued_most", 1, "The most at one moment."),
    ("queue_waits", "counter", "waits", 1, "Requests that have waited."),
    ("queue_wait_seconds", "counter", "waited_us", 1e6, "Time that they have waited."),
    (
        *("queue_refused", "counter", "turned_away", 1),
        "Requests answered with 503 as too many waited, or for too long.",
    ),
)


def _balancers(table: Table, model: Model, facts: ServerFacts) -> Iterator[Family]:
    labels = {
        slot: labelled(_balancer_labels(balancer))
        for balancer, slot in zip(model.balancers, facts.balancer_slots, strict=True)
    }
    seen = [(where, table.snapshot_balancer(slot)) for slot, where in labels.items()]
    for name, kind, key, unit, about in _OF_BALANCERS:
        yield Family(
            f"fastlb_balancer_{name}",
            kind,
            about,
            [("", labels, _in(one[key], unit)) for labels, one in seen],
        )
    yield Family(
        "fastlb_balancer_retries",
        "counter",
        "Requests that were sent to one more member, by the rule that allowed it.",
        [
            ("", f'{labels[:-1]},rule="{rule}"}}', count)
            for labels, one in seen
            for rule, count in one["sent_again"].items()
            if rule != _SPENT
        ],
    )
    yield Family(
        "fastlb_balancer_retries_refused",
        "counter",
        "Requests that were not sent again since the budget was used up.",
        [("", labels, one["sent_again"][_SPENT]) for labels, one in seen],
    )


def _balancer_labels(balancer: Balancer | None) -> Labels:
    """Of one that several hosts share, and of none, the host is empty."""
    if balancer is None:
        return ("balancer", ""), ("host", "")
    return ("balancer", balancer.plain_name), ("host", balancer.host)


def _in(value: float, unit: float) -> float:
    return value if unit == 1 else value / unit


# Members --------------------------------------------------------------------------


def _member_labels(model: Model, member: Member) -> Labels:
    index = member.balancer_index
    balancer = model.balancers[index] if index >= 0 else None
    return (*_balancer_labels(balancer), ("member", member.url))


_OfMember = tuple[str, str, Callable[[Mapping[str, Any]], float], str]
_OF_MEMBERS: Final[tuple[_OfMember, ...]] = (
    (
        "up",
        "gauge",
        lambda m: int(m["usable"]),
        "1 while it may be given requests, else 0.",
    ),
    ("weight", "gauge", lambda m: m["load_factor"] / 100, "Its loadfactor."),
    ("elections", "counter", lambda m: m["elected"], "How often it was elected."),
    ("requests_in_flight", "gauge", lambda m: m["busy"], "Requests that it has."),
    ("sent_bytes", "counter", lambda m: m["transferred"], "Bytes sent to it."),
    ("received_bytes", "counter", lambda m: m["read"], "Bytes received from it."),
    ("ejections", "gauge", lambda m: m["ejections"], "Ejections that still count."),
)


def _members(table: Table, model: Model, facts: ServerFacts) -> Iterator[Family]:
    serving = model.serving()
    by_slot = {
        slot: labelled(_member_labels(model, member))
        for index, (member, slot) in enumerate(
            zip(model.members, facts.member_slots, strict=True)
        )
        if index in serving
    }
    labels = tuple(by_slot.values())
    seen = [table.snapshot_member(slot) for slot in by_slot]
    for name, kind, value, about in _OF_MEMBERS:
        yield Family(
            f"fastlb_member_{name}",
            kind,
            about,
            [("", where, value(one)) for where, one in zip(labels, seen, strict=True)],
        )
    yield Family(
        "fastlb_member_checks",
        "counter",
        "Checks of its health that have ended, by their result.",
        _checks(table, model, facts, by_slot),
    )
    outcomes = [table.outcomes(slot) for slot in by_slot]
    yield Family(
        "fastlb_member_responses",
        "counter",
        "Requests for which it was asked last, by the class of the status.",
        _classes(labels, outcomes),
    )
    yield Family(
        "fastlb_member_request_duration_seconds",
        "histogram",
        "Time of those requests, from the client's first byte to the last one for it.",
        _durations(labels, outcomes),
    )


def _checks(
    table: Table, model: Model, facts: ServerFacts, by_slot: Mapping[int, str]
) -> Iterator[Sample]:
    checked = {
        slot
        for member, slot in zip(model.members, facts.member_slots, strict=True)
        if member.health is not None
    }
    for slot, where in by_slot.items():
        counts = table.check_counts(slot) if slot in checked else None
        if counts is not None:
            for result, count in zip(("passed", "failed"), counts, strict=True):
                yield "", f'{where[:-1]},result="{result}"}}', count


Outcomes = Sequence[tuple[list[list[int]], int]]
_LES: Final = (*map(str, BOUNDS_S), "+Inf")


def _classes(labels: Sequence[str], outcomes: Outcomes) -> Iterator[Sample]:
    for where, (counts, _) in zip(labels, outcomes, strict=True):
        for name, times in zip(CLASSES, counts, strict=True):
            yield "", f'{where[:-1]},code="{name}"}}', sum(times)


def _durations(labels: Sequence[str], outcomes: Outcomes) -> Iterator[Sample]:
    for where, (counts, duration_us) in zip(labels, outcomes, strict=True):
        count = 0
        for bound, one in zip(_LES, map(sum, zip(*counts, strict=True)), strict=True):
            count += one
            yield "_bucket", f'{where[:-1]},le="{bound}"}}', count
        yield "_count", where, count
        yield "_sum", where, duration_us / 1e6
