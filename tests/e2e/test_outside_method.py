"""A balancing method of another package, in a server that was started with it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from harness import Fastlb, Member
from outside_method import built

POOL = """\
<Proxy balancer://pool>
BalancerMember {0}
BalancerMember {1} loadfactor=3
ProxySet lbmethod={2}
</Proxy>
<Location /server-status>
SetHandler server-status
</Location>
ProxyStatus On
ProxyPass /server-status !
ProxyPass / balancer://pool/
"""


def test_a_server_elects_by_it_and_goes_on_over_reloads(
    server: Fastlb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(built(tmp_path)))
    light, heavy = Member("light"), Member("heavy")
    light.start()
    heavy.start()
    try:
        server.write(POOL.format(light.url, heavy.url, "byrequests"))
        server.start()
        # what was not known when the master began
        server.write(POOL.format(light.url, heavy.url, "byfew"))
        assert server.command("-t").returncode == 0
        server.reload()
        served = Counter(server.get().text for _ in range(40))
        assert served == {"light": 10, "heavy": 30}
        assert "method byfew;" in server.get("/server-status").text
        server.reload()
        served = Counter(server.get().text for _ in range(40))
        assert served == {"light": 10, "heavy": 30}
        words = ["explain", "-f", str(server.conf), "http://test.example/"]
        said = subprocess.run(
            [sys.executable, "-m", "fastlb", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        ).stdout
        assert "lbmethod=byfew" in said
        assert "score" in said
        server.write(POOL.format(light.url, heavy.url, "byfwe"))
        said = server.command("-t").stderr
        assert "byfew (of fastlb-byfew 1.0)" in said
    finally:
        light.stop()
        heavy.stop()
