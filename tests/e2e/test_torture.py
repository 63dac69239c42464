"""Random traffic through one worker; every answer is whole and its own.

FASTLB_TORTURE_SECONDS and FASTLB_TORTURE_SEED make a longer or another run.
"""

from __future__ import annotations

import os
import threading

import pytest
from rig import Rig
from torment import serve, torment

SECONDS = float(os.environ.get("FASTLB_TORTURE_SECONDS", "4"))
SEED = int(os.environ.get("FASTLB_TORTURE_SEED", "2026"))
CLIENTS = 8
POOL = """\
<Proxy balancer://pool>
    BalancerMember {} retry=0
    BalancerMember {} retry=0
</Proxy>
ProxyPass / balancer://pool/
Timeout 15
MaxKeepAliveRequests 0
"""


@pytest.mark.parametrize("calm", [True, False])
@pytest.mark.parametrize("parameters", ["", "max=2"])
def test_every_answer_is_whole_and_its_own(
    rig: Rig, parameters: str, calm: bool
) -> None:
    a, b = rig.member(serve(SEED)), rig.member(serve(SEED + 1))
    rig.start(POOL.format(f"{a.url} {parameters}", f"{b.url} {parameters}"))
    with torment(rig.port, SEED, CLIENTS, calm=calm) as clients:
        threading.Event().wait(SECONDS)
    assert sum(client.whole for client in clients) > 20
