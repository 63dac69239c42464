"""conf/logrotate/fastlb with the real logrotate: nothing is lost, nobody disturbed."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
import unit_files
from conftest import MemberMaker
from harness import Fastlb, Load, wait_for

LOGROTATE = Path(__file__).parents[2] / "conf" / "logrotate" / "fastlb"
# Where the package has put it, for whoever is not root too.
PATH = f"/usr/sbin:{os.environ['PATH']}"
CONF = """\
CustomLog access.log "%>s %U"
<Proxy balancer://pool>
    BalancerMember {url}
</Proxy>
ProxyPass / balancer://pool/
"""


def rotates(server: Fastlb) -> Path:
    """The file of ours for the logs of this server, and for whoever tests."""
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    text = LOGROTATE.read_text()
    for ours, here in (
        ("/var/log/fastlb/", f"{server.folder}/"),
        ("create 640 root adm", f"create 640 {user} {group}"),
    ):
        assert text.count(ours) == 1
        text = text.replace(ours, here)
    made = server.folder / "rotates"
    made.write_text(text)
    made.chmod(0o644)
    return made


def rotate(server: Fastlb) -> None:
    """As the timer of the system, a day later."""
    programs = server.folder / "bin"
    unit_files.program_in(programs, sys.executable, f"-f {server.conf}")
    ended = subprocess.run(
        [
            *("logrotate", "--force", "--state", str(server.folder / "state")),
            str(rotates(server)),
        ],
        env={**os.environ, "PATH": f"{programs}:{PATH}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.needs("logrotate")
def test_a_rotation_under_traffic_loses_no_request_and_no_line(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(CONF.format(url=make_member("a").url))
    server.start()
    before = server.workers()
    log = server.folder / "access.log"
    moved = server.folder / "access.log.1"
    with Load(server) as load:
        rotate(server)
        assert moved.exists()
        assert log.exists()
        load.wait_for_more(50)
        wait_for(lambda: not set(before) & set(server.workers()), "the old have gone")
        load.wait_for_more(20)
    assert load.failures == []
    wait_for(
        lambda: len(lines_of(log)) + len(lines_of(moved)) >= load.done,
        "every request has its line",
    )
    lines = lines_of(moved) + lines_of(log)
    assert lines == ["200 /"] * load.done
    assert len(lines_of(log)) >= 70
    assert (server.folder / "error.log.1").exists()
    assert (
        "FB0604: reloaded"
        in server.error_log + (server.folder / "error.log.1").read_text()
    )


@pytest.mark.needs("logrotate")
def test_a_server_that_does_not_run_is_not_started_by_a_rotation(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(CONF.format(url=make_member("a").url))
    server.start()
    assert server.get().text == "a"
    server.stop()
    rotate(server)
    assert not (server.folder / "fastlb.pid").exists()
    assert lines_of(server.folder / "access.log.1") == ["200 /"]
