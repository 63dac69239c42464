"""Anything may be killed at any time, and the rest goes on."""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import suppress

from conftest import MemberMaker
from harness import Fastlb, Load, wait_for

CONF = """\
ProxyStatus On
MaxConnectionsPerChild 40
<Location /status>
    SetHandler server-status
</Location>
ProxyPass /status !
<Proxy balancer://pool>
    BalancerMember {a} loadfactor={weight}
    BalancerMember {b}
</Proxy>
ProxyPass / balancer://pool/
"""
KILLS = 25
SEED = 20261121


def test_kills_reloads_and_recycling_together(
    server: Fastlb, make_member: MemberMaker
) -> None:
    a, b = make_member("a"), make_member("b")
    draw = random.Random(SEED)

    def write() -> None:
        server.write(CONF.format(a=a.url, b=b.url, weight=draw.randint(1, 5)))

    write()
    server.start()
    master = server.pid
    with Load(server, threads=4) as load:
        for _ in range(KILLS):
            if draw.random() < 0.3:
                write()
                os.kill(master, signal.SIGHUP)
            victims = wait_for(
                lambda: [*server.workers(), *server.monitors()], "somebody to kill"
            )
            with suppress(ProcessLookupError):
                os.kill(draw.choice(victims), signal.SIGKILL)
            threading.Event().wait(draw.random() * 0.05)
        answered = load.done
        wait_for(lambda: load.done > answered + 50, "requests are answered")
    assert server.pid == master
    # A kill can end what one worker had in hand: the four threads' requests.
    assert len(load.failures) <= 4 * KILLS
    wait_for(lambda: len(server.workers()) == 2, "two workers and no more")
    wait_for(lambda: len(server.monitors()) == 1, "one monitor")
    assert [server.get().status for _ in range(10)] == [200] * 10
    busy = [
        line
        for line in server.get("/status?auto").text.splitlines()
        if "Busy: " in line
    ]
    assert len(busy) == 2
    assert all(line.endswith("Busy: 0") for line in busy)
    assert ":crit]" not in server.error_log
    assert "Traceback" not in server.error_log
