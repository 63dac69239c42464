"""`fastlb explain --live`: what the server that runs would do now."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any

from conftest import MemberMaker
from harness import Fastlb, wait_for
from name_server import NameServer

POOL = """\
<Proxy balancer://pool>
    BalancerMember {one} route=a retry=600
    BalancerMember {two} route=b retry=600
    ProxySet stickysession=SID
</Proxy>
ProxyPass / balancer://pool/
"""


def ask(server: Fastlb, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "fastlb", "explain", "-f", str(server.conf)),
            *("--live", *words, "/x"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def explain(server: Fastlb, *words: str) -> dict[str, Any]:
    told = ask(server, "--json", *words)
    assert told.returncode == 0, told
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_a_member_that_fails_is_left_and_so_it_is_told(
    server: Fastlb, make_member: MemberMaker
) -> None:
    one, two = make_member("one"), make_member("two")
    server.write(POOL.format(one=one.url, two=two.url))
    refused = ask(server)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no server runs that wrote" in refused.stderr
    assert server.command("-k", "start").returncode == 0
    sticky = ("-H", "Cookie: SID=x.a")
    assert explain(server, *sticky)["member"] == one.url
    # Three turns of byrequests have gone to one, two, one.
    assert [server.get().text for _ in range(3)] == ["one", "two", "one"]
    told = explain(server)
    assert (told["member"], server.get().text) == (two.url, "two")
    assert f"pid {server.pid}" in told["as_of"]
    one.stop()
    assert server.get("/", Cookie="SID=x.a").text == "two"
    told = explain(server, *sticky)
    assert told["member"] == two.url
    (member,) = (step for step in told["steps"] if step["kind"] == "member")
    (lost,) = member["lost"]
    assert (lost["text"], lost["state"]) == (one.url, "error")
    assert "in error for " in lost["why"]
    # Nothing of it was changed by asking; each answer is as many as were asked for.
    assert server.get("/", Cookie="SID=x.a").text == "two"
    with open(server.folder / "fastlb.pid.members") as file:
        assert json.load(file)["number"] == 3
    assert server.command("-k", "stop").returncode == 0
    assert not (server.folder / "fastlb.pid.members").exists()


def test_who_asks_while_the_server_reloads_gets_an_answer(
    server: Fastlb, make_member: MemberMaker
) -> None:
    one, two = make_member("one"), make_member("two")
    server.write(POOL.format(one=one.url, two=two.url))
    assert server.command("-k", "start").returncode == 0
    before = server.generations()
    os.kill(server.pid, signal.SIGHUP)
    assert explain(server)["member"] in (one.url, two.url)
    wait_for(lambda: server.generations() > before, "the reload")
    third = make_member("third")
    server.write(POOL.format(one=third.url, two=two.url))
    told = ask(server)
    assert f"does not know {third.url}: reload it" in told.stderr
    assert server.command("-k", "stop").returncode == 0


def test_the_addresses_of_a_name_and_when_it_is_looked_up_again(
    server: Fastlb, make_member: MemberMaker
) -> None:
    one = make_member("one")
    with NameServer() as dns:
        dns.tell("app.test", one.host, ttl=1800)
        server.write(
            f"Resolver 127.0.0.1:{dns.port}\nProxyPass /x http://app.test:{one.port}/\n"
            f"ProxyPass / http://app.test:{one.port}/ addressttl=-1\n"
        )
        assert server.command("-k", "start").returncode == 0
        told = explain(server)
        (step,) = (step for step in told["steps"] if step["kind"] == "address")
        assert step["text"] == one.host
        seconds = re.fullmatch(r"of app.test, looked up again in (\d+) s", step["why"])
        assert seconds is not None
        assert 1700 < int(seconds[1]) <= 1800
        assert server.command("-k", "stop").returncode == 0
