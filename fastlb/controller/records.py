"""What the master keeps of changes, and what the next controller makes of it.

A change that takes new workers takes a new controller too. Whoever made it is answered
by the old one, which the master tells what it needs to know as much as the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fastlb.controller.desk import Desk
from fastlb.facts.adjustments import Adjustment, Answer, Deed, record_of
from fastlb.model.adjusted import adjusted, as_written


class MasterError(Exception):
    """It does not tell; the text is for whoever asked."""


async def holds(desk: Desk, begin: int = 0) -> Mapping[str, Any]:
    """What is in force, with the records from that place on; MasterError."""
    asked = Adjustment(Deed.TELL, "", params=(("from", str(begin)),))
    answer = await desk.adjust(asked)
    if not answer.done:
        raise MasterError(answer.text)
    return answer.holds


async def records_of(desk: Desk) -> list[Mapping[str, Any]]:
    """All of them, in as many messages as they take; MasterError."""
    told = await holds(desk)
    records = [*told["records"]]
    while told["next"]:
        told = await holds(desk, told["next"])
        records += told["records"]
    return records


async def desk_after(desk: Desk, answers: Iterable[Answer]) -> Desk:
    """As the controller that begins when this one ends will have it; MasterError."""
    records = [record_of(one) for one in await records_of(desk)]
    model = adjusted(as_written(desk.model), records).model
    keys = (one.key for one in desk.model.members)
    slots = dict(zip(keys, desk.facts.member_slots, strict=True))
    for answer in answers:
        slots |= answer.holds.get("slots", {})
    if any(one.key not in slots for one in model.members):
        raise MasterError("a member came meanwhile")
    found = tuple(slots[one.key] for one in model.members)
    return replace(desk, model=model, facts=replace(desk.facts, member_slots=found))
