"""balancer-manager: fields, who may send them, and what the master is asked for."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from desks import Office, asked
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.controller.manager import manager, nonce_of
from fastlb.facts.adjustments import Adjustment, Answer, Deed
from fastlb.facts.server import Model
from fastlb.master.adjusting import Adjusting
from fastlb.master.claims import claim

FIRST, SECOND, OTHER = (f"http://127.0.0.1:{port}" for port in (10, 11, 12))
KEY = "balancer://pool"
CONF = f"""Listen 80
ServerName one.test
ProxyHCExpr Alive {{hc('body') =~ /alive/}}
<Proxy balancer://pool>
BalancerMember {FIRST} loadfactor=2.5 route=a
BalancerMember {SECOND} hcmethod=GET hcuri=/up
ProxySet stickysession=JSESSIONID|jsid growth=2
</Proxy>
ProxyPass / balancer://pool/
<Location /balancer-manager>
SetHandler balancer-manager
</Location>
<VirtualHost *:80>
ServerName two.test
<Proxy balancer://own>
BalancerMember {OTHER}
ProxySet nonce=None
</Proxy>
ProxyPass / balancer://own/
</VirtualHost>
"""


@pytest.fixture
def office() -> Office:
    return Office(CONF)


SHARED = Office(CONF)
"""For rows, which find what those before have left: what they look at is cleared."""


def nonce(office: Office) -> str:
    return nonce_of(office.desk, office.desk.model.balancers[0])


def get(office: Office, query: str = "", **more: Any) -> tuple[int, str, str]:
    status, kind, body, _ = asyncio.run(
        manager(asked("GET", query, **more), office.desk)
    )
    return status, kind, body.decode()


def post(office: Office, fields: dict[str, str] | str, **more: Any) -> str:
    if isinstance(fields, dict):
        fields = urlencode({"b": "pool", "nonce": nonce(office)} | fields)
    answer = asyncio.run(
        manager(asked("POST", body=fields.encode(), **more), office.desk)
    )
    assert answer[0] == 200
    return answer[2].decode()


def notes(page: str) -> list[str]:
    return re.findall(r'<p role="status">(.*?)</p>', page, re.S)


# what a form asks for ---------------------------------------------------------------


@rows(
    ("fields", "deed", "member", "params"),
    [
        ({"w": FIRST, "w_lf": "3.5"}, Deed.SET, FIRST, {"loadfactor": "3.5"}),
        ({"w": FIRST, "w_ls": "99"}, Deed.SET, FIRST, {"lbset": "99"}),
        (
            {"w": FIRST, "w_wr": "", "w_rr": "b"},
            Deed.SET,
            FIRST,
            {"route": "", "redirect": "b"},
        ),
        ({"w": FIRST, "w_status_D": "1"}, Deed.SET, FIRST, {"status": "+D"}),
        (
            {"w": FIRST, **{f"w_status_{one}": "1" for one in "INDHRS"}},
            Deed.SET,
            FIRST,
            {"status": "+I+N+D+H+R+S"},
        ),
        (
            {"w": FIRST, "w_status_D": "0", "w_status_N": "1", "w_status_H": "0"},
            Deed.SET,
            FIRST,
            {"status": "+N-D-H"},
        ),
        ({"w": FIRST, "w_status_E": "0"}, Deed.UP, FIRST, {}),
        ({"w": FIRST, "w_del": "1", "w_lf": "2"}, Deed.REMOVE, FIRST, {}),
        ({"w": FIRST, "w_reset": "1", "w_lf": "2"}, Deed.RESET, FIRST, {}),
        ({"w_reset": "1"}, Deed.RESET, "", {}),
        ({"w": SECOND, "w_hm": "HEAD"}, Deed.SET, SECOND, {"hcmethod": "HEAD"}),
        ({"w": SECOND, "w_hi": "5000"}, Deed.SET, SECOND, {"hcinterval": "5000ms"}),
        ({"w": SECOND, "w_hi": "5s"}, Deed.SET, SECOND, {"hcinterval": "5s"}),
        (
            {"w": SECOND, "w_hp": "2", "w_hf": "3"},
            Deed.SET,
            SECOND,
            {"hcpasses": "2", "hcfails": "3"},
        ),
        ({"w": SECOND, "w_hu": ""}, Deed.SET, SECOND, {"hcuri": ""}),
        ({"w": SECOND, "w_he": "Alive"}, Deed.SET, SECOND, {"hcexpr": "Alive"}),
        ({"b_lbm": "bytraffic"}, Deed.SET, "", {"lbmethod": "bytraffic"}),
        ({"b_tmo": "7200"}, Deed.SET, "", {"timeout": "7200"}),
        ({"b_max": "0"}, Deed.SET, "", {"maxattempts": "0"}),
        ({"b_sforce": "1"}, Deed.SET, "", {"nofailover": "On"}),
        ({"b_ss": "C|U"}, Deed.SET, "", {"stickysession": "C|U"}),
        ({"b_ss": "-"}, Deed.SET, "", {"stickysession": ""}),
        ({"b_fos": "500,503"}, Deed.SET, "", {"failonstatus": "500,503"}),
        ({"b_nwrkr": OTHER, "b_wyes": "1"}, Deed.ADD, OTHER, {"status": "+D"}),
    ],
)
def test_what_fields_ask_for(
    fields: dict[str, str], deed: Deed, member: str, params: dict[str, str]
) -> None:
    SHARED.asked.clear()
    page = post(SHARED, fields)
    who = "ada at 192.0.2.1, by balancer-manager"
    assert SHARED.asked == [Adjustment(deed, KEY, member, tuple(params.items()), who)]
    assert notes(page)[0] == "done"


@rows(
    ("field", "value"),
    [
        ("w_lf", "0.5"),
        ("w_lf", "101"),
        ("w_lf", "much"),
        ("w_ls", "100"),
        ("w_ls", "-1"),
        ("w_ls", "\N{SUPERSCRIPT TWO}"),
        ("w_wr", "x" * 65),
        ("w_wr", "a\r\nb"),
        ("w_hm", "PUT"),
        ("w_hi", "99"),
        ("w_hp", "-1"),
        ("b_lbm", "byluck"),
        ("b_tmo", "7201"),
        ("b_max", "100"),
        ("b_sforce", "2"),
        ("b_fos", "x"),
    ],
)
def test_what_is_out_of_bounds_is_passed_over_and_told(field: str, value: str) -> None:
    SHARED.asked.clear()
    sound = ("w_rr", "b") if field.startswith("w_") else ("b_ss", "C")
    member = {"w": SECOND} if field.startswith("w_") else {}
    page = post(SHARED, {**member, field: value, sound[0]: sound[1]})
    (deed,) = SHARED.asked
    assert [said for _, said in deed.params] == [sound[1]]
    assert [one for one in notes(page) if one.startswith("passed over: ")]


@rows(
    "fields",
    [
        {"w": FIRST, "w_status_D": "2"},
        {"w": FIRST, "w_status_E": "1"},
        {"w": FIRST, "w_status_C": "1"},
        {"w": SECOND, "w_he": "nosuch"},
        {"w": SECOND, "w_he": "alive"},
        {"w": SECOND, "w_he": ""},
        {"w": FIRST, "w_del": "0"},
        {"w": FIRST, "w_reset": "0"},
        {"w": "http://127.0.0.1:99", "w_reset": "1"},
        {"w": FIRST},
        {"w": SECOND, "w_hm": "GET", "w_hi": "30000", "w_hp": "1", "w_hu": "/up"},
        {"b_lbm": "byrequests", "b_tmo": "0", "b_max": "", "b_sforce": "0"},
        {"b_ss": "JSESSIONID|jsid", "b_fos": ""},
        {"b_nwrkr": OTHER},
        {"b_nwrkr": "", "b_wyes": "1"},
        {"w_lf": "2"},
        {"w": "http://127.0.0.1:99", "w_lf": "2"},
    ],
)
def test_what_asks_for_nothing(fields: dict[str, str]) -> None:
    SHARED.asked.clear()
    post(SHARED, fields)
    assert SHARED.asked == []


def test_what_the_master_refuses_is_told(office: Office) -> None:
    office.answer = Answer(False, "no room for <more>")
    page = post(office, {"b_nwrkr": OTHER, "b_wyes": "1"})
    assert notes(page) == ["not done: no room for &lt;more&gt;"]


def with_master(office: Office) -> Callable[[], None]:
    """Its desk is that of a controller whose master does what it is asked; what lets
    the next controller take its place."""
    adjusting = Adjusting(office.table, lambda level, text: None)
    adjusting.put_on(office.model)
    adjusting.commit()
    current: Any = SimpleNamespace(
        model=office.model, member_slots=office.slots, number=1
    )

    async def adjust(deed: Adjustment) -> Answer:
        assert adjusting.queue([deed.asked(1)]) == []
        done = adjusting.act(current, 1)
        if not isinstance(done, Model):
            return done[0]
        current.model = done
        current.member_slots, _ = claim(office.table, done, 1)
        adjusting.commit()
        return adjusting.done(current)[0]

    def follow() -> None:
        slots = {"member_slots": current.member_slots}
        facts = replace(office.desk.facts, **slots)
        office.desk = replace(office.desk, model=current.model, facts=facts)

    office.desk = replace(office.desk, adjust=adjust)
    return follow


def answer_to(office: Office, fields: dict[str, str]) -> tuple[str, bool]:
    """The page, and whether it is to be asked for once more."""
    body = urlencode({"b": "pool", "nonce": nonce(office)} | fields).encode()
    _, _, page, headers = asyncio.run(manager(asked("POST", body=body), office.desk))
    return page.decode(), "Refresh" in dict(headers)


def test_the_answer_shows_what_only_the_next_controller_knows() -> None:
    def after(*deeds: dict[str, str]) -> str:
        office = Office(CONF)
        follow = with_master(office)
        for fields in deeds:
            page, is_asked_again = answer_to(office, fields)
            assert not is_asked_again
            follow()
        return page

    def links(page: str) -> list[str]:
        return re.findall(r"[?]b=pool&amp;w=(.*?)&amp;nonce", page)

    added = {"b_nwrkr": OTHER, "b_wyes": "1"}
    assert links(after(added)) == [FIRST, SECOND, OTHER]
    assert "Init Dis" in after(added).split(f">{OTHER}</a>")[1]
    assert 'name="w_reset" value="1">Take out of the balancer<' in after(added)
    assert links(after({"w": FIRST, "w_del": "1"})) == [SECOND]
    both = {"b_tmo": "7", **added}
    assert links(after(both)) == [FIRST, SECOND, OTHER]
    assert '<td data-name="Timeout" class="changed" title="configured: 0">7<' in (
        after(both)
    )
    page = after(added, {"w": FIRST, "w_del": "1"}, {"w": SECOND, "w_hp": "4"})
    assert "4 (0)" in page
    page = after(added, {"w": FIRST, "w_del": "1"}, {"w": FIRST, "w_reset": "1"})
    assert links(page) == [FIRST, SECOND, OTHER]
    assert links(after(both, {"w_reset": "1"})) == [FIRST, SECOND]


def test_what_is_no_name_of_a_condition_takes_it_away_as_in_apache() -> None:
    office = Office(CONF)
    follow = with_master(office)
    for name, shown in (
        *(("Alive", "Alive"), ("nosuch", ""), ("Alive", "Alive"), ("alive", "")),
        *(("Alive", "Alive"), ("", "")),
    ):
        page, _ = answer_to(office, {"w": SECOND, "w_he": name})
        cells = re.findall(r'data-name="HC Expr"[^>]*>(.*?)</td>', page)
        assert cells == ["", shown], name
        assert f'<option value="{shown}" selected>{shown or "(none)"}</option>' in page
        follow()


def test_a_page_that_shows_what_was_before_is_asked_for_again(office: Office) -> None:
    async def adjust(deed: Adjustment) -> Answer:
        return Answer(deed.deed is not Deed.TELL, "said", is_over=True)

    office.desk = replace(office.desk, adjust=adjust)
    assert answer_to(office, {"b_tmo": "1"})[1]
    assert not answer_to(office, {"b_tmo": "x"})[1]


def test_what_was_changed_stands_beside_what_is_configured_with_the_way_back() -> None:
    office = Office(CONF)
    with_master(office)
    assert "changed" not in get(office)[2].split("<main>")[1].split("<script>")[0]
    answer_to(office, {"w": FIRST, "w_lf": "4", "w_status_D": "1"})
    page = get(office)[2]
    was = 'class="changed" title="configured: '
    # Of a cell the text is Apache's: programs take it for the value.
    assert f'<td data-name="Factor" {was}2.5">4.00</td>' in page
    assert f'<td data-name="Status" {was}none">Init Dis </td>' in page
    assert "loadfactor=4 (configured 2.5), status=D (configured none)" in page
    assert page.count('<button name="w_reset" value="1">') == 1
    form = get(office, f"b=pool&w={FIRST}&nonce={nonce(office)}")[2]
    assert '<span class="was" id="w_lf-was">changed; configured: 2.5</span>' in form
    assert 'aria-describedby="w_lf-was"' in form
    assert '<span class="was" id="w_status_D-was">changed; configured: Off</s' in form
    assert form.count('class="was"') == 2
    answer_to(office, {"w": FIRST, "w_reset": "1"})
    assert "w_reset" not in get(office)[2].split("<script>")[0]


def test_the_only_member_may_have_any_weight() -> None:
    office = Office(CONF.replace("ProxySet nonce=None", ""))
    own = office.desk.model.balancers[1]
    fields = {"b": "own", "nonce": nonce_of(office.desk, own), "w": OTHER, "w_lf": "3"}
    post(office, urlencode(fields), vhost_index=1)
    assert [one.params for one in office.asked] == [(("loadfactor", "3"),)]


def test_what_was_changed_outlives_a_stop_but_not_under_compat_apache() -> None:
    assert Office(CONF).model.vhosts[0].balancer_persist
    assert not Office(f"Compat apache\n{CONF}").model.vhosts[0].balancer_persist


# who may ask ------------------------------------------------------------------------


@rows(
    ("fields", "is_done"),
    [
        ({"nonce": "x"}, False),
        ({"nonce": ""}, False),
        ({"nonce": "\xff"}, False),
        ({"b": "own"}, False),  # another host's
        ({"b": ""}, False),
        ({}, True),
        ({"b": "POOL"}, True),
    ],
)
def test_balancer_and_nonce_go_together(fields: dict[str, str], is_done: bool) -> None:
    SHARED.asked.clear()
    post(SHARED, {"w": FIRST, "w_lf": "2"} | fields)
    assert bool(SHARED.asked) == is_done


def test_with_nonce_none_nothing_can_be_changed(office: Office) -> None:
    for nonce in ("", "&nonce=", "&nonce=none", "&nonce=None"):
        post(office, f"b=own&w={OTHER}&w_lf=2{nonce}", vhost_index=1)
    assert office.asked == []


@rows(
    ("referer", "host", "is_taken"),
    [
        ("http://one.test/x", "one.test", True),
        ("https://ONE.test:8443/x", "one.test", True),
        ("http://[::1]:80/x", "[::1]", True),
        ("http://two.test/x", "one.test", False),
        ("http://one.test.evil/x", "one.test", False),
        ("http://one.test@evil/x", "one.test", False),
        ("http://[one/x", "one.test", False),
        ("one.test", "one.test", False),
        (None, "one.test", False),
    ],
)
def test_fields_count_when_this_site_has_sent_them(
    referer: str | None, host: str, is_taken: bool
) -> None:
    SHARED.asked.clear()
    SHARED.log.clear()
    headers = {} if referer is None else {"referer": referer}
    post(SHARED, {"w": FIRST, "w_lf": "2"}, headers=headers, host_name=host)
    assert bool(SHARED.asked) == is_taken
    told = f"{'(null)' if referer is None else referer}: {host}"
    line = "error proxy_balancer AH10187: ignoring params in balancer-manager"
    assert SHARED.log == ([] if is_taken else [f"{line} cross-site access {told}"])


def test_without_fields_nobody_asks_where_from(office: Office) -> None:
    status, kind, page = get(office, headers={})
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert office.log == []
    assert "balancer://pool" in page and "balancer://own" not in page


def test_a_link_changes_nothing(office: Office) -> None:
    _, _, page = get(office, f"b=pool&w={FIRST}&nonce={nonce(office)}&w_lf=7&w_del=1")
    assert office.asked == []
    assert f"Edit worker settings for {FIRST}" in page


@rows(
    ("sent", "value"),
    [
        ("%41", "A"),
        ("%2541", "%41"),  # in httpd A
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("%2", "%2"),
        ("%25zz", "%zz"),
    ],
)
def test_a_value_is_decoded_once_and_a_plus_is_a_plus(sent: str, value: str) -> None:
    SHARED.asked.clear()
    post(SHARED, f"b=pool&nonce={nonce(SHARED)}&w={FIRST}&w_wr={sent}")
    assert [one.params for one in SHARED.asked] == [(("route", value),)]


def test_of_a_form_1024_bytes_are_read(office: Office) -> None:
    fields = urlencode({"b": "pool", "nonce": nonce(office), "w": FIRST, "w_lf": "2"})
    post(office, f"{fields}&x=".ljust(1024, "x") + "&w_ls=3")
    assert [one.params for one in office.asked] == [(("loadfactor", "2"),)]


@rows("method", ["PUT", "DELETE", "OPTIONS", "get"])
def test_other_methods_are_not_answered(method: str) -> None:
    assert asyncio.run(manager(asked(method), SHARED.desk))[0] == 404


@given(st.binary(max_size=1100), st.text(max_size=60))
def test_whatever_comes_a_page_is_answered(body: bytes, query: str) -> None:
    referer = {"referer": "http://one.test/"}
    office = SHARED
    for one in (asked("POST", body=body, headers=referer), asked("GET", query)):
        assert asyncio.run(manager(one, office.desk))[0] == 200


# what is answered -------------------------------------------------------------------


def test_what_others_wrote_is_text_in_the_page(office: Office) -> None:
    hostile = "<script>'\"&"
    _, _, page = get(office, host_name=hostile, path=f"/{hostile}")
    assert hostile not in page and "&lt;script&gt;" in page


@rows(
    ("path", "way"),
    [
        ("/balancer-manager", "/balancer-manager"),
        ("//balancer-manager/x", "/balancer-manager/x"),
        ("/a?b#c\\d \r\n", "/a%3Fb%23c%5Cd%20%0D%0A"),
    ],
)
def test_links_and_forms_stay_on_this_site(path: str, way: str) -> None:
    for query in ("", f"b=pool&nonce={nonce(SHARED)}"):
        _, _, page = get(SHARED, query, path=path)
        found = re.findall(r'(?:href|action|data-path)="(/[^"?]*)', page)
        assert set(found) == {way}


def test_a_page_can_do_nothing_but_send_its_forms(office: Office) -> None:
    _, _, _, fields = asyncio.run(manager(asked(), office.desk))
    said = dict(fields)
    policy = said["Content-Security-Policy"]
    for word in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert word in policy
    assert "unsafe" not in policy
    assert said["Referrer-Policy"] == "same-origin"  # or no form would count
    assert said["Cache-Control"] == "no-store"


def test_xml_in_the_order_of_apache(office: Office) -> None:
    status, kind, text = get(office, "xml=1")
    assert (status, kind) == (200, "text/xml")
    space = "{http://httpd.apache.org}"
    root = ElementTree.fromstring(text.encode())
    assert root.tag == f"{space}manager"
    (balancer,) = root.iter(f"{space}balancer")
    told = [(one.tag.removeprefix(space), (one.text or "").strip()) for one in balancer]
    assert told == [
        ("name", KEY),
        ("nonce", nonce(office)),
        ("stickysession", "JSESSIONID"),
        ("nofailover", "Off"),
        ("timeout", "0"),
        ("maxattempts", "1"),
        ("lbmethod", "byrequests"),
        ("scolonpathdelim", "Off"),
        ("workers", ""),
    ]
    first = next(balancer.iter(f"{space}worker"))
    assert [(one.tag.removeprefix(space), one.text or "") for one in first] == [
        *(("name", FIRST), ("scheme", "http"), ("hostname", "127.0.0.1")),
        *(("loadfactor", "2.50"), ("port", "10"), ("min", "0"), ("smax", "0")),
        *(("max", "0"), ("ttl", "0"), ("status", "Init Ok "), ("retries", "0")),
        *(("lbstatus", "0"), ("loadfactor", "2.50"), ("transferred", "0")),
        *(("read", "0"), ("elected", "0"), ("route", "a"), ("redirect", "")),
        *(("busy", "0"), ("lbset", "0")),
    ]


def test_xml_tells_what_a_line_says() -> None:
    office = Office(
        "Listen 80\nServerName one.test\n<Proxy balancer://pool>\n"
        "BalancerMember ajp://127.0.0.1:9 min=1 max=5 smax=3 ttl=7 timeout=8 acquire=9"
        " keepalive=On ping=2 retry=10 disablereuse=On connectiontimeout=3"
        " iobuffersize=9000 receivebuffersize=4096 flushpackets=auto route=a<&b\n"
        "</Proxy>\nProxyPass / balancer://pool/\n"
    )
    _, _, text = get(office, "xml=1")
    found = re.findall(r"<httpd:(\w+)>([^<\n]+)</", text)
    assert dict(found) | {
        "min": "1", "max": "5", "smax": "3", "ttl": "7", "timeout": "8",
        "acquire": "9", "keepalive": "On", "ping": "2000", "retry": "10",
        "disablereuse": "On", "connectiontimeout": "3000", "io_buffer_size": "9000",
        "recv_buffer_size": "4096", "flushpackets": "Auto", "route": "a&lt;&amp;b",
    } == dict(found)  # fmt: skip
    assert "maxattempts" not in text and "stickysession" not in text


def test_style_and_scripts_are_those_that_the_policy_names(office: Office) -> None:
    _, _, body, fields = asyncio.run(manager(asked(), office.desk))
    page, policy = body.decode(), dict(fields)["Content-Security-Policy"]
    for tag, count in (("style", 1), ("script", 2)):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert len(inside) == count
        for text in inside:
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
    assert not re.search(r"<[^>]*\s(style|on\w+)=", page)
    assert not re.search(r"(src|href)=.https?:", page)
    script = page.split("<script>")[2]
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "write("):
        assert word not in script.replace("this.write(", "").replace(" write(", "")


def test_one_event_tells_how_things_are(office: Office) -> None:
    status, kind, text = get(office, "events", headers={})
    assert (status, kind) == (200, "text/event-stream")
    retry, data, *end = text.split("\n")
    assert (retry, end) == ("retry: 1000", ["", ""])
    told = json.loads(data.removeprefix("data: "))
    (balancer,) = told["balancers"]
    assert (balancer["name"], balancer["nonce"]) == ("pool", nonce(office))
    first, second = balancer["members"]
    assert (first["colour"], first["state_words"]) == ("good", "serving")
    assert (second["colour"], second["url"]) == ("bad", SECOND)
    assert office.log == []


@rows(
    ("query", "is_there"),
    [
        (f"history={FIRST}&b=pool&span=2h", True),
        (f"history={FIRST}&b=pool&span=10m", True),
        (f"history={FIRST}&b=pool&span=3h", False),
        (f"history={FIRST}&b=pool", False),
        (f"history={OTHER}&b=pool&span=2h", False),
        (f"history={OTHER}&b=own&span=2h", False),  # another host's
        ("history=", False),
    ],
)
def test_what_a_member_did_lately(query: str, is_there: bool) -> None:
    status, kind, text = get(SHARED, query)
    assert status == (200 if is_there else 404)
    if is_there:
        told = json.loads(text)
        assert kind == "application/json"
        assert len(told["t"]) == len(told["requests_per_s"]) > 500
