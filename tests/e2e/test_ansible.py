"""Ansible's apache2_mod_proxy, written for Apache's balancer-manager, against ours.

The module is community.general's own file (.ci/run takes it out of the package
`ansible`), run as Ansible runs it: arguments in, JSON out. Deselected unless asked for,
by -m browser.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import Fastlb, Member, wait_for

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent / "applications"
MODULE = "ansible_collections.community.general.plugins.modules.apache2_mod_proxy"
HOSTS = ("127.0.0.2", "127.0.0.3")


@pytest.fixture
def tmp_path(open_folder: Path) -> Path:
    """Of the server: its workers connect to the socket beside its pid file."""
    return open_folder


class Module:
    """The module, for the balancer of that port."""

    def __init__(self, port: int) -> None:
        self._args = {
            "balancer_vhost": f"127.0.0.1:{port}",
            "balancer_url_suffix": "/balancer-manager",
        }

    def __call__(self, **args: str) -> dict[str, Any]:
        ended = subprocess.run(
            [sys.executable, "-m", MODULE],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": self._args | args}),
            env={**os.environ, "PYTHONPATH": str(HERE)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        told: dict[str, Any] = json.loads(ended.stdout)
        return told

    def set(self, host: str, state: str) -> bool:
        """Has it changed something? And the member's states are those."""
        told = self(member_host=host, state=state)
        states = state.replace("absent", "disabled").split(",")
        status = told["member"]["status"]
        assert {one for one, is_on in status.items() if is_on} == {
            one for one in states if one in status
        }
        return bool(told["changed"])


def test_ansible_takes_members_out_and_in(
    server: Fastlb, make_member: Callable[..., Member]
) -> None:
    if not (HERE / "ansible_collections").is_dir():
        pytest.fail("see step_browser in .ci/run", pytrace=False)
    one, other = (make_member(host, host=host) for host in HOSTS)
    server.write(
        "<Proxy balancer://pool>\n"
        f"BalancerMember http://{HOSTS[0]}:{one.port}/app loadfactor=2.5 route=a\n"
        f"BalancerMember http://{HOSTS[1]}:{other.port}/app route=b\n"
        "</Proxy>\n<Location /balancer-manager>\nSetHandler balancer-manager\n"
        "</Location>\nProxyPass /balancer-manager !\nProxyPass / balancer://pool/\n"
    )
    server.start()
    module = Module(server.port)

    def served() -> set[str]:
        answers = [server.get("/") for _ in range(6)]
        return {answer.body.decode().split()[0] for answer in answers}

    first, second = module()["members"]
    assert (first["protocol"], first["host"], first["path"]) == (
        *("http", HOSTS[0], "/app"),
    )
    assert (first["port"], second["port"]) == (str(one.port), str(other.port))
    assert first["attributes"]["Worker URL"] == f"http://{HOSTS[0]}:{one.port}/app"
    assert first["attributes"]["Factor"] == "2.50"
    assert (second["attributes"]["Route"], second["attributes"]["Set"]) == ("b", "0")
    assert second["attributes"]["Status"].startswith("Init ")
    assert not any(first["status"].values())
    both = served()
    assert len(both) == 2
    for state in ("drained", "hot_standby", "absent"):
        assert module.set(HOSTS[0], state), state
        wait_for(lambda: len(served()) == 1, f"one is out: {state}")
    assert not module.set(HOSTS[0], "absent")
    assert module.set(HOSTS[0], "enabled")
    wait_for(lambda: served() == both, "both serve")
