"""`fastlb explain`: members that are down, a server that runs, and both heads."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from fastlb._probe import own_cookie_of
from rights import AS_ROOT
from rows import rows

from fastlb._core import Table
from fastlb.cli.explain.asked import Asked, AskedError
from fastlb.cli.explain.standing import Standing, stand
from fastlb.cli.explain.step import Step
from fastlb.cli.explain.tell import dict_of, text_of
from fastlb.cli.explain.way import Way, way_of
from fastlb.master import claims, roll
from fastlb.master.loading import Source, load

SITE = """\
ServerName main.example
Listen 8080
<Proxy balancer://api>
  BalancerMember http://127.0.0.1:9001 route=a retry=30
  BalancerMember http://127.0.0.1:9002 route=b retry=30
  BalancerMember http://127.0.0.1:9003 route=c lbset=1
  BalancerMember http://127.0.0.1:9004 route=d status=+H
  ProxySet stickysession=SID lbmethod={method}
</Proxy>
ProxyVia {via}
RequestHeader set X-Early 1 early
ProxyPass /api balancer://api
ProxyPass /one http://127.0.0.1:9009
<Location /keep>
  ProxyPass http://127.0.0.1:9008
  ProxyPreserveHost On
  ProxyAddHeaders Off
  RequestHeader unset X-Away
  ProxyPassReverse http://127.0.0.1:9008
</Location>
"""
A, B, C, D = (f"http://127.0.0.1:{port}" for port in (9001, 9002, 9003, 9004))


def standing_of(folder: Path, method: str = "byrequests", via: str = "On") -> Standing:
    path = folder / "httpd.conf"
    text = SITE.format(method=method, via=via)
    path.write_text(f'ServerRoot "{folder}"\n{AS_ROOT}{text}')
    loaded = load(Source(str(path), str(folder), (), (), (), {}))
    assert loaded.model is not None, loaded.diagnostics
    return stand(loaded.model, loaded.tree)


def steps(way: Way, kind: str) -> list[Step]:
    return [step for step in way.steps if step.kind == kind]


def lost(way: Way) -> dict[str, str]:
    return {step.text: step.why for step in steps(way, "member")[0].lost}


def text_at(step: Step) -> str:
    file, number = step.line
    return Path(file).read_text().splitlines()[number - 1].strip()


def test_a_member_in_error_is_passed_over_and_told(tmp_path: Path) -> None:
    standing = standing_of(tmp_path)
    asked = Asked("/api/x", fields=("Cookie: SID=1.a",))
    assert way_of(standing, asked).member == A
    standing.mark("a", "E")
    way = way_of(standing, asked)
    assert way.member == B
    assert lost(way)[A] == "is in error for 30 s more (retry=)"
    assert lost(way)[C] == "is of lbset 1: 0 comes first"
    assert [step.state for step in steps(way, "member")[0].lost if step.text == A] == [
        "error"
    ]
    # The next one as well: of its lbset the standby is left.
    standing.mark("127.0.0.1:9002", "D")
    way = way_of(standing, asked)
    assert way.member == D
    assert lost(way)[B] == "is disabled"


def test_who_is_left_when_nobody_is(tmp_path: Path) -> None:
    standing = standing_of(tmp_path)
    for member in (A, B, C, D):
        standing.mark(member, "D")
    way = way_of(standing, Asked("/api/x"))
    assert (way.outcome, way.status) == ("error", 503)
    assert set(lost(way).values()) == {"is disabled"}
    standing.mark("http://127.0.0.1:9009", "D")
    assert way_of(standing, Asked("/one")).status == 503


def test_a_member_is_named_with_its_balancer_as_ctl_has_it(tmp_path: Path) -> None:
    standing = standing_of(tmp_path)
    for name in ("api/a", "api/127.0.0.1:9002", f"api/{C}", "api/d"):
        standing.mark(name, "D")
    way = way_of(standing, Asked("/api/x"))
    assert set(lost(way)) == {A, B, C, D}
    assert set(lost(way).values()) == {"is disabled"}
    with pytest.raises(AskedError, match=r"no member is called other/a"):
        standing.mark("other/a", "D")


def test_a_member_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(AskedError, match=r"called x; there are: http://127.0.0.1:9001"):
        standing_of(tmp_path).mark("x", "D")


@rows(
    ("method", "changes", "member", "scores"),
    [
        ("byrequests", {"lbstatus": -500}, B, {"lbstatus": 100}),
        ("bybusyness", {"busy": 3}, B, {"busy": 0, "lbstatus": 100}),
        ("bytraffic", {"read": 10**6}, B, {"traffic": 0}),
        ("byrequests", {"flags": "OD"}, B, {"lbstatus": 100}),
    ],
)
def test_the_answer_is_that_of_the_server_that_runs(
    tmp_path: Path,
    method: str,
    changes: dict[str, Any],
    member: str,
    scores: dict[str, int],
) -> None:
    standing = standing_of(tmp_path, method)
    model = standing.model
    # Another table, as a master has it.
    table = Table.create(8, 16, 4)
    slots, _ = claims.claim(table, model, 7)
    told = roll.members_of(table, slots)
    told[0] |= changes
    pid_file = str(tmp_path / "pid")
    roll.write(pid_file, os.getpid(), 1, told)
    found = roll.read(pid_file, os.getpid())
    assert found is not None
    assert standing.learn(found) == []
    way = way_of(standing, Asked("/api/x"))
    assert way.member == member
    (step,) = steps(way, "member")
    assert dict(step.scores) == scores
    assert way.as_of == f"as the server stands now, pid {os.getpid()}"
    assert way.as_of in step.why


def test_members_that_the_server_does_not_know_are_named(tmp_path: Path) -> None:
    standing = standing_of(tmp_path)
    unknown = standing.learn(roll.Roll(1, 1, {}))
    assert A in unknown
    assert way_of(standing, Asked("/api/x")).member == A


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[]", b'{"pid": 1, "number": 1, "members": [{}]}'),
        *(b'{"pid": 2, "number": 1, "members": []}', b'{"pid": 1, "members": []}'),
        b'{"pid": 1, "number": 1, "members": 7}',
    ],
)
def test_a_roll_that_cannot_be_read_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / f"pid{roll.SUFFIX}").write_bytes(data)
    assert roll.read(str(tmp_path / "pid"), 1) is None


def test_where_no_server_runs_nobody_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pytest.raises(roll.NoAnswer, match="no server runs"):
        roll.ask(str(path))
    path.write_text(f"{os.getpid()}\n")  # nobody holds its lock
    with pytest.raises(roll.NoAnswer, match="no server runs"):
        roll.ask(str(path))


def test_places_are_those_of_the_lines_that_say_it(tmp_path: Path) -> None:
    way = way_of(standing_of(tmp_path), Asked("/api/x", fields=("Cookie: SID=1.b",)))
    assert text_at(steps(way, "session")[0]).startswith("ProxySet stickysession=SID")
    assert text_at(steps(way, "host")[0]) == "ServerName main.example"


def test_each_field_of_the_head_has_its_reason(tmp_path: Path) -> None:
    standing = standing_of(tmp_path)
    fields = ("Upgrade: h2c", "Connection: Upgrade, X-Mine", "X-Mine: 1", "X-Away: 1")
    told = {
        step.text: step
        for step in steps(
            way_of(standing, Asked("/one/x", fields=fields)), "request head"
        )
    }
    assert told["Host: 127.0.0.1:9009"].why == "the member's own name"
    added = "X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Server"
    assert told[added].why == "ProxyAddHeaders adds them"
    assert text_at(told["ProxyVia On"]) == "ProxyVia On"
    assert "hop-by-hop" in told["without X-Mine"].why
    assert "without X-Away" not in told
    way = way_of(standing, Asked("http://me.example/keep/x", fields=fields))
    assert [text_at(step) for step in steps(way, "request header")] == [
        "RequestHeader set X-Early 1 early",
        "RequestHeader unset X-Away",
    ]
    told = {step.text: step for step in steps(way, "request head")}
    assert text_at(told["Host: me.example"]) == "ProxyPreserveHost On"
    assert text_at(told["no X-Forwarded-For"]) == "ProxyAddHeaders Off"
    assert told["without X-Away"].why == "a rule takes it out"


def test_the_way_back_says_what_is_missing(tmp_path: Path) -> None:
    standing = standing_of(tmp_path, via="Block")
    back = steps(way_of(standing, Asked("/one/x")), "way back")
    assert [step.text for step in back] == ["no ProxyPassReverse"]
    back = steps(way_of(standing, Asked("/keep/x")), "way back")
    assert [text_at(step) for step in back] == [
        "ProxyPassReverse http://127.0.0.1:9008"
    ]


def test_lines_are_as_wide_as_the_terminal(tmp_path: Path) -> None:
    way = way_of(standing_of(tmp_path), Asked("/api/x"))
    wide = text_of(way)
    narrow = text_of(way, width=60)
    assert wide.split() == narrow.split()
    assert max(map(len, wide.splitlines())) > 100
    longest = max(map(len, wide.split()))
    steps_only = narrow.partition("->")[0].splitlines()
    assert max(map(len, steps_only)) <= max(60, longest + 25)


def test_the_schema_is_the_one_that_is_documented(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/explain.md").read_text("utf-8")
    table = page.partition("## For programs")[2].partition("\n## ")[0]
    rows_of = [line.split("|")[1] for line in table.splitlines() if line[:3] == "| `"]
    documented = [name.strip(" `") for row in rows_of for name in row.split(",")]
    told = dict_of(way_of(standing_of(tmp_path), Asked("/api/x")))
    assert list(told) == documented
    known = {"kind", "text", "why", "file", "line", "state", "scores", "lost"}
    for step in told["steps"]:
        for one in (step, *step.get("lost", ())):
            assert {"kind", "text", "why"} <= one.keys() <= known
    assert all(f"`{name}`" in table for name in known)


OWN_COOKIE = """\
ServerName main.example
Listen 8080
<Proxy balancer://api>
  BalancerMember http://127.0.0.1:9001
  BalancerMember http://127.0.0.1:9002 agentcheck=9
  ProxySet stickycookie=LB {0}
</Proxy>
ProxyPass / balancer://api/
"""


def own_cookie_site(folder: Path, more: str) -> Standing:
    path = folder / "httpd.conf"
    path.write_text(f'ServerRoot "{folder}"\n{AS_ROOT}{OWN_COOKIE.format(more)}')
    loaded = load(Source(str(path), str(folder), (), (), (), {}))
    assert loaded.model is not None, loaded.diagnostics
    return stand(loaded.model, loaded.tree)


def test_a_session_by_a_cookie_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123456789abcdef")
    standing = own_cookie_site(tmp_path, "stickykey=key")
    [session] = steps(way_of(standing, Asked("/")), "session")
    assert (session.text, session.why) == (
        "none",
        "the request has no LB that a member was named by",
    )
    assert "stickycookie=LB" in text_at(session)
    value = own_cookie_of(0, 1, int(time.time())).decode()
    way = way_of(standing, Asked("/", fields=(f"Cookie: a=b; LB={value}",)))
    [session] = steps(way, "session")
    route = standing.model.members[1].route
    assert session.text == f"route {route}"
    assert session.why == "LB in a cookie, which is ours"
    assert way.member == B


def test_without_its_file_a_cookie_says_nothing_to_explain(tmp_path: Path) -> None:
    way = way_of(own_cookie_site(tmp_path, ""), Asked("/"))
    [session] = steps(way, "session")
    assert session.why.endswith("(explain does not know the server's secret)")


def test_what_an_agent_has_said_is_told(tmp_path: Path) -> None:
    standing = own_cookie_site(tmp_path, "")
    [told] = roll.members_of(standing.table, standing.member_slots[1:])
    assert told["agent"] == [False, False, False, 100, 0]
    told["agent"] = [True, False, False, 50, 0]
    key = standing.model.members[1].key
    standing.learn(roll.Roll(1, 1, {key: told}))
    way = way_of(standing, Asked("/"))
    assert lost(way)[B] == "is down, as its agent says"
