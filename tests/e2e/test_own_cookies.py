"""stickycookie= with real processes: sessions over reloads, restarts and servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Fastlb, Member, wait_for

POOL = """\
<Proxy balancer://pool>
{members}
ProxySet "stickycookie={cookie}" {more}
</Proxy>
ProxyPass / balancer://pool/
"""


@pytest.fixture
def members() -> Iterator[list[Member]]:
    made = [Member(name) for name in "abcd"]
    for one in made:
        one.start()
    yield made
    for one in made:
        one.stop()


def pool(members: list[Member], cookie: str = "LB", more: str = "") -> str:
    lines = "\n".join(f"BalancerMember {one.url}" for one in members)
    return POOL.format(members=lines, cookie=cookie, more=more)


def begun(server: Fastlb) -> tuple[str, str]:
    """A session: who serves it, and its cookie."""
    answer = server.get()
    said = answer.field("set-cookie")
    assert said is not None
    return answer.text, said.partition(";")[0]


def stays(server: Fastlb, name: str, cookie: str, requests: int = 6) -> bool:
    answers = [server.get(cookie=cookie) for _ in range(requests)]
    assert {one.status for one in answers} == {200}
    if {one.text for one in answers} != {name}:
        return False
    assert all(one.field("set-cookie") is None for one in answers)
    return True


def restart(server: Fastlb) -> None:
    server.stop()
    (server.folder / "error.log").unlink()  # by which it is known to serve
    server.start()


def test_a_session_stays_over_workers_and_reloads(
    server: Fastlb, members: list[Member]
) -> None:
    server.write(pool(members), workers=2)
    server.start()
    sessions = [begun(server) for _ in range(4)]
    assert len({name for name, _ in sessions}) == 4
    assert all(stays(server, *one) for one in sessions)
    server.reload()
    assert all(stays(server, *one) for one in sessions)
    # another order, another neighbour
    server.write(pool([*members[::-1], Member("x")]), workers=1)
    server.reload()
    assert all(stays(server, *one) for one in sessions)
    assert all(not seen.field("cookie") for one in members for seen in one.seen)


def test_a_file_keeps_sessions_over_a_restart_and_on_another_server(
    server: Fastlb, members: list[Member], tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("a secret that nobody guesses\n")
    server.write(pool(members, more=f"stickykey={key}"))
    server.start()
    sessions = [begun(server) for _ in range(4)]
    restart(server)
    assert all(stays(server, *one) for one in sessions)


def test_without_one_a_restart_begins_anew(
    server: Fastlb, members: list[Member]
) -> None:
    server.write(pool(members))
    server.start()
    assert "FB0342" in server.command("-t").stderr
    name, cookie = begun(server)
    restart(server)
    assert server.get(cookie=cookie).field("set-cookie") is not None
    assert name


def test_a_member_that_is_gone_loses_its_sessions_once(
    server: Fastlb, members: list[Member]
) -> None:
    server.write(pool(members))
    server.start()
    name, cookie = begun(server)
    [lost] = [one for one in members if one.name == name]
    lost.stop()
    answer = server.get(cookie=cookie)
    assert answer.status == 200
    other = answer.field("set-cookie")
    assert other is not None
    assert answer.text != name
    assert stays(server, answer.text, other.partition(";")[0])
    lost.start()
    wait_for(lambda: "FB0503" in server.error_log, "it is back")
    assert stays(server, answer.text, other.partition(";")[0])
