"""A model as an operator has changed it while it runs (facts/adjustments.py).

Records are put on a model that was read from files, each time anew: so what a file says
and what was said since never mix. Lines in a file win over what they make untrue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from fastlb.base.limits import MEMBER_KEY_BYTES_MAX, MEMBERS_PER_BALANCER_MAX
from fastlb.config.directives.balancer_params import (
    BALANCER,
    LBMETHODS,
    UNKNOWN_METHOD,
)
from fastlb.config.directives.member_params import MEMBER
from fastlb.config.outside_methods import outside_methods
from fastlb.config.parameter import Parameters
from fastlb.config.tree import Node
from fastlb.facts.adjustments import (
    BALANCER_KEYS,
    HEALTH_KEYS,
    MEMBER_KEYS,
    Adjustment,
    AdjustmentError,
    Deed,
    Record,
)
from fastlb.facts.health import HealthCheck
from fastlb.facts.member import Member
from fastlb.facts.said import ADDED_FILE, said_of_balancer, said_of_member
from fastlb.facts.server import Model
from fastlb.model.drafts import MemberDraft, Values
from fastlb.model.freeze_members import freeze_member
from fastlb.model.model_draft import ModelDraft
from fastlb.model.report import Mistake
from fastlb.model.resolve_health import check_of
from fastlb.model.resolve_params import member_target
from fastlb.model.targets import GATEWAY_SCHEMES, TLS_SCHEMES, Target


@dataclass(slots=True)
class Adjusted:
    """A model with records on it.

    over  what no longer holds of them, in words
    """

    model: Model
    records: tuple[Record, ...]
    over: list[str] = field(default_factory=list)


def adjusted(model: Model, records: Iterable[Record]) -> Adjusted:
    """Put records on a model that was read from files."""
    kept: list[Record] = []
    over: list[str] = []
    draft = ModelDraft(model)
    for record in records:
        try:
            held = _still(draft, record, over)
            if held is not None:
                _put(draft, held)
                kept.append(held)
        except AdjustmentError as why:
            over.append(f"{_name(record)}: {why}")
    return Adjusted(draft.model() if kept else model, tuple(kept), over)


def as_written(model: Model) -> Model:
    """Without what was put on it: as it was read from files."""
    added = sum(one.file == ADDED_FILE for one in model.members)
    draft = ModelDraft(model)
    members = tuple(
        _unsaid(one, draft) for one in model.members[: len(model.members) - added]
    )
    serving = model.serving()
    back: dict[str, list[int]] = {}
    for index, one in enumerate(members):
        if index not in serving and one.balancer_index >= 0:
            back.setdefault(model.balancers[one.balancer_index].key, []).append(index)
    return replace(
        model,
        members=members,
        balancers=tuple(
            replace(
                one,
                members=tuple(
                    sorted(
                        index
                        for index in (*one.members, *back.get(one.key, ()))
                        if index < len(members)
                    )
                ),
                **_values(one.configured),
                configured=(),
            )
            for one in model.balancers
        ),
    )


def _unsaid(member: Member, draft: ModelDraft) -> Member:
    if not member.configured:
        return member
    key = member.key.partition(" ")[0]
    return replace(_as_said(draft, key, member, member.configured), configured=())


def recorded(
    model: Model, records: tuple[Record, ...], asked: Adjustment, at_s: int = 0
) -> tuple[Record, ...]:
    """The records with one deed more. model: as it was read from files; at_s: now.

    AdjustmentError: why it cannot be done.
    """
    if asked.deed is Deed.RESET:
        return tuple(one for one in records if not _is_meant(one, asked))
    before = ModelDraft(adjusted(model, records).model)
    place = (asked.balancer, asked.member)
    known = {one.place: one for one in records}
    record = known.get(place)
    if asked.deed is Deed.ADD:
        if record is not None and record.is_gone:
            return _returned(model, known, record, asked, at_s)
        made = _added(before, asked)
    elif asked.deed is Deed.REMOVE:
        removed = _removed(before, record, asked)
        if removed is None:
            return tuple(one for one in records if one.place != place)
        made = removed
    else:
        made = _set(ModelDraft(model), before, record, asked)
    if made != record:
        known[place] = replace(made, who=asked.who, at_s=at_s)
    if not (made.params or made.is_added or made.is_gone):
        known.pop(place, None)
    after = tuple(known.values())
    # What a reader refuses, and what no longer holds of others by this one, is refused
    # here: nothing is kept that is not in force.
    over = adjusted(model, after).over
    if over:
        raise AdjustmentError("; ".join(over))
    return after


def _is_meant(record: Record, asked: Adjustment) -> bool:
    return asked.balancer in ("", record.balancer) and asked.member in (
        "",
        record.member,
    )


def _returned(
    model: Model,
    known: dict[tuple[str, str], Record],
    record: Record,
    asked: Adjustment,
    at_s: int,
) -> tuple[Record, ...]:
    """A member of the configuration that was out comes back, with what is said of it
    now."""
    known[record.place] = replace(record, is_gone=False, who=asked.who, at_s=at_s)
    records = tuple(known.values())
    if asked.params:
        return recorded(model, records, replace(asked, deed=Deed.SET), at_s)
    return tuple(one for one in records if one.params or one.is_added or one.is_gone)


def _added(before: ModelDraft, asked: Adjustment) -> Record:
    balancer = before.balancer(asked.balancer)
    target = _target(asked.member)
    listed = before.listed(asked.balancer)
    if target.url in listed:
        raise AdjustmentError(f"{target.url} is a member of {balancer.name} already")
    added = sum(before.members[i].file == ADDED_FILE for i in listed.values())
    if added >= balancer.growth:
        raise AdjustmentError(
            f"{balancer.name} has {added} members more than are configured, and may"
            f" not have more: write growth={added + 1} on its ProxySet"
        )
    return Record(asked.balancer, target.url, asked.params, is_added=True)


def _removed(
    before: ModelDraft, record: Record | None, asked: Adjustment
) -> Record | None:
    before.find(asked.balancer, asked.member)
    if record is None:
        return Record(asked.balancer, asked.member, is_gone=True)
    return None if record.is_added else replace(record, is_gone=True)


def _set(
    written: ModelDraft, before: ModelDraft, record: Record | None, asked: Adjustment
) -> Record:
    keys, said = _said_now(before, asked.balancer, asked.member)
    for key, _ in asked.params:
        if key not in keys:
            raise AdjustmentError(f"{key} cannot be changed while running")
    record = record or Record(asked.balancer, asked.member)
    params = dict(record.params)
    for key, value in asked.params:
        # What adds to the value before is kept as what it comes to.
        params[key] = value if key != "status" else _status(said["status"], value)
    if record.is_added:
        return replace(record, params=tuple(params.items()))
    _, configured = _said_now(written, asked.balancer, asked.member)
    params = {key: value for key, value in params.items() if value != configured[key]}
    was = tuple((key, configured[key]) for key in params)
    return replace(record, params=tuple(params.items()), was=was)


def _status(before: str, said: str) -> str:
    values: Values = {"status": before}
    _take(MEMBER, values, "status", said)
    return str(values["status"])


def _still(draft: ModelDraft, record: Record, over: list[str]) -> Record | None:
    """What of a record still holds of the model; None: nothing does. over: gets what
    does not, in words."""
    record = _readable(draft, record, over)
    if record.is_added:
        if _target(record.member).url in draft.listed(record.balancer):
            raise AdjustmentError("it stands in the configuration by now")
        return record
    _, now = _said_now(draft, record.balancer, record.member)
    was = dict(record.was)
    held = {key: value for key, value in record.params if now[key] == was[key]}
    differs = ", ".join(
        f"{key}={now[key]}" for key, value in record.params if now[key] != was[key]
    )
    if differs:
        over.append(f"{_name(record)}: the configuration says {differs}")
    if not held and not record.is_gone:
        return None
    return replace(
        record,
        params=tuple(held.items()),
        was=tuple((key, was[key]) for key in held),
    )


def _readable(draft: ModelDraft, record: Record, over: list[str]) -> Record:
    """Without what names something that is gone (a condition of checks, a method), and
    what we would not have written: another version may have."""
    values = MEMBER.presets() | {"status": ""}
    known = MEMBER_KEYS if record.member else BALANCER_KEYS
    was_told = dict(record.was)
    held = []
    for key, value in record.params:
        try:
            if not record.is_added and (key not in known or key not in was_told):
                raise AdjustmentError(f"{key} cannot be changed while running")
            if record.member:
                _take_of_member(draft, record.balancer, values, key, value)
            else:
                _take(BALANCER, {}, key, value)
        except AdjustmentError as why:
            over.append(f"{_name(record)}: {why}")
        else:
            held.append((key, value))
    if len(held) == len(record.params):
        return record
    kept = dict(held)
    was = tuple((key, value) for key, value in record.was if key in kept)
    return replace(record, params=tuple(held), was=was)


def _put(draft: ModelDraft, record: Record) -> None:
    if record.is_added:
        _add(draft, record)
    elif not record.member:
        values = _values(record.params)
        draft.set_up(record.balancer, **values, configured=record.was)
    elif record.is_gone:
        draft.take_out(record.balancer, record.member)
    else:
        index = draft.find(record.balancer, record.member)
        member = draft.members[index]
        member = _as_said(draft, record.balancer, member, record.params)
        draft.members[index] = replace(member, configured=record.was)


def _as_said(
    draft: ModelDraft, key: str, member: Member, said: Iterable[tuple[str, str]]
) -> Member:
    """key: of its balancer."""
    params = dict(said)
    values: Values = {"status": ""}
    if any(name in HEALTH_KEYS for name in params):
        values |= MEMBER.presets() | {"status": ""} | _health_values(member.health)
    for name, value in params.items():
        _take_of_member(draft, key, values, name, value)
    if "status" not in params:
        del values["status"]
    changed: Values = {
        name: values[name]
        for name in ("load_factor", "lbset", "route", "redirect", "status")
        if name in values and _key_of(name) in params
    }
    if any(name in HEALTH_KEYS for name in params):
        changed["health"] = check_of(values, draft.compat)
    return replace(member, **changed)


def _key_of(field_name: str) -> str:
    return {"load_factor": "loadfactor"}.get(field_name, field_name)


def _health_values(check: HealthCheck | None) -> Values:
    """A check as the parameters that it was made of."""
    if check is None:
        return {}
    return {
        "hc_method": check.method,
        "hc_interval_ms": check.interval_ms,
        "hc_passes": check.passes,
        "hc_fails": check.fails,
        "hc_uri": check.uri,
        "hc_expression": check.condition,
        "hc_timeout_ms": check.timeout_ms,
        "hc_begin": check.begin,
        "hc_fields": check.fields,
    }


def _values(said: Iterable[tuple[str, str]]) -> Values:
    """Settings of a balancer."""
    values: Values = {}
    for key, value in said:
        _take(BALANCER, values, key, value)
    return values


def _add(draft: ModelDraft, record: Record) -> None:
    target = _target(record.member)
    if len(draft.listed(record.balancer)) >= MEMBERS_PER_BALANCER_MAX:
        raise AdjustmentError(f"no more than {MEMBERS_PER_BALANCER_MAX} members")
    key = f"{record.balancer} {target.url}"
    if len(key.encode()) >= MEMBER_KEY_BYTES_MAX:
        raise AdjustmentError("its URL is too long")
    draft.add(record.balancer, _made(draft, target, key, record))


def _made(draft: ModelDraft, target: Target, key: str, record: Record) -> Member:
    """As its line in the balancer's section would make it; what lines around that say
    of all members it has from the others."""
    params = MEMBER.presets()
    params["disable_reuse"] = target.scheme in GATEWAY_SCHEMES
    for name, value in record.params:
        _take_of_member(draft, record.balancer, params, name, value)
    listed = draft.listed(record.balancer).values()
    first = next((draft.members[index] for index in listed), None)
    settings: Values = {
        "proxy_receive_buffer_bytes": 0,
        "proxy_io_buffer_bytes": 0,
        "proxy_source_address": first.source_address if first else None,
    }
    tls = None
    if target.scheme in TLS_SCHEMES:
        tls = next((m.tls for i in listed if (m := draft.members[i]).tls), None)
        if tls is None:
            raise AdjustmentError(
                f"{target.scheme}:// members can be added where there is another one,"
                " with whose SSLProxy* settings they are asked"
            )
    return freeze_member(
        MemberDraft(target, params, Node("BalancerMember", (), "", ADDED_FILE, 0, 0)),
        key,
        draft.place(record.balancer),
        settings,
        tls=tls,
        remote=first.remote if first else None,
        compat=draft.compat,
        needs_route=draft.balancer(record.balancer).own_cookie is not None,
    )


# what they share ------------------------------------------------------------------


def _said_now(
    draft: ModelDraft, key: str, url: str
) -> tuple[tuple[str, ...], dict[str, str]]:
    if not url:
        return BALANCER_KEYS, said_of_balancer(draft.balancer(key))
    return MEMBER_KEYS, said_of_member(draft.members[draft.find(key, url)])


def _target(url: str) -> Target:
    _check_letters(url)
    try:
        target = member_target(url, "BalancerMember")
    except Mistake as mistake:
        raise AdjustmentError(str(mistake)) from None
    if target.unix_path is not None:
        raise AdjustmentError(
            "a member at a socket of this machine is written in a file"
        )
    return target


def _check_letters(text: str) -> None:
    """Text of the configuration is latin-1 (config/lexer.py); workers begin with no
    other one."""
    if any(one > "\xff" for one in text):
        raise AdjustmentError(f"{text}: has letters that no file can say")


def _take_of_member(
    draft: ModelDraft, key: str, values: Values, name: str, value: str
) -> None:
    """key: of its balancer."""
    if name == "hcexpr":
        values["hc_expression"] = draft.condition(key, value) if value else None
    else:
        _take(MEMBER, values, name, value)


def _take(known: Parameters, values: dict[str, Any], key: str, value: str) -> None:
    if key == "stickysession" and not value:
        values |= {"sticky_cookie": None, "sticky_url": None}
        return
    if key == "maxattempts" and not value:
        values["max_attempts"] = None
        return
    if key == "timeout" and value == "0" and known is BALANCER:
        values["timeout_ms"] = 0
        return
    _check_letters(value)
    complaint = known.take(values, key, value)
    if complaint is not None:
        if complaint == UNKNOWN_METHOD:
            complaint += f"; there are {', '.join((*LBMETHODS, *outside_methods()))}"
        raise AdjustmentError(f"{key}={value}: {complaint}")


def _name(record: Record) -> str:
    return f"{record.member} of {record.balancer}" if record.member else record.balancer
