"""lbmethod=heartbeat: members are httpd with mod_heartbeat, or `fastlb heartbeat`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpd
import pytest
from conftest import MemberMaker
from harness import HOST, Fastlb, Member, wait_for
from ports import free_port

OTHER_HOST = "127.0.0.2"


def pool(*members: str) -> str:
    lines = "".join(f"BalancerMember {one}\n" for one in members)
    return (
        f"<Proxy balancer://p>\n{lines}ProxySet lbmethod=heartbeat\n</Proxy>\n"
        "ProxyPass / balancer://p/\n"
    )


@contextmanager
def saying(port: int, *words: str) -> Iterator[None]:
    """`fastlb heartbeat` beside a member."""
    command = [sys.executable, "-m", "fastlb", "heartbeat", "--to", f"{HOST}:{port}"]
    with subprocess.Popen([*command, "--every", "0.2", *words]) as process:
        try:
            yield
        finally:
            process.terminate()


def names(server: Fastlb, count: int = 20) -> set[str]:
    return {server.get().body.decode() for _ in range(count)}


def test_members_get_requests_by_what_they_have_ready(
    server: Fastlb, make_member: MemberMaker
) -> None:
    port = free_port()
    one, other = make_member("one"), make_member("other")
    text = f"HeartbeatListen {HOST}:{port}\n" + pool(one.url, other.url)
    server.write(text, workers=2)
    server.start()
    assert names(server) == {"one", "other"}  # nobody was heard: all serve
    with saying(port, "--port", str(one.port), "--ready", "5"):
        wait_for(lambda: names(server) == {"one"}, "only one was heard")
        with saying(port, "--port", str(other.port), "--ready", "5"):
            wait_for(lambda: names(server) == {"one", "other"}, "both were heard")
        with saying(port, "--port", str(other.port), "--ready", "0"):
            wait_for(lambda: names(server) == {"one"}, "the other one has no worker")


def test_what_was_heard_outlives_the_monitor_and_a_reload(
    server: Fastlb, make_member: MemberMaker
) -> None:
    port = free_port()
    one, other = make_member("one"), make_member("other")
    server.write(f"HeartbeatListen {HOST}:{port}\n" + pool(one.url, other.url))
    server.start()
    with saying(port, "--port", str(one.port), "--ready", "5"):
        wait_for(lambda: names(server) == {"one"}, "it was heard")
        server.reload()
        assert names(server) == {"one"}
    # the new monitor hears on the same port
    with saying(port, "--port", str(other.port), "--ready", "5"):
        wait_for(lambda: names(server) == {"one", "other"}, "the other one was heard")


def beating(folder: Path, port: int, page: str) -> AbstractContextManager[int]:
    """httpd as a member that says it has workers."""
    folder.chmod(0o755)
    (folder / "htdocs").mkdir()
    (folder / "htdocs" / "index.html").write_text(page)
    return httpd.running(
        folder,
        ("heartbeat", "status", "dir"),
        f"HeartbeatAddress {HOST}:{port}\nExtendedStatus On\n"
        f'DocumentRoot "{folder}/htdocs"\nDirectoryIndex index.html\n'
        f'<Directory "{folder}/htdocs">\nRequire all granted\n</Directory>\n',
    )


@pytest.mark.needs("apache2")
def test_httpd_with_mod_heartbeat_is_heard(
    server: Fastlb, make_member: MemberMaker, tmp_path: Path
) -> None:
    port = free_port()
    silent: Member = make_member("silent", host=OTHER_HOST)
    folder = tmp_path / "httpd"
    folder.mkdir()
    with beating(folder, port, "httpd") as member_port:
        text = pool(f"http://{HOST}:{member_port}", silent.url)
        server.write(f"HeartbeatListen {HOST}:{port}\n{text}")
        server.start()
        wait_for(lambda: names(server) == {"httpd"}, "httpd was heard")
