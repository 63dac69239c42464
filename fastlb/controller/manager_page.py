"""The page of balancer-manager.

Tables, their columns, the order of links and the words of states are Apache's where
programs read them (Ansible's apache2_mod_proxy does): first a balancer's table with the
link to its form, then one of its members, each with a link to its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from fastlb.admin import pages
from fastlb.admin.adjustments import (
    Adjusted,
    adjusted_of_balancer,
    adjusted_of_member,
    is_added,
    removed,
)
from fastlb.admin.quantities import short_size
from fastlb.controller.asked import Asked
from fastlb.controller.desk import Desk
from fastlb.controller.page_files import POLICY, SCRIPTS, STYLE
from fastlb.facts.agent import AgentState
from fastlb.facts.balancer import Balancer
from fastlb.facts.member import Member
from fastlb.facts.said import said_of_balancer, said_of_member
from fastlb.facts.server import Model

if TYPE_CHECKING:
    from fastlb.controller.manager import Chosen

NonceOf = Callable[[Desk, Balancer], str]

AS_APACHE: Final = "Apache/2.4.71"
"""Scripts look which one they talk to; what they may expect is that one's page."""
BALANCER_COLUMNS: Final = (
    *("MaxMembers", "StickySession", "DisableFailover", "Timeout"),
    *("FailoverAttempts", "Method", "Path", "Active"),
)
MEMBER_COLUMNS: Final = (
    *("Worker URL", "Route", "RouteRedir", "Factor", "Set", "Status", "Elected"),
    *("Busy", "Load", "To", "From"),
)
HEALTH_COLUMNS: Final = (
    *("HC Method", "HC Interval", "Passes", "Fails", "HC uri", "HC Expr"),
)
BALANCER_KEYS: Final = (
    *("growth", "stickysession", "nofailover", "timeout"),
    *("maxattempts", "lbmethod", "", ""),
)
MEMBER_KEYS: Final = (
    *("", "route", "redirect", "loadfactor", "lbset", "status", "", "", "", "", ""),
)
HEALTH_KEYS: Final = (
    *("hcmethod", "hcinterval", "hcpasses", "hcfails", "hcuri", "hcexpr"),
)
"""What stands in each column, as the configuration calls it."""
ADDED: Final = "added: it stands in no file"
REMOVED: Final = "taken out; it stands in the configuration"
BACK: Final = "Back to the configuration"
BACK_ALL: Final = f"{BACK}, with all its members"
TAKE_OUT: Final = "Take out of the balancer"
_FLAGS: Final = (
    ("I", "Ignore Errors"),
    ("N", "Draining Mode"),
    ("D", "Disabled"),
    ("H", "Hot Standby"),
    ("R", "Hot Spare"),
    ("S", "Stopped"),
)
_UNRESERVED: Final = ":/[]~"


def page(
    asked: Asked,
    desk: Desk,
    chosen: Chosen | None,
    notes: Iterable[str],
    nonce_of: NonceOf,
) -> tuple[str, str]:
    """The text, and the Content-Security-Policy that it goes with."""
    return "".join(_lines(asked, desk, chosen, notes, nonce_of)), POLICY


def _lines(
    asked: Asked,
    desk: Desk,
    chosen: Chosen | None,
    notes: Iterable[str],
    nonce_of: NonceOf,
) -> Iterator[str]:
    vhost = desk.model.vhosts[max(asked.vhost_index, 0)]
    name = pages.escaped(asked.host_name)
    path = pages.escaped(way_of(asked))
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<title>Balancer Manager</title>\n<link rel="icon" href="data:,">\n'
        f'<style>{STYLE}</style>\n</head><body data-path="{path}">\n'
        f"<header><h1>Load Balancer Manager for {name}</h1>\n"
        f"<p>Server Version: {AS_APACHE} (as the page goes; this is"
        f" {pages.escaped(vhost.server_tokens)})</p>\n"
        f"<p>Server Built: {pages.escaped(desk.facts.built)}</p></header>\n<main>\n"
    )
    for note in notes:
        yield f'<p role="status">{pages.escaped(note)}</p>\n'
    yield "<h2>Balancers</h2>\n"
    for index in vhost.balancers:
        yield from _balancer(asked, desk, index, nonce_of)
    if chosen is not None:
        nonce = nonce_of(desk, chosen.balancer)
        yield '<section id="form">'
        if chosen.member is not None:
            yield from _member_form(asked, desk, chosen, nonce)
        else:
            yield from _balancer_form(asked, chosen, nonce)
        yield "</section>\n"
    yield "</main>\n"
    yield from (f"<script>{script}</script>\n" for script in SCRIPTS)
    yield "</body></html>\n"


def way_of(asked: Asked) -> str:
    """The page's own path. A second slash at its head would make a host of a name in
    it, which gets the nonce with the first click."""
    return f"/{quote(asked.path.lstrip('/'), _UNRESERVED)}"


def link_to(asked: Asked, balancer: Balancer, nonce: str, url: str = "") -> str:
    """Where the form of a balancer, or of a member, is."""
    member = f"&w={quote(url, _UNRESERVED)}" if url else ""
    return f"{way_of(asked)}?b={quote(balancer.plain_name)}{member}&nonce={nonce}"


def _balancer(asked: Asked, desk: Desk, index: int, nonce_of: NonceOf) -> Iterator[str]:
    balancer = desk.model.balancers[index]
    nonce = nonce_of(desk, balancer)
    href = pages.escaped(link_to(asked, balancer, nonce))
    name = pages.escaped(balancer.name)
    yield f'<section class="balancer" data-b="{pages.escaped(balancer.plain_name)}">'
    yield f'<h3>LoadBalancer Status for <a href="{href}">{name}</a></h3>\n'
    yield '<details class="tables" open><summary>All figures as tables</summary>'
    settings = map(pages.escaped, _balancer_cells(desk, balancer))
    row = _row(BALANCER_KEYS, settings, adjusted_of_balancer(balancer))
    yield from _table(BALANCER_COLUMNS, [row])
    was: list[tuple[str, str]] = []  # of whom, what
    if told := [one.words for one in adjusted_of_balancer(balancer)]:
        was.append(("", ", ".join(told)))
    has_checks = any(desk.model.members[i].health for i in balancer.members)
    columns = (*MEMBER_COLUMNS, *(HEALTH_COLUMNS if has_checks else ()))
    keys = (*MEMBER_KEYS, *(HEALTH_KEYS if has_checks else ()))
    rows = []
    for number in balancer.members:
        member = desk.model.members[number]
        slot = desk.facts.member_slots[number]
        seen = desk.table.snapshot_member(slot)
        href = pages.escaped(link_to(asked, balancer, nonce, member.url))
        link = f'<a href="{href}">{pages.escaped(member.url)}</a>'
        cells = [pages.escaped(cell) for cell in _member_cells(seen)]
        if has_checks:
            cells += [pages.escaped(c) for c in _health_cells(desk, member, slot)]
        adjusted = _adjusted(desk, member, slot, seen)
        rows.append(_row(keys, [link, *cells], adjusted))
        if is_added(member):
            was.append((member.url, ADDED))
        elif adjusted:
            was.append((member.url, ", ".join(one.words for one in adjusted)))
    yield from _table(columns, rows)
    yield "</details>"
    was += ((one.url, REMOVED) for one in removed(desk.model).get(balancer.key, ()))
    yield from _changes(asked, balancer, nonce, was)
    yield "</section>\n"


def _adjusted(
    desk: Desk, member: Member, slot: int, seen: Mapping[str, Any]
) -> list[Adjusted]:
    agent = AgentState(*desk.table.agent(slot)) if member.agent is not None else None
    return adjusted_of_member(member, seen, agent)


def _changes(
    asked: Asked, balancer: Balancer, nonce: str, was: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Against the configuration, and the way back; the page's script shows it beside
    each member."""
    lines = [
        f"<li><strong>{pages.escaped(url or balancer.name)}</strong>:"
        f" {pages.escaped(told)}{_way_back(asked, balancer, nonce, url, told)}</li>\n"
        for url, told in was
    ]
    if lines:
        yield '<div class="changes"><h4>Changed while running</h4>\n<ul>'
        yield from lines
        yield "</ul></div>"


def _way_back(asked: Asked, balancer: Balancer, nonce: str, url: str, told: str) -> str:
    if not nonce:
        return ""
    word = TAKE_OUT if told == ADDED else BACK if url else BACK_ALL
    return (
        f"{_form_begin(asked, balancer, nonce, url)}"
        f'<button name="w_reset" value="1">{word}</button></form>'
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """In HTML. was: what the configuration says of a value that was changed"""

    html: str
    was: str = ""

    def told(self, column: str) -> str:
        # Inside it stands what Apache writes there: programs take it for the value.
        changed = f' class="changed" title="{pages.escaped(self.was)}"'
        return f'<td data-name="{column}"{changed if self.was else ""}>{self.html}</td>'


def _row(
    keys: Iterable[str], cells: Iterable[str], adjusted: Iterable[Adjusted]
) -> list[Cell]:
    """keys: what each cell shows, as the configuration calls it."""
    was = {one.key: f"configured: {one.configured or 'none'}" for one in adjusted}
    return [Cell(html, was.get(key, "")) for key, html in zip(keys, cells, strict=True)]


def _table(columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """On a narrow screen each cell is named by its column."""
    columns = tuple(columns)
    heads = "".join(f'<th scope="col">{name}</th>' for name in columns)
    yield f"<table><thead><tr>{heads}</tr></thead>\n<tbody>"
    for row in rows:
        named = zip(columns, row, strict=True)
        yield f"<tr>{''.join(cell.told(name) for name, cell in named)}</tr>\n"
    yield "</tbody></table>\n"


def _balancer_cells(desk: Desk, balancer: Balancer) -> tuple[str, ...]:
    count = len(balancer.members)
    attempts = balancer.max_attempts
    paths = [
        mapping.pattern
        for vhost in desk.model.vhosts
        for mapping in vhost.mappings
        if mapping.balancer_index >= 0
        and desk.model.balancers[mapping.balancer_index].key == balancer.key
    ]
    return (
        f"{count + balancer.growth} [{count} Used]",
        said_of_balancer(balancer)["stickysession"] or " (None) ",
        "On" if balancer.nofailover else "Off",
        str(balancer.timeout_ms // 1000),
        str(max(count - 1, 0) if attempts is None else attempts),
        balancer.lbmethod,
        ", ".join(dict.fromkeys(paths)),
        "Yes",
    )


def _member_cells(seen: dict[str, Any]) -> tuple[str, ...]:
    return (
        seen["route"],
        seen["redirect"],
        f"{seen['load_factor'] / 100:.2f}",
        str(seen["lbset"]),
        seen["status"],
        str(seen["elected"]),
        str(seen["busy"]),
        str(seen["lbstatus"]),
        short_size(seen["transferred"]),
        short_size(seen["read"]),
    )


def _health_cells(desk: Desk, member: Member, slot: int) -> tuple[str, ...]:
    check = member.health
    if check is None:
        return ("NONE", "30000ms", "1 (0)", "1 (0)", "", "")
    found = desk.table.health(slot) or {"passes": 0, "fails": 0}
    return (
        check.method.value,
        f"{check.interval_ms}ms",
        f"{check.passes} ({found['passes']})",
        f"{check.fails} ({found['fails']})",
        check.uri,
        "" if check.condition is None else check.condition.name,
    )


def _member_form(asked: Asked, desk: Desk, chosen: Chosen, nonce: str) -> Iterator[str]:
    member = chosen.member
    assert member is not None
    slot = desk.facts.member_slots[desk.model.members.index(member)]
    seen = desk.table.snapshot_member(slot)
    adjusted = _adjusted(desk, member, slot, seen)
    was = {one.key: one.configured or "none" for one in adjusted}
    yield f"<h2>Edit worker settings for {pages.escaped(member.url)}</h2>\n"
    yield _form_begin(asked, chosen.balancer, nonce, member.url) + "<table>"
    said = said_of_member(member)
    for label, name, key, value in (
        ("Load Factor", "w_lf", "loadfactor", f"{seen['load_factor'] / 100:g}"),
        ("LB Set", "w_ls", "lbset", str(seen["lbset"])),
        ("Route", "w_wr", "route", seen["route"]),
        ("Route Redirect", "w_rr", "redirect", seen["redirect"]),
    ):
        yield _field(label, name, value, was.get(key))
    for letter, label in _FLAGS:
        is_on = letter in seen["flags"]
        was_on = letter in was.get("status", seen["flags"])
        yield _switch(
            label,
            f"w_status_{letter}",
            is_on,
            None if was_on == is_on else _on_or_off(was_on),
        )
    for label, name, key in (
        ("HC Method", "w_hm", "hcmethod"),
        ("HC Interval (ms)", "w_hi", "hcinterval"),
        ("HC Passes", "w_hp", "hcpasses"),
        ("HC Fails", "w_hf", "hcfails"),
        ("HC uri", "w_hu", "hcuri"),
    ):
        yield _field(label, name, said[key].removesuffix("ms"), was.get(key))
    names = condition_names(desk.model, chosen.balancer)
    if names:
        yield _list("HC Expr", "w_he", names, said["hcexpr"], was.get("hcexpr"))
    yield _choice("Errors", "w_status_E", "0", "clear them")
    yield _choice("Member", "w_del", "1", "take it out of the balancer")
    yield "</table>\n" + _FORM_END


def _balancer_form(asked: Asked, chosen: Chosen, nonce: str) -> Iterator[str]:
    balancer = chosen.balancer
    name = pages.escaped(balancer.name)
    yield f"<h2>Edit balancer settings for {name}</h2>\n"
    yield _form_begin(asked, balancer, nonce) + "<table>"
    said = said_of_balancer(balancer)
    was = {one.key: one.configured or "none" for one in adjusted_of_balancer(balancer)}
    for label, field, key in (
        ("LBMethod", "b_lbm", "lbmethod"),
        ("Timeout", "b_tmo", "timeout"),
        ("Failover Attempts", "b_max", "maxattempts"),
        ("Sticky Session", "b_ss", "stickysession"),
        ("Fail on status", "b_fos", "failonstatus"),
    ):
        yield _field(label, field, said[key], was.get(key))
    yield _switch(
        "Disable Failover", "b_sforce", balancer.nofailover, was.get("nofailover")
    )
    yield _field("Add New Worker", "b_nwrkr", "")
    yield _choice("Are you sure?", "b_wyes", "1", "yes")
    yield "</table>\n" + _FORM_END


def _form_begin(asked: Asked, balancer: Balancer, nonce: str, url: str = "") -> str:
    hidden = {"b": balancer.plain_name, "nonce": nonce, "w": url}
    inside = "".join(
        f'<input type="hidden" name="{name}" value="{pages.escaped(value)}">'
        for name, value in hidden.items()
        if value
    )
    return f'<form method="POST" action="{pages.escaped(way_of(asked))}">{inside}\n'


_FORM_END: Final = '<p><input type="submit" value="Submit"></p>\n</form>\n'


def _field(label: str, name: str, value: str, was: str | None = None) -> str:
    """was: what the configuration says of it, where that is something else."""
    beside = "" if was is None else f' aria-describedby="{name}-was"'
    return (
        f'<tr><td><label for="{name}">{label}:</label></td><td><input id="{name}"'
        f' name="{name}" type="text" value="{pages.escaped(value)}"{beside}>'
        f"{_was(name, was)}</td></tr>\n"
    )


def _was(name: str, was: str | None) -> str:
    if was is None:
        return ""
    text = f"changed; configured: {pages.escaped(was)}"
    return f' <span class="was" id="{name}-was">{text}</span>'


def condition_names(model: Model, balancer: Balancer) -> tuple[str, ...]:
    """Of each ProxyHCExpr that members of the balancer may name."""
    host = model.host_of(balancer.key)
    return tuple(one.name for one in host.health_conditions) if host else ()


def _switch(label: str, name: str, is_on: bool, was: str | None = None) -> str:
    inputs = "".join(
        f'<label><input name="{name}" type="radio" value="{value}"'
        f"{' checked' if is_on == (value == '1') else ''}> {word}</label> "
        for value, word in (("1", "On"), ("0", "Off"))
    )
    return f"<tr><td>{label}:</td><td>{inputs}{_was(name, was)}</td></tr>\n"


def _list(
    label: str, name: str, values: Iterable[str], value: str, was: str | None
) -> str:
    """One of several, or none."""
    options = "".join(
        f'<option value="{pages.escaped(one)}"{" selected" if one == value else ""}>'
        f"{pages.escaped(one) or '(none)'}</option>"
        for one in ("", *values)
    )
    return (
        f'<tr><td><label for="{name}">{label}:</label></td><td>'
        f'<select id="{name}" name="{name}">{options}</select>{_was(name, was)}'
        "</td></tr>\n"
    )


def _on_or_off(value: bool) -> str:
    return "On" if value else "Off"


def _choice(label: str, name: str, value: str, word: str) -> str:
    return (
        f'<tr><td>{label}</td><td><label><input type="checkbox" name="{name}"'
        f' value="{value}"> {word}</label></td></tr>\n'
    )
