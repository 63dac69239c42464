"""What the script of balancer-manager's page asks for: how things are, and were.

    ?events                              one event of text/event-stream, and the end
    ?history=MEMBER&b=BALANCER&span=2h   lists of docs/statistics.md, as JSON

A stream that ends with its first event keeps no worker, and outlives a reload without
anything being handed over: the browser asks again after RETRY_MS by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from fastlb.admin.history import history
from fastlb.admin.state import state
from fastlb.admin.status_page import ASKED_BY, STATES
from fastlb.controller.asked import Asked
from fastlb.controller.desk import Desk
from fastlb.facts.balancer import Balancer
from fastlb.facts.history import SPANS
from fastlb.facts.member import Member

RETRY_MS: Final = 1000
NonceOf = Callable[[Desk, Balancer], str]


def event(asked: Asked, desk: Desk, nonce_of: NonceOf) -> bytes:
    """The state document of the host, with what is needed to change something."""
    index = max(asked.vhost_index, 0)
    told = state(desk.table, desk.model, desk.facts, vhost_index=index)
    nonces: dict[tuple[str, str], str] = {}
    for one in desk.model.vhosts[index].balancers:
        balancer = desk.model.balancers[one]
        nonces.setdefault(
            (balancer.plain_name, balancer.host), nonce_of(desk, balancer)
        )
    for each in told["balancers"]:
        each["nonce"] = nonces.get((each["name"], each["host"]), "")
        for member in each["members"]:
            _put_into_words(member)
    return f"retry: {RETRY_MS}\ndata: {json.dumps(told)}\n\n".encode()


def _put_into_words(member: dict[str, Any]) -> None:
    """colour, state_words, asked_again_words: as the page of server-status has them."""
    member["colour"], member["state_words"] = STATES[member["state"]]
    by = member["asked_again_by"]
    member["asked_again_words"] = ASKED_BY.get(by, by)


def past(desk: Desk, member: Member | None, span: str) -> bytes | None:
    """None: there is no such member, or span."""
    if member is None or span not in SPANS:
        return None
    slot = desk.facts.member_slots[desk.model.members.index(member)]
    return json.dumps(history(desk.table, slot, span)).encode()
