"""server-status: names, order and forms, against what httpd 2.4.71 sent (data/)."""

from __future__ import annotations

import base64
import dataclasses
import errno
import hashlib
import html.parser
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.admin import quantities
from fastlb.admin.reading import UNBOUND_IDLE, CpuTimes, ServerFacts, System, scoreboard
from fastlb.admin.status import server_status
from fastlb.facts.balancer import Balancer
from fastlb.facts.health import REASONS, HealthCheck, HealthMethod
from fastlb.facts.member import Member
from fastlb.facts.said import ADDED_FILE
from fastlb.facts.server import Model, ProcessSettings
from fastlb.facts.vhost import DirConf, VHost
from fastlb.facts.words import Compat, Signature

RECORDED = json.loads(
    (Path(__file__).parent / "data" / "apache_status.json").read_text("utf-8")
)
STARTED_US = 1_795_262_400_000_000  # 21 November 2026, 12:00:00 UTC


def made(kind: type, **changes: Any) -> Any:
    """An instance of which only some fields are read."""
    blank = dict.fromkeys(field.name for field in dataclasses.fields(kind))
    return kind(**(blank | changes))


def model(**process: Any) -> Model:
    settings = {"max_request_workers": 10, "extended_status": True}
    return made(
        Model,
        compat=Compat.BETTER,
        process=made(ProcessSettings, **(settings | process)),
        vhosts=(
            made(
                VHost,
                server_name="front.test",
                server_tokens="Apache/2.4.71 (Debian)",
                default_conf=DirConf(),
                sections=(),
                file_sections=(),
                mappings=(),
                proxy_status=True,
                balancers=(1, 0),
            ),
        ),
        balancers=(
            made(
                Balancer,
                name="balancer://empty",
                key="balancer://empty",
                members=(),
                timeout_ms=0,
                fail_on_status=(),
                lbmethod="byrequests",
            ),
            made(
                Balancer,
                name="balancer://dead",
                key="balancer://dead",
                members=(0,),
                timeout_ms=3000,
                fail_on_status=(),
                lbmethod="byrequests",
                sticky_cookie="JSESSIONID",
                sticky_url="jsessionid",
            ),
        ),
        members=(
            made(
                Member,
                url="http://127.0.0.1:27891",
                balancer_index=1,
                load_factor=250,
                lbset=1,
                status="",
                route="<r&1>",
                redirect="",
                configured=(),
            ),
        ),
    )


class Table:
    """The readers of the slot table, with facts that are told."""

    def __init__(self) -> None:
        self.workers = [worker(slot=0, busy=1, connections=3), worker(slot=1)]

    def snapshot_workers(self) -> list[dict[str, Any]]:
        return self.workers

    def snapshot_member(self, slot: int) -> dict[str, Any]:
        assert slot == 7
        return {
            "status": "Init Ok ",
            "flags": "O",
            "usable": True,
            "elected": 8,
            "busy": 2,
            "transferred": 2047,
            "read": 5 << 20,
            "route": "<r&1>",
            "redirect": "",
            "load_factor": 250,
            "lbset": 1,
            "places_max": 0,
            "ejections": 0,
        }

    def outcomes(self, slot: int) -> tuple[list[list[int]], int]:
        assert slot == 7
        return [[2] + [0] * 15, *([0] * 16 for _ in range(5))], 0

    def changes(self, slot: int) -> list[tuple[int, bool, int, int, int]]:
        assert slot == 7
        now_us = time.monotonic_ns() // 1000
        return [
            (now_us - 9_000_000, True, 1, errno.ECONNREFUSED, 12),
            (now_us - 8_000_000, False, 99, 0, 0),  # none of ours
            (now_us - 7_000_000, False, 10, 0, 13),
        ]

    def snapshot_balancer(self, slot: int) -> dict[str, Any]:
        assert slot in {1, 2}
        return {
            "queued": 3,
            "queued_most": 9,
            "waits": 40,
            "waited_us": 5_200_999,
            "longest_us": 900_000,
            "turned_away": 2,
            "elections": 8,
            "sent_again": {"unsent": 1, "status": 2, "spent": 4},
        }

    def health(self, slot: int) -> dict[str, Any]:
        assert slot == 7
        now_us = time.monotonic_ns() // 1000
        return {
            "checks": 3,
            "passes": 0,
            "fails": 2,
            "out_since_us": now_us,
            "results": [
                (6, 0, 200, now_us - 3_000_000, 1500),
                (99, 0, 0, 0, 0),  # none of ours
                (2, 2, 0, now_us - 1_000_000, 700),
            ],
        }

    def requests(self) -> list[Any]:
        return []

    def totals(self) -> dict[str, int]:
        return {
            "accesses": 62,
            "bytes_out": 30719,
            "duration_us": 6_251_500,
            "connections": 3,
            "repairs": 0,
        }


class Machine(System):
    def now_us(self) -> int:
        return STARTED_US + 41_500_000

    def load(self) -> tuple[float, float, float]:
        return 6.53, 2.91, 1.2

    def cpu(self, pid: int) -> CpuTimes:
        return CpuTimes(0.015, 0.01, 0.0, 0.0)


def worker(**changes: Any) -> dict[str, Any]:
    facts = {
        "slot": 0,
        "pid": 4000,
        "generation": 1,
        "number": 0,
        "state": "_",
        "accesses": 62,
        "bytes_out": 30719,
        "duration_us": 6_251_500,
        "connections": 0,
        "busy": 0,
        "tunnels": 0,
        "waiting": 0,
        "draining": False,
    }
    return facts | changes


def ask(
    query: str = "",
    *,
    method: str = "GET",
    host: str = "shop.test",
    the_model: Model | None = None,
    table: Table | None = None,
) -> tuple[int, str, str]:
    return answer(query, method=method, host=host, the_model=the_model, table=table)[:3]


def answer(
    query: str = "",
    *,
    method: str = "GET",
    host: str = "shop.test",
    the_model: Model | None = None,
    table: Table | None = None,
) -> tuple[int, str, str, tuple[tuple[str, str], ...]]:
    request = SimpleNamespace(
        method=method,
        query=query,
        path="/server-status",
        host_name=host,
        host_port=8080,
        local_host="127.0.0.1",
        vhost_index=0,
    )
    facts = ServerFacts(1, STARTED_US, "2026-11-12T08:58:41", (7,), (1, 2))
    status, kind, body, fields = server_status(
        request, table or Table(), the_model or model(), facts, Machine()
    )
    return status, kind, body.decode(kind.rpartition("=")[2]), fields


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def keys(text: str) -> list[str]:
    return [line.partition(":")[0] for line in text.splitlines()[1:]]


def test_auto_has_apaches_names_in_apaches_order_and_ours_last() -> None:
    status, kind, text = ask("auto")
    assert (status, kind) == (200, "text/plain; charset=ISO-8859-1")
    waits = ("Waiting", "WaitingMost", "Waits", "WaitMs", "WaitMsMost", "TurnedAway")
    ours = [f"ProxyBalancer[0]{name}" for name in waits]
    ours += ["ConnsTotal", "Tunnels", "WaitingRequests", "Compat"]
    assert keys(text) == [*keys(RECORDED["statusauto"]), *ours]


def test_auto_values() -> None:
    _, _, text = ask("auto")
    assert text.splitlines() == [
        "shop.test",
        "ServerVersion: Apache/2.4.71 (Debian)",
        "ServerMPM: fastlb",
        "Server Built: 2026-11-12T08:58:41",
        "CurrentTime: Saturday, 21-Nov-2026 12:00:41 UTC",
        "RestartTime: Saturday, 21-Nov-2026 12:00:00 UTC",
        "ParentServerConfigGeneration: 2",
        "ParentServerMPMGeneration: 1",
        "ServerUptimeSeconds: 41",
        "ServerUptime: 41 seconds",
        "Load1: 6.53",
        "Load5: 2.91",
        "Load15: 1.20",
        "Total Accesses: 62",
        "Total kBytes: 29",
        "Total Duration: 6251",
        "CPUUser: .03",
        "CPUSystem: .02",
        "CPUChildrenUser: 0",
        "CPUChildrenSystem: 0",
        "CPULoad: .121951",
        "Uptime: 41",
        "ReqPerSec: 1.5122",
        "BytesPerSec: 749.244",
        "BytesPerReq: 495.468",
        "DurationPerReq: 100.823",
        "BusyWorkers: 1",
        "GracefulWorkers: 0",
        "IdleWorkers: 9",
        "Scoreboard: W_________",
        "ProxyBalancer[0]Name: balancer://dead",
        "ProxyBalancer[0]Worker[0]Name: http://127.0.0.1:27891",
        "ProxyBalancer[0]Worker[0]Status: Init Ok ",
        "ProxyBalancer[0]Worker[0]Elected: 8",
        "ProxyBalancer[0]Worker[0]Busy: 2",
        "ProxyBalancer[0]Worker[0]Sent: 1K",
        "ProxyBalancer[0]Worker[0]Rcvd: 5120K",
        "ProxyBalancer[1]Name: balancer://empty",
        "ProxyBalancer[0]Waiting: 3",
        "ProxyBalancer[0]WaitingMost: 9",
        "ProxyBalancer[0]Waits: 40",
        "ProxyBalancer[0]WaitMs: 5200",
        "ProxyBalancer[0]WaitMsMost: 900",
        "ProxyBalancer[0]TurnedAway: 2",
        "ConnsTotal: 3",
        "Tunnels: 0",
        "WaitingRequests: 0",
        "Compat: better",
    ]


def test_without_extended_status_nothing_of_it_is_shown() -> None:
    _, _, text = ask("auto", the_model=model(extended_status=False))
    assert "Load15" in keys(text) and "BusyWorkers" in keys(text)
    assert not {"Total Accesses", "CPUUser", "Uptime"} & set(keys(text))
    _, _, page = ask(the_model=model(extended_status=False))
    assert "Requests" not in re.findall("<dt>(.*?)</dt>", page)
    assert "PID" not in columns(page)


def test_balancers_are_shown_only_with_proxy_status() -> None:
    the_model = model()
    quiet = dataclasses.replace(the_model.vhosts[0], proxy_status=False)
    the_model = dataclasses.replace(the_model, vhosts=(quiet,))
    for query in ("", "auto"):
        _, _, text = ask(query, the_model=the_model)
        assert "balancer://" not in text


def headings(page: str) -> list[str]:
    return re.findall(r"<h[1-6][^>]*>(.*?)</h[1-6]>", page)


def columns(page: str) -> list[str]:
    return re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page)


def test_title_and_first_heading_are_apaches() -> None:
    _, kind, page = ask()
    assert kind == "text/html; charset=utf-8"
    theirs = RECORDED["status"]
    for part in (r"<title>.*</title>", r"<h1>.*?</h1>"):
        assert re.findall(part, page) == re.findall(part, theirs)[:1]


def test_what_an_operator_looks_for_comes_first_and_legends_last() -> None:
    assert headings(ask()[2])[1:] == [
        *(
            "Balancers",
            "balancer://dead",
            "balancer://empty",
            "Workers",
            "Requests under way",
            "Legends",
        ),
    ]


def test_the_scoreboard_is_explained_in_apaches_words() -> None:
    theirs = re.findall(r"<code>(.)</code></b>\" ([\w ()]+)", RECORDED["status"])
    ours = re.findall(r"<code>(.)</code> ([\w ()]+)", ask()[2])
    assert ours == theirs


def test_page_values_are_escaped() -> None:
    _, _, page = ask(host="<b>&")
    assert "<b>&</h1>" not in page and "for &lt;b&gt;&amp; (via" in page
    assert '<td data-name="Route">&lt;r&amp;1&gt;</td>' in page


def test_a_member_is_told_with_its_port_and_its_numbers() -> None:
    _, _, page = ask()
    row = page.partition('<tr><th scope="row">http://127.0.0.1:27891</th>')[2]
    row = row.partition("</tr>")[0]
    cells = dict(re.findall(r'data-name="(.*?)"[^>]*>(.*?)</td>', row, re.DOTALL))
    told = ("Weight", "Set", "Elected", "In flight", "Sent", "Received", "5xx", "p50")
    assert [cells[name] for name in told] == [
        *("2.50", "1", "8", "2", "2047 B", "5.0 MB", "2", ""),
    ]
    assert cells["State"].startswith('<span class="good">serving</span>')
    assert "sticky sessions by JSESSIONID or jsessionid" in page
    assert '<span class="good">1 of 1 members may serve</span>' in page


def test_the_server_is_told_in_a_line() -> None:
    _, _, page = ask()
    found = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert (
        found
        | {
            "Version": "Apache/2.4.71 (Debian)",
            "Up": "41 seconds",
            "Generation": "1",
            "Requests": "62",
            "Rate": "1.51/s",
            "Sent": "749 B/s",
            "In flight": "1",
            "Workers": "2",
            "Load": "6.53 2.91 1.20",
            "Traffic": "30.0 kB",
            "Mean request": "101 ms",
            "CPU": "user .03 s, system .02 s, .122 %",
        }
        == found
    )


def test_page_tells_who_waits_where_anybody_has() -> None:
    waits = (
        "3 requests wait for a member, 9 at most at one moment; 40 have waited,"
        " 900 ms at most; 2 were turned away"
    )
    assert waits in ask()[2]
    table = Table()
    nobody = dict.fromkeys(("queued", "waits", "turned_away"), 0)
    quiet = table.snapshot_balancer(1) | nobody
    table.snapshot_balancer = lambda slot: quiet  # type: ignore[method-assign]
    assert "wait for a member" not in ask(table=table)[2]


def test_retries_are_told() -> None:
    told = "sent to one more member 3 times, 4 times the budget was used up"
    assert told in ask()[2]
    table = Table()
    few = {"sent_again": {"unsent": 2, "spent": 1}}
    told_of = table.snapshot_balancer(1) | few
    table.snapshot_balancer = lambda _: told_of  # type: ignore[method-assign]
    told = "sent to one more member 2 times, once the budget was used up"
    assert told in ask(table=table)[2]


def test_page_tells_changes_of_a_member_and_its_last_checks() -> None:
    plain = model()
    (member,) = plain.members
    check = made(
        HealthCheck,
        method=HealthMethod.TCP,
        interval_ms=30_000,
        passes=1,
        fails=1,
        uri="",
        condition=None,
    )
    checked = dataclasses.replace(member, health=check)
    _, _, page = ask(the_model=dataclasses.replace(plain, members=(checked,)))
    lines = re.findall(r"<li>([0-9.]+ s ago: .*)</li>", page)
    assert [re.sub(r"^[0-9.]+ s|<.*?>", "", one) for one in lines] == [
        " ago: back: it takes connections again (process 13)",
        " ago: out: connection refused (process 12)",
        f" ago: {REASONS[2].value} (0.7 ms)",
        " ago: passed (status 200) (1.5 ms)",
    ]


def test_the_page_tells_what_was_changed_while_running() -> None:
    plain = model()
    (member,), (empty, balancer) = plain.members, plain.balancers

    def page(**of_member: Any) -> str:
        changed = dataclasses.replace(
            plain,
            members=(dataclasses.replace(member, **of_member),),
            balancers=(
                empty,
                dataclasses.replace(balancer, configured=(("timeout", "9"),)),
            ),
        )
        return re.sub(r"<.*?>", "", ask(the_model=changed)[2])

    said = page(configured=(("route", "b<"),))
    assert "changed: timeout=3 (configured 9)" in said
    assert "(configured b&lt;)" in said
    assert "added while running" not in said
    assert "added while running" in page(file=ADDED_FILE)
    gone = dataclasses.replace(
        plain, balancers=(empty, dataclasses.replace(balancer, members=()))
    )
    assert f"taken out while running: {member.url}" in ask(the_model=gone)[2]
    untouched = ask()[2]
    assert "changed</span>" not in untouched and "while running" not in untouched


def seen_out(**changes: Any) -> str:
    """The page's words about a member that is not usable."""
    table = Table()
    seen = table.snapshot_member(7) | {"usable": False} | changes
    table.snapshot_member = lambda slot: seen  # type: ignore[method-assign]
    told = ask(table=table)[2]
    cell = re.findall(r'data-name="State">(.*?)(?:<details|</td>)', told)[0]
    return re.sub("<.*?>", " ", cell)


def test_who_is_out_is_told_with_reason_and_return() -> None:
    now_us = time.monotonic_ns() // 1000
    error = {
        "flags": "OE",
        "status": "Init Err ",
        "probed": False,
        "probe_clears": False,
        "error_time_us": now_us - 12_000_000,
        "ejected_until_us": 0,
        "retry_in_ms": 48_000,
    }
    said = seen_out(**error)
    assert "in error   Init Err  " in said
    assert "out for 12 s: a request to it has failed" in said
    assert "asked again by a request in 48 s" in said
    said = seen_out(**error | {"ejected_until_us": now_us + 9_000_000})
    assert said.startswith(" ejected ")
    said = seen_out(flags="OD", status="Init Dis ", error_time_us=0)
    assert "out: it was taken out of service (status D)" in said
    assert said.endswith("changed : status=D (configured none)")


def test_the_page_asks_for_nothing_and_its_style_is_the_one_that_is_allowed() -> None:
    _, _, page, fields = answer("")
    ((name, policy),) = fields
    assert name == "Content-Security-Policy"
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{hashed}'" in policy
    assert not re.search(r"<script| style=| on\w+=|(?:src|href|url)\b", page)


def test_the_page_tells_its_language_and_fits_a_narrow_screen() -> None:
    _, _, page = ask()
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert 'content="width=device-width, initial-scale=1"' in page
    for words in (
        "color-scheme:light dark",
        "prefers-color-scheme:dark",
        "max-width:60",
    ):
        assert words in page
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        (name,) = re.findall(r'aria-labelledby="(.*?)"', table)
        assert f' id="{name}"' in page
        for row in re.findall(r"<tbody>\n(<tr.*?</tr>)", table, re.DOTALL):
            assert row.count('<th scope="row">') == 1


class Tags(html.parser.HTMLParser):
    """Fails on a tag that closes what is not open."""

    VOID = frozenset({"br", "hr", "meta"})
    PARAGRAPHS = frozenset({"p", "h1", "h2", "h3"})  # which no block stands in
    BLOCKS = frozenset({"ul", "dl", "pre", "table", "details"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert not (tag in self.BLOCKS and self.PARAGRAPHS & set(self.open))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@rows("query", ["", "notable", "refresh=5", "notable&refresh"])
def test_page_is_well_formed(query: str) -> None:
    tags = Tags()
    tags.feed(ask(query)[2])
    assert tags.open == []


def test_notable_lists_workers_without_a_table_of_them() -> None:
    _, _, page = ask("notable")
    assert "<li>Worker 0-1, PID 4000, State serving, In flight 1," in page
    assert "PID" in columns(ask()[2]) and "PID" not in columns(page)
    assert "Member" in columns(page)


@rows(
    ("query", "seconds"),
    [
        *(("refresh=5", "5"), ("refresh=0", "10"), ("refresh", "10")),
        *(("refresh=x", "10"), ("refresh=-3", "10"), ("refresh=40x", "40")),
        *(("auto&refresh=4000", "4000"), ("notable&xrefresh=7", "7")),
    ],
)
def test_refresh_is_a_field_of_the_answer(query: str, seconds: str) -> None:
    fields = dict(answer(query)[3])
    assert fields.pop("Refresh") == seconds
    assert set(fields) <= {"Content-Security-Policy"}


@rows("query", ["", "auto", "REFRESH=4"])
def test_nothing_is_refreshed_unasked(query: str) -> None:
    assert "Refresh" not in dict(answer(query)[3])


def test_the_page_is_signed_when_serversignature_is_on() -> None:
    line = "Apache/2.4.71 (Debian) Server at shop.test Port 8080</address>\n</body>"
    assert line not in ask()[2]
    signed = model()
    vhost = dataclasses.replace(
        signed.vhosts[0], default_conf=DirConf(server_signature=Signature.ON)
    )
    page = ask(the_model=dataclasses.replace(signed, vhosts=(vhost,)))[2]
    assert f"<hr>\n<address>{line}" in page


def test_only_get_and_head_are_answered() -> None:
    assert ask(method="HEAD")[0] == 200
    status, kind, page = ask(method="POST")
    assert (status, kind) == (404, "text/html; charset=iso-8859-1")
    assert "<h1>Not Found</h1>" in page


@rows(("host", "shown"), [("shop.test", "shop.test"), ("::1", "::1"), ("a\rb", "a?b")])
def test_the_name_is_the_clients_and_stays_on_its_line(host: str, shown: str) -> None:
    assert ask("auto", host=host)[2].split("\n")[0] == shown


@rows(
    ("workers", "board"),
    [
        ([], "........"),
        ([worker()], "________"),
        ([worker(), worker()], "________"),
        ([worker(connections=2, busy=2), worker(connections=1)], "WW______"),
        ([worker(connections=3, busy=3, tunnels=2), worker()], "WWW_______"),
        ([worker(state="S")], "S........"),
        ([worker(state="G", draining=True, busy=2), worker()], "GG______"),
        ([worker(state="G", draining=True)], "G........"),
        ([worker(connections=9, busy=9)], "WWWWWWWWW"),
    ],
)
def test_scoreboard(workers: list[dict[str, Any]], board: str) -> None:
    assert scoreboard(workers, 8) == board


def test_without_a_bound_there_is_always_room() -> None:
    board = scoreboard([worker(connections=200, busy=200), worker()], 0)
    assert board == "W" * 200 + "_" * 2 * UNBOUND_IDLE
    assert scoreboard([worker(state="G", draining=True)], 0) == "G"


@given(
    st.lists(
        st.builds(
            lambda state, busy, tunnels: worker(
                state=state, busy=busy, tunnels=min(busy, tunnels)
            ),
            st.sampled_from("_G"),
            st.integers(0, 20),
            st.integers(0, 20),
        ),
        max_size=6,
    ),
    st.integers(1, 64),
)
def test_scoreboard_counts_every_request_once(
    workers: list[dict[str, Any]], most: int
) -> None:
    board = scoreboard(workers, most)
    steady = [w for w in workers if w["state"] == "_"]
    assert board.count("W") == sum(w["busy"] for w in steady)
    in_work = sum(w["busy"] - w["tunnels"] for w in workers)
    assert board.count("_") + board.count(".") == max(most - in_work, 0)


@rows(
    ("value", "text"),
    [(0.03, ".03"), (0, "0"), (2.0, "2"), (749.2683, "749.268"), (0.5, ".5")],
)
def test_g_format(value: float, text: str) -> None:
    assert quantities.g_format(value) == text


@rows(
    ("seconds", "text"),
    [
        (0, ""),
        (1, " 1 second"),
        (41, " 41 seconds"),
        (3600, " 1 hour"),
        (90061, " 1 day 1 hour 1 minute 1 second"),
        (172802, " 2 days 2 seconds"),
    ],
)
def test_uptime_words(seconds: int, text: str) -> None:
    assert quantities.uptime_words(seconds) == text


@rows(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0007, "0.7 ms"),
        (0.04251, "42.5 ms"),
        (0.9996, "1 s"),
        (3.21, "3.2 s"),
        (9.97, "10 s"),
        (59.6, "1 min"),
        (192, "3 min 12 s"),
        (7500, "2 h 5 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_duration_words(seconds: float, text: str) -> None:
    assert quantities.duration_words(seconds) == text


def test_sizes_in_words() -> None:
    assert quantities.bytes_words(4096) == "4096 B"
    assert quantities.bytes_words(5530) == "5.4 kB"
    assert quantities.bytes_words(3 << 20) == "3.0 MB"
    assert quantities.bytes_words(3 << 30) == "3.0 GB"


def test_this_machine_has_figures_and_the_dead_have_none() -> None:
    machine = System()
    assert machine.now_us() > STARTED_US // 2
    assert len(machine.load()) == 3
    assert machine.cpu(os.getpid()).total() > 0
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    assert machine.cpu(ended.pid) == CpuTimes()
