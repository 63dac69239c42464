"""From a model to slots of the table: which member counts where.

The identity of a slot is the key that the model gives (balancer, member URL); the
table finds the slot again after a reload, with all it has counted.
"""

from __future__ import annotations

from fastlb._core import Table, TableError
from fastlb.facts.member import Member
from fastlb.facts.server import Model
from fastlb.facts.words import Compat
from fastlb.master.errors import Exit, StartError

# Room for members and balancers that later reloads bring, and for old workers that
# tunnels keep: the table is mapped once and never grows. A slot not in use costs
# address space only.
SPARE_FACTOR = 4
BALANCERS_MIN = 256
MEMBERS_MIN = 2048
WORKERS_MIN = 8192
VHOSTS_MIN = 256
WORKERS_PER_SEAT = 512
PLACES_MANY = 1 << 24  # at a member whose agent may say how many; no other bound
DIGEST_CLIENT_BYTES = 16  # nonce_client of core/nonces.pxd


def create_table(model: Model) -> Table:
    """The table of this master, with room to grow; StartError where there is none."""
    try:
        return Table.create(
            max(BALANCERS_MIN, SPARE_FACTOR * len(model.balancers)),
            max(MEMBERS_MIN, SPARE_FACTOR * len(model.members)),
            max(WORKERS_MIN, WORKERS_PER_SEAT * model.process.start_servers),
            model.process.digest_memory_bytes // DIGEST_CLIENT_BYTES,
            max(VHOSTS_MIN, SPARE_FACTOR * len(model.vhosts)),
        )
    except TableError as error:
        raise StartError(Exit.CANNOT_SERVE, f"FB0603: {error}") from None


def claim(
    table: Table, model: Model, generation: int, *, fresh: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Slots of the model's members and balancers, in the model's order.

    Claiming again for a generation that has its slots writes the configured
    settings again: that is how a reload that failed is taken back. fresh: counters
    and state start anew, as Apache's do on every restart.
    """
    try:
        for vhost in model.vhosts:
            table.claim_vhost(vhost.vhost_id, generation)
        balancer_slots = tuple(
            table.claim_balancer(balancer.key, generation, lbmethod=balancer.lbmethod)
            for balancer in model.balancers
        )
        member_slots = tuple(
            table.claim_member(
                member.key,
                generation,
                balancer_slot=(
                    balancer_slots[member.balancer_index]
                    if member.balancer_index >= 0
                    else -1
                ),
                load_factor=member.load_factor,
                lbset=member.lbset,
                status=member.status,
                route=member.route,
                redirect=member.redirect,
                retry_ms=member.retry_ms,
                probe=is_probed(model, member),
                slow_start_ms=member.slow_start_ms,
                places_max=places_of(member),
                check=member.health.begin.value if member.health else "",
                agent=member.agent is not None,
                fresh=fresh,
            )
            for member in model.members
        )
    except TableError as error:
        raise StartError(
            Exit.CANNOT_SERVE,
            f"no slot for {len(model.members)} members in {len(model.balancers)} "
            f"balancers, or for {len(model.vhosts)} hosts: {error}\n"
            "    the table's size is set at start: stop and start to make it larger",
        ) from None
    return member_slots, balancer_slots


def is_probed(model: Model, member: Member) -> bool:
    """True when the monitor brings the member back (monitor/probe.py, or its checks,
    monitor/health.py)."""
    return model.compat is Compat.BETTER and not member.retry_written


def places_of(member: Member) -> int:
    """How many requests it may have of all workers; 0: that is not bounded."""
    if not member.max_is_global or member.balancer_index < 0:
        return 0
    return member.max or (PLACES_MANY if member.agent is not None else 0)
