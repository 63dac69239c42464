"""`SetHandler balancer-manager`: look at balancers, and change them.

Fields, their bounds, the nonce and the rule about Referer are those of Apache's
mod_proxy_balancer, so that scripts and modules written for it go on working:

    b, w, nonce              balancer, member, and the balancer's token
    w_lf w_ls w_wr w_rr      loadfactor, lbset, route, redirect
    w_status_I N D H R S     flags, 0 or 1; of our own: w_status_E=0 clears errors
    w_hm w_hi w_hp w_hf w_hu w_he  health checks
    b_lbm b_tmo b_max b_sforce b_ss  lbmethod, timeout, maxattempts, nofailover, sticky
    b_nwrkr with b_wyes=1    add a member, which begins disabled
    xml=1                    answer with XML
    events, history          for the page's script (manager_events.py)

Of our own: b_fos, failonstatus; w_del=1, take the member out of its balancer;
w_reset=1, back to the configuration, of a member, or of a balancer with all of its own.
A value out of its bounds is passed over, and what the others say is done, as there;
here the page says so.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from fastlb.admin.adjustments import removed
from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import MEMBER
from fastlb.config.parameter import Parameters
from fastlb.controller.asked import Asked
from fastlb.controller.desk import Desk
from fastlb.controller.manager_events import event, past
from fastlb.controller.manager_page import condition_names, page
from fastlb.controller.manager_xml import xml
from fastlb.controller.records import MasterError, desk_after
from fastlb.facts.adjustments import (
    HEALTH_KEYS,
    Adjustment,
    AdjustmentError,
    Answer,
    Deed,
)
from fastlb.facts.balancer import NONCE_NONE, Balancer
from fastlb.facts.member import Member
from fastlb.facts.said import said_of_balancer, said_of_member

BODY_BYTES_MAX: Final = 1024
"""Of a form; more of it Apache does not read."""
_OF_GET: Final = ("b", "w", "nonce", "xml")
_OF_MEMBERS: Final = {
    "w_lf": "loadfactor",
    "w_ls": "lbset",
    "w_wr": "route",
    "w_rr": "redirect",
    "w_hm": "hcmethod",
    "w_hi": "hcinterval",
    "w_hp": "hcpasses",
    "w_hf": "hcfails",
    "w_hu": "hcuri",
    "w_he": "hcexpr",
}
_OF_BALANCERS: Final = {
    "b_lbm": "lbmethod",
    "b_tmo": "timeout",
    "b_max": "maxattempts",
    "b_sforce": "nofailover",
    "b_ss": "stickysession",
    "b_fos": "failonstatus",
}
_FLAGS: Final = "INDHRS"
_BOUNDS: Final = {
    "lbset": (0, 99),
    "timeout": (0, 7200),
    "maxattempts": (0, 99),
    "nofailover": (0, 1),
}
"""Narrower than a line's."""
TEXT_HTML: Final = "text/html; charset=utf-8"
TEXT_EVENTS: Final = "text/event-stream"
TEXT_XML: Final = "text/xml"

ManagerAnswer = tuple[int, str, bytes, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a request is about. member: its index, None: the balancer itself."""

    index: int
    balancer: Balancer
    member: Member | None


async def manager(asked: Asked, desk: Desk) -> ManagerAnswer:
    """Answer one request; GET and POST only, as Apache."""
    if asked.method not in ("GET", "HEAD", "POST"):
        return 404, "text/plain; charset=utf-8", b"There is no such page.\n", ()
    if asked.method == "GET" and asked.query == "events":
        return 200, TEXT_EVENTS, event(asked, desk, nonce_of), _HEADERS
    if asked.method == "GET" and asked.query.startswith("history="):
        return _past(asked, desk)
    fields = fields_of(asked, desk)
    chosen = chosen_of(asked, desk, fields)
    notes: list[str] = []
    again: tuple[tuple[str, str], ...] = ()
    if chosen is not None and has_nonce(desk, chosen.balancer, fields):
        answers = [one async for one in _deeds_done(asked, desk, chosen, fields, notes)]
        try:
            if any(one.is_over for one in answers):
                desk = await desk_after(desk, answers)
        except (MasterError, AdjustmentError):
            again = (REFRESH,)
        chosen = chosen_of(asked, desk, fields)
    if fields.get("xml") == "1":
        return 200, TEXT_XML, xml(asked, desk, nonce_of).encode(), _HEADERS
    text, policy = page(asked, desk, chosen, notes, nonce_of)
    headers = (*_HEADERS, ("Content-Security-Policy", policy), *again)
    return 200, TEXT_HTML, text.encode(), headers


def _past(asked: Asked, desk: Desk) -> ManagerAnswer:
    said = dict(parse_qsl(asked.query))
    chosen = chosen_of(asked, desk, {**said, "w": said.get("history", "")})
    member = None if chosen is None else chosen.member
    found = past(desk, member, said.get("span", ""))
    if found is None:
        return 404, "text/plain; charset=utf-8", b"There is no such member.\n", ()
    return 200, "application/json", found, _HEADERS


REFRESH: Final = ("Refresh", "1")
"""With a page that shows what was before, where the master does not tell more: it is
asked for once more, as a GET without fields."""
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)


def fields_of(asked: Asked, desk: Desk) -> dict[str, str]:
    """What the form says; nothing where another site may have sent it."""
    if asked.method == "POST":
        pairs = pairs_of(asked.body[:BODY_BYTES_MAX].decode("latin-1"))
    else:
        pairs = [one for one in pairs_of(asked.query) if one[0] in _OF_GET]
    if not pairs or is_of_this_site(asked):
        return dict(pairs)
    referer = asked.headers.get("referer", "(null)")
    desk.log(
        "error",
        "proxy_balancer",
        f"AH10187: ignoring params in balancer-manager cross-site access {referer}:"
        f" {asked.host_name}",
    )
    return {}


def pairs_of(text: str) -> list[tuple[str, str]]:
    """A plus is no space, as in Apache.

    Differs from Apache: a value is decoded once; there what the form shows as %20 comes
    back as a space.
    """
    return parse_qsl(text.replace("+", "%2B"), keep_blank_values=True)


def is_of_this_site(asked: Asked) -> bool:
    """Referer names the host that was asked."""
    try:
        host = urlsplit(asked.headers.get("referer", "")).hostname or ""
    except ValueError:
        return False
    return host.lower() == asked.host_name.strip("[]").lower()


def chosen_of(asked: Asked, desk: Desk, fields: dict[str, str]) -> Chosen | None:
    """The balancer, and the member, that a form names; of the host that was asked."""
    name = fields.get("b", "").lower()
    for index in desk.model.vhosts[max(asked.vhost_index, 0)].balancers:
        balancer = desk.model.balancers[index]
        if balancer.name == f"balancer://{name}":
            return Chosen(index, balancer, _member(desk, balancer, fields))
    return None


def _member(desk: Desk, balancer: Balancer, fields: Mapping[str, str]) -> Member | None:
    """Of the balancer's own; one that was taken out where it is to come back."""
    found: list[Member] = [desk.model.members[index] for index in balancer.members]
    if fields.get("w_reset") == "1":
        found += removed(desk.model).get(balancer.key, ())
    return next((one for one in found if one.url == fields.get("w", "")), None)


def nonce_of(desk: Desk, balancer: Balancer) -> str:
    """Whoever has seen the page knows it; another site has not. "": nobody can."""
    if balancer.nonce:
        return "" if balancer.nonce == NONCE_NONE else balancer.nonce
    made = hmac.digest(desk.secret, balancer.key.encode(), "sha256")
    return str(uuid.UUID(bytes=made[:16], version=4))


def has_nonce(desk: Desk, balancer: Balancer, fields: dict[str, str]) -> bool:
    wanted = nonce_of(desk, balancer)
    given = fields.get("nonce", "")
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


async def _deeds_done(
    asked: Asked,
    desk: Desk,
    chosen: Chosen,
    fields: dict[str, str],
    notes: list[str],
) -> AsyncIterator[Answer]:
    """Do what the form says. notes: get what became of it."""
    passed_over: list[str] = []
    for deed in deeds(asked, desk, chosen, fields, passed_over):
        answer = await desk.adjust(deed)
        notes.append(("" if answer.done else "not done: ") + answer.text)
        yield answer
    notes += (f"passed over: {text}" for text in passed_over)


def deeds(
    asked: Asked,
    desk: Desk,
    chosen: Chosen,
    fields: dict[str, str],
    passed_over: list[str],
) -> Iterator[Adjustment]:
    """What a form asks for. passed_over: gets what is out of bounds."""
    key, who = chosen.balancer.key, asked.who
    if fields.get("w_reset") == "1":
        if chosen.member is not None or not fields.get("w"):
            url = "" if chosen.member is None else chosen.member.url
            yield Adjustment(Deed.RESET, key, url, who=who)
        return
    if chosen.member is not None:
        url = chosen.member.url
        if fields.get("w_del") == "1":
            yield Adjustment(Deed.REMOVE, key, url, who=who)
            return
        if fields.get("w_status_E") == "0":
            yield Adjustment(Deed.UP, key, url, who=who)
        if "w_status_C" in fields:
            passed_over.append("w_status_C: the checks decide it")
        said = said_of_member(chosen.member)
        asked_for = _member_params(fields, condition_names(desk.model, chosen.balancer))
        new = _new(asked_for, {key: said[key] for key in HEALTH_KEYS})
        params = _sound(new, MEMBER, passed_over)
        if params:
            yield Adjustment(Deed.SET, key, url, params, who)
        return
    is_on = {"nofailover": str(int(chosen.balancer.nofailover))}
    said = said_of_balancer(chosen.balancer) | is_on
    new = _new(_balancer_params(fields), said)
    params = _sound(new, BALANCER, passed_over)
    if params:
        yield Adjustment(Deed.SET, key, "", params, who)
    if fields.get("b_nwrkr") and fields.get("b_wyes") == "1":
        disabled = (("status", "+D"),)
        yield Adjustment(Deed.ADD, key, fields["b_nwrkr"], disabled, who)


def _member_params(
    fields: dict[str, str], conditions: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for name, key in _OF_MEMBERS.items():
        if name in fields:
            value = fields[name]
            if name == "w_he" and value not in conditions:
                value = ""  # as Apache: what is no name of one takes it away
            yield key, f"{value}ms" if name == "w_hi" and value.isdigit() else value
    flags = "".join(
        ("+" if fields[name] == "1" else "-") + letter
        for letter in _FLAGS
        if (name := f"w_status_{letter}") in fields and fields[name] in ("0", "1")
    )
    if flags:
        yield "status", flags


def _balancer_params(fields: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, key in _OF_BALANCERS.items():
        if name in fields:
            value = fields[name]
            yield key, "" if name == "b_ss" and value.strip() == "-" else value


def _new(
    pairs: Iterator[tuple[str, str]], said: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Without what a form sends back as it was: that would take new workers."""
    for key, value in pairs:
        if said.get(key) != value:
            yield key, value


def _sound(
    pairs: Iterator[tuple[str, str]], known: Parameters, passed_over: list[str]
) -> tuple[tuple[str, str], ...]:
    """Those within bounds."""
    sound: list[tuple[str, str]] = []
    for key, value in pairs:
        why = _why_not(key, value, known)
        if why:
            passed_over.append(f"{key}={value}: {why}")
        elif key == "nofailover":
            sound.append((key, "On" if value == "1" else "Off"))
        else:
            sound.append((key, value))
    return tuple(sound)


def _why_not(key: str, value: str, known: Parameters) -> str:
    """ "": it is sound."""
    if not value.isprintable():
        return "not one line of text"
    if key in _BOUNDS:
        low, high = _BOUNDS[key]
        is_number = value.isascii() and value.isdigit() and len(value) < 6
        return "" if is_number and low <= int(value) <= high else f"{low} to {high}"
    if not value and key in ("stickysession", "failonstatus", "hcuri", "hcexpr"):
        return ""
    return known.take({"status": ""}, key, value) or ""
