"""Reloads, recycling and killed workers under traffic of every form."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from harness import Fastlb, Load, wait_for
from peers import Handler, ScriptedMember
from torment import serve, torment

MemberMaker = Callable[[Handler], ScriptedMember]
STATUS = """\
ProxyStatus On
<Location /server-status>
    SetHandler server-status
</Location>
ProxyPass /server-status !
"""
POOL = """\
<Proxy balancer://pool>
    BalancerMember {a} {more}
    BalancerMember {b} {more}
</Proxy>
ProxyPass / balancer://pool/
MaxKeepAliveRequests 0
"""


def conf(a: ScriptedMember, b: ScriptedMember, more: str = "retry=0") -> str:
    return STATUS + POOL.format(a=a.url, b=b.url, more=more)


def gauges(server: Fastlb) -> dict[str, str]:
    """server-status?auto as a mapping."""
    lines = server.get("/server-status?auto").text.splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def busy_of_members(server: Fastlb) -> int:
    """The sum of what the members' section says of requests on their way."""
    found = [
        int(value)
        for name, value in gauges(server).items()
        if re.fullmatch(r"ProxyBalancer\[\d+\]Worker\[\d+\]Busy", name)
    ]
    assert found
    return sum(found)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_of_reloads_spoils_no_answer(
    server: Fastlb, scripted: MemberMaker, seed: int
) -> None:
    a, b = scripted(serve(seed)), scripted(serve(seed + 1))
    server.write(conf(a, b))
    server.start()
    with (
        torment(server.port, seed, 3, calm=True) as clients,
        Load(server, threads=2, keep=True) as kept,
        Load(server, threads=1) as closing,
    ):
        for n in range(10):
            server.write(conf(a, b, f"retry=0 loadfactor={1 + n % 3}"))
            server.reload()
            kept.wait_for_more(20)
    assert kept.failures == closing.failures == []
    assert sum(client.whole for client in clients) > 20
    wait_for(lambda: len(server.workers()) == 2, "one generation is left", 20.0)
    wait_for(lambda: busy_of_members(server) == 0, "no member is busy")


def test_recycling_under_every_form_of_traffic_spoils_no_answer(
    server: Fastlb, scripted: MemberMaker
) -> None:
    a, b = scripted(serve(5)), scripted(serve(6))
    server.write(conf(a, b) + "MaxConnectionsPerChild 20\n")
    server.start()
    first = set(server.workers())
    with torment(server.port, 3, 4, calm=True) as clients:
        wait_for(
            lambda: (
                sum(client.whole for client in clients) > 1500
                or any(client.faults for client in clients)
            ),
            "enough has been asked",
            60.0,
        )
    assert not first & set(server.workers())
    assert "exit signal" not in server.error_log
