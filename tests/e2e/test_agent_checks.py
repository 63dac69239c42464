"""agentcheck= with real processes, and HAProxy asking the same agent."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from harness import DEADLINE_S, HOST, Fastlb, Member, wait_for
from ports import free_port
from programs import ForeignServer

POOL = """\
<Proxy balancer://pool>
BalancerMember {told} route=told agentcheck={agent} agentinterval=100ms {more}
BalancerMember {other} route=other
ProxySet stickysession=S
</Proxy>
<Location /server-status>
SetHandler server-status
</Location>
ProxyStatus On
ProxyPass /server-status !
ProxyPass / balancer://pool/
"""


class Agent:
    """Says its line to everybody who comes."""

    def __init__(self) -> None:
        self.line = "up"
        self.said = 0
        self._sock = socket.create_server((HOST, 0), backlog=64)
        self.port: int = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._sock.accept()
            except OSError:
                return
            with peer:
                peer.sendall(f"{self.line}\n".encode())
            self.said += 1

    def say(self, line: str) -> None:
        """... from now on, and be heard at least twice."""
        self.line = line
        said = self.said
        wait_for(lambda: self.said > said + 2, "the agent is asked")

    def stop(self) -> None:
        with suppress(OSError):  # it has stopped
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._thread.join(DEADLINE_S)


@pytest.fixture
def agent() -> Iterator[Agent]:
    made = Agent()
    yield made
    made.stop()


@pytest.fixture
def members() -> Iterator[list[Member]]:
    made = [Member("told"), Member("other")]
    for one in made:
        one.start()
    yield made
    for one in made:
        one.stop()


def pool(members: list[Member], agent: Agent, more: str = "") -> str:
    told, other = (one.url for one in members)
    return POOL.format(told=told, other=other, agent=agent.port, more=more)


def served_by(server: Fastlb, requests: int = 8) -> set[str]:
    return {server.get().text for _ in range(requests)}


def test_a_member_goes_and_comes_as_its_agent_says(
    server: Fastlb, members: list[Member], agent: Agent
) -> None:
    server.write(pool(members, agent))
    server.start()
    wait_for(lambda: agent.said > 1, "the agent is asked")
    assert served_by(server) == {"told", "other"}
    agent.say("down # for a test")
    line = server.wait_for_log("FB0530")
    assert "[proxy_balancer:notice]" in line
    assert re.search(
        rf"member {members[0].url}: down, by its agent {HOST}:{agent.port}: "
        r"down # for a test",
        line,
    )
    assert served_by(server) == {"other"}
    page = server.get("/server-status").text
    assert "<br>agent: down" in page
    # a reload keeps what was said, whatever its first answer is
    server.reload()
    assert served_by(server) == {"other"}
    agent.say("up")
    wait_for(lambda: served_by(server) == {"told", "other"}, "it is back")
    agent.say("drain")
    wait_for(lambda: served_by(server) == {"other"}, "it drains")
    assert server.get(cookie="S=1.told").text == "told"
    agent.say("ready")
    wait_for(lambda: served_by(server) == {"told", "other"}, "it is ready")
    assert server.error_log.count("FB0530") == 4


def test_an_agent_that_is_gone_leaves_all_as_it_is(
    server: Fastlb, members: list[Member], agent: Agent
) -> None:
    server.write(pool(members, agent))
    server.start()
    agent.say("maint")
    server.wait_for_log("FB0530")
    agent.stop()
    assert "all stays as it has said" in server.wait_for_log("FB0532")
    assert served_by(server) == {"other"}
    assert server.error_log.count("FB0532") == 1


def test_maxconn_bounds_connections(
    server: Fastlb, members: list[Member], agent: Agent
) -> None:
    agent.line = "maxconn:1"
    server.write(pool(members[:1] * 2, agent, "acquire=100ms"), workers=1)
    server.start()
    server.wait_for_log("FB0531")
    members[0].hold()
    with server.connection() as first, server.connection() as second:
        first.request("GET", "/", headers={"Cookie": "S=1.told"})
        wait_for(lambda: members[0].connections == 1, "it has one")
        second.request("GET", "/", headers={"Cookie": "S=1.told"})
        assert second.getresponse().status == 503
        members[0].let_go()
        assert first.getresponse().status == 200


HAPROXY = """\
global
  stats socket {folder}/stats mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen front
  bind {host}:{front}
  balance roundrobin
  server told {host}:{told} weight 100 agent-check agent-port {agent} agent-inter 200ms
  server other {host}:{other} weight 100
"""
# Of lines one behind another: what HAProxy calls the server, and its weight.
LINES = (
    ("up", "no check", "100"),
    ("50%", "no check", "50"),
    ("150% up", "no check", "150"),
    ("down # x", "DOWN (agent)", "150"),
    ("100%", "DOWN (agent)", "100"),
    ("ready", "DOWN (agent)", "100"),
    ("up", "no check", "100"),
    ("Stopped", "DOWN (agent)", "100"),
    ("fail,UP", "no check", "100"),
    ("drain", "DRAIN (agent)", "100"),
    ("up 20%", "DRAIN (agent)", "20"),
    ("ready", "no check", "20"),
    ("0%", "no check", "0"),
    ("ready", "no check", "0"),
    ("100%", "no check", "100"),
    ("maint", "MAINT", "100"),
    ("up", "MAINT", "100"),
    ("nonsense ready", "no check", "100"),
    ("down maxconn:x", "DOWN (agent)", "100"),
    ("up # down", "no check", "100"),
)


def stat_of(path: Path) -> tuple[str, str]:
    """(status, weight) of the server, as HAProxy tells them."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(DEADLINE_S)
        sock.connect(str(path))
        sock.sendall(b"show stat\n")
        text = b""
        while data := sock.recv(65536):
            text += data
    names, *rows = (line.split(",") for line in text.decode().splitlines() if line)
    [row] = [row for row in rows if row[1] == "told"]
    found = dict(zip(names, row, strict=False))
    return found["status"], found["weight"]


def share_of(server: Fastlb) -> str:
    """What the server-status page tells of the percent that the agent has said."""
    page = server.get("/server-status").text
    [said] = re.findall(r"<br>agent: ([^<]*)", page)
    share = re.search(r"([0-9]+) % of", said)
    return share[1] if share else "100"


@pytest.mark.needs("haproxy")
def test_words_mean_what_they_mean_to_haproxy(
    server: Fastlb, members: list[Member], agent: Agent, tmp_path: Path
) -> None:
    front = free_port()
    conf = tmp_path / "haproxy.cfg"
    told, other = (one.port for one in members)
    conf.write_text(
        HAPROXY.format(
            folder=tmp_path, host=HOST, front=front, told=told, other=other,
            agent=agent.port,
        )
    )  # fmt: skip
    haproxy = ForeignServer(
        ["haproxy", "-db", "-f", str(conf)], [front], tmp_path / "haproxy.log"
    )
    server.write(pool(members, agent))
    haproxy.start()
    server.start()
    try:
        for line, status, weight in LINES:
            agent.say(line)
            wait_for(
                lambda: stat_of(tmp_path / "stats") == (status, weight),  # noqa: B023
                f"HAProxy hears {line!r}: {status} {weight}",
            )
            serves = status == "no check" and weight != "0"
            ours = {"told", "other"} if serves else {"other"}
            wait_for(lambda: served_by(server) == ours, f"{line!r}: {ours}")  # noqa: B023
            session = server.get(cookie="S=1.told").text
            keeps = status in ("no check", "DRAIN (agent)")
            assert (session == "told") is keeps, line
            if weight != "0":
                wait_for(lambda: share_of(server) == weight, f"{line!r}: {weight}")  # noqa: B023
    finally:
        haproxy.stop()
