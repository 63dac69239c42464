"""balancer-manager beside httpd's: what programs read, and what forms do.

What has no other place: the pages of both, as programs find their way in them.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpd
import pytest
from harness import DEADLINE_S, HOST, Fastlb, wait_for

FIRST, SECOND, ADDED = (f"http://{HOST}:{port}" for port in (9, 10, 11))
POOL = f"""\
ProxyHCExpr ok {{%{{REQUEST_STATUS}} =~ /^[234]/}}
ProxyHCExpr Alive {{hc('body') =~ /alive/}}
<Proxy balancer://pool>
BalancerMember {FIRST}/app loadfactor=2.5 route=a
BalancerMember {SECOND} status=+H redirect=b hcmethod=GET hcuri=/h hcinterval=600
ProxySet stickysession=JSESSIONID|jsid growth=2
</Proxy>
<Location /balancer-manager>
SetHandler balancer-manager
</Location>
ProxyPass /balancer-manager !
ProxyPass / balancer://pool/
"""
MODULES = (
    *("proxy_balancer", "proxy_hcheck", "slotmem_shm"),
    *("lbmethod_byrequests", "lbmethod_bytraffic"),
)


class Reader(HTMLParser):
    """Links, tables (rows of cells) and fields of forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.fields: set[str] = set()
        self._cell: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(said["href"])
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = []
        elif tag in ("input", "select") and "name" in said:
            self.fields.add(said["name"])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


class Site:
    """The manager of whoever serves at that port."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, query: str = "", form: dict[str, str] | None = None) -> str:
        made = http.client.HTTPConnection(HOST, self._port, timeout=DEADLINE_S)
        headers = {"Referer": f"http://{HOST}/balancer-manager"}
        path = f"/balancer-manager{query}"
        with closing(made):
            if form is None:
                made.request("GET", path, headers=headers)
            else:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                made.request("POST", path, urlencode(form), headers)
            answer = made.getresponse()
            text = answer.read().decode()
        assert answer.status == 200, text
        return text

    def nonce(self) -> str:
        (found,) = set(re.findall(r"nonce=([-0-9a-f]{36})", self.ask()))
        return found

    def post(self, **fields: str) -> str:
        return self.ask(form={"b": "pool", "nonce": self.nonce(), **fields})

    def xml(self) -> list[tuple[str, str]]:
        root = ElementTree.fromstring(self.ask("?xml=1"))
        return [
            (one.tag, "" if one.tag.endswith("nonce") else (one.text or "").strip())
            for one in root.iter()
        ]

    def told(self, what: str) -> list[str]:
        return [text for tag, text in self.xml() if tag.endswith(f"}}{what}")]

    def page(self, query: str = "") -> dict[str, Any]:
        """What must be alike: without the nonce, and what the checks have found."""
        read = Reader(self.ask(query))
        balancer, members = read.tables[:2]
        for row in members[1:]:
            row[5] = re.sub("(HcFl|Err|Ok) ", "", row[5])
            row[13:15] = [re.sub(r" \(\d+\)", "", cell) for cell in row[13:15]]
        return {
            "links": [re.sub("nonce=.*", "", link) for link in read.links],
            "balancer": balancer,
            "members": members,
            "fields": read.fields,
        }


@pytest.fixture
def tmp_path(open_folder: Path) -> Path:
    """Of the server: its workers connect to the socket beside its pid file."""
    return open_folder


@pytest.fixture
def apache(open_folder: Path) -> Iterator[Site]:
    folder = open_folder / "apache2"
    folder.mkdir(mode=0o755)
    with httpd.running(folder, MODULES, POOL) as port:
        yield Site(port)


@pytest.fixture
def ours(server: Fastlb) -> Site:
    server.write(POOL)
    server.start()
    return Site(server.port)


def test_programs_find_what_they_find_in_apaches(ours: Site, apache: Site) -> None:
    def alike(look: Callable[[Site], object], changed: dict[str, str]) -> None:
        said = [site.post(**changed) for site in (ours, apache) if changed]
        assert look(ours) == look(apache), (changed, said[:1])

    def pages(site: Site) -> list[dict[str, Any]]:
        nonce = site.nonce()
        return [
            site.page(query)
            for query in (
                "",
                f"?b=pool&nonce={nonce}",
                f"?b=pool&w={FIRST}/app&nonce={nonce}",
            )
        ]

    def conditions(site: Site) -> list[str]:
        return [row[-1] for row in site.page()["members"]]

    def values(site: Site) -> list[tuple[str, str]]:
        return [
            (tag, re.sub("(HcFl|Err|Ok) ?", "", text))
            for tag, text in site.xml()
            if not tag.endswith("lbstatus")
        ]

    own = {"w_status_E", "w_del", "b_fos"}
    for mine, theirs in zip(pages(ours), pages(apache), strict=True):
        assert mine["fields"] - own == theirs["fields"] - {"w_status_C"}
        for part in ("links", "balancer", "members"):
            assert mine[part] == theirs[part], part
    alike(values, {})
    first, second = {"w": f"{FIRST}/app"}, {"w": SECOND}
    for changed in (
        {**first, "w_lf": "7.25", "w_ls": "3", "w_wr": "x", "w_rr": "y"},
        {**first, "w_lf": "0", "w_ls": "100"},
        {**first, "w_wr": "", "w_status_D": "1", "w_status_N": "1"},
        {**first, "w_status_D": "0", "w_status_H": "1", "w_status_I": "1"},
        {**first, "w_status_N": "0", "w_status_S": "1", "w_status_H": "0"},
        {**first, "w_status_S": "0", "w_status_I": "0", "w_status_R": "1"},
        {**second, "w_status_H": "0"},
    ):
        alike(values, changed)
    for name in ("Alive", "nosuch", "ok", "alive", "ok", ""):
        alike(conditions, {**second, "w_he": name})


def test_what_takes_new_workers_is_shown_when_they_serve(
    ours: Site, apache: Site
) -> None:
    both = (ours, apache)
    changed = {"b_lbm": "bytraffic", "b_tmo": "7", "b_max": "3", "b_sforce": "1"}
    for site in both:
        site.post(**changed, b_ss="X")
        for what, value in (
            *(("lbmethod", "bytraffic"), ("timeout", "7"), ("maxattempts", "3")),
            *(("nofailover", "On"), ("stickysession", "X")),
        ):
            wait_for(lambda s=site, w=what, v=value: s.told(w)[0] == v, what)
        told = site.post(b_nwrkr=ADDED, b_wyes="1")
        if site is ours:
            assert "Init Dis" in told.split(f">{ADDED}</a>")[1]
        wait_for(lambda s=site: ADDED in s.told("name"), "it is a member")
        assert site.told("status")[-1].startswith("Init Dis")
    assert f">{ADDED}</a>" not in ours.post(w=ADDED, w_del="1")
    wait_for(lambda: ADDED not in ours.told("name"), "it is none any more")
    assert 'title="configured: byrequests"' in ours.ask()
    assert '<td data-name="Method">byrequests</td>' in ours.post(w_reset="1")
