"""Reload: the new generation is proven before the old one is told to go."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import HOST, Fastlb, Load, exchange, has_listener, is_listening, wait_for
from ports import free_port

POOL = """\
<Proxy balancer://pool>
{members}
</Proxy>
ProxyPass / balancer://pool/
"""


def pool(*urls: str) -> str:
    lines = (f"    BalancerMember {url}" for url in urls)
    return POOL.format(members="\n".join(lines))


Break = Callable[[Fastlb], None]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_reload_brings_the_new_configuration(
    server: Fastlb, make_member: MemberMaker, number: signal.Signals
) -> None:
    server.write(pool(make_member("a").url))
    server.start()
    old = server.workers()
    server.write(pool(make_member("b").url) + "Timeout 77\n", workers=3)
    server.reload(number)
    wait_for(lambda: not set(old) & set(server.workers()), "the old workers have gone")
    assert [server.get().text for _ in range(6)] == ["b"] * 6
    assert len(server.workers()) == 3
    assert "AH00171: Graceful restart requested, doing restart" in server.error_log
    told = server.wait_for_log("FB0604: reloaded")
    assert "Timeout: 60 s -> 77 s" in told
    assert told.count("member http://") == 2


def bad_word(server: Fastlb) -> None:
    with server.conf.open("a") as conf:
        conf.write("Bogus yes\n")


def address_in_use(server: Fastlb) -> None:
    with server.conf.open("a") as conf:
        conf.write("Listen 192.0.2.1:80\n")


def log_without_folder(server: Fastlb) -> None:
    with server.conf.open("a") as conf:
        conf.write("CustomLog nowhere/access.log common\n")


def no_file(server: Fastlb) -> None:
    server.conf.unlink()


@pytest.mark.parametrize(
    ("spoil", "step", "reason"),
    [
        (bad_word, "reading the configuration", "Invalid command 'Bogus'"),
        (address_in_use, "binding its addresses", "AH00072"),
        (log_without_folder, "opening its logs", "nowhere"),
        (no_file, "reading the configuration", "Could not open"),
    ],
)
def test_a_reload_that_fails_changes_nothing_and_says_why(
    server: Fastlb, make_member: MemberMaker, spoil: Break, step: str, reason: str
) -> None:
    server.write(pool(make_member("a").url))
    server.start()
    old = server.workers()
    good = server.conf.read_text()
    spoil(server)
    os.kill(server.pid, signal.SIGHUP)
    server.wait_for_log(f"reload refused while {step}; the server goes on as before")
    assert reason in server.error_log
    assert server.get().text == "a"
    assert server.workers() == old
    # And the next good one is taken.
    server.conf.write_text(good)
    server.reload()
    assert server.get().text == "a"


def test_addresses_come_and_go_with_a_reload(
    server: Fastlb, make_member: MemberMaker
) -> None:
    text = pool(make_member("a").url)
    other = free_port()
    server.write(text + f"Listen {HOST}:{other}\n")
    server.start()
    assert is_listening(other)
    server.write(text)
    server.reload()
    wait_for(lambda: not is_listening(other), "the address that went is closed")
    server.write(text + f"Listen {HOST}:{other}\n")
    server.reload()
    assert is_listening(other)
    assert server.get().text == "a"


def test_logs_are_reopened(server: Fastlb, make_member: MemberMaker) -> None:
    server.write(pool(make_member("a").url) + 'CustomLog access.log "%r"\n')
    server.start()
    access, rotated = server.folder / "access.log", server.folder / "access.log.1"
    access.rename(rotated)
    old = server.workers()
    server.reload()
    # Until it has read the signal, an old worker may take one more connection.
    wait_for(lambda: not set(old) & set(server.workers()), "the old ones have gone")
    assert server.get("/after").text == "a"
    wait_for(lambda: "GET /after" in text_of(access), "the new file has the line")
    assert "GET /after" not in text_of(rotated)


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_request_on_its_way_is_finished_by_the_old_generation(
    server: Fastlb, make_member: MemberMaker
) -> None:
    slow = make_member("a")
    server.write(pool(slow.url))
    server.start()
    slow.hold()
    with server.connection() as connection:
        connection.request("GET", "/slow")
        wait_for(lambda: slow.seen, "the member has the request")
        old = server.workers()
        server.write(pool(make_member("b").url))
        server.reload()
        # Until it has read the signal, an old worker may take one more connection.
        wait_for(
            lambda: not any(has_listener(pid) for pid in old), "the old ones drain"
        )
        assert server.get().text == "b"
        slow.let_go()
        got = connection.getresponse()
        assert (got.status, got.read()) == (200, b"a")


def test_a_kept_connection_is_told_before_it_is_closed(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(pool(make_member("a").url))
    server.start()
    with server.connection() as connection:
        assert exchange(connection, "GET", "/", {}).field("Connection") is None
        server.reload()
        got = exchange(connection, "GET", "/", {})
        assert (got.status, got.field("Connection")) == (200, "close")


@pytest.mark.parametrize("keep", [False, True])
def test_reloads_under_load_lose_no_request(
    server: Fastlb, make_member: MemberMaker, keep: bool
) -> None:
    a, b = make_member("a"), make_member("b")
    server.write(pool(a.url, b.url))
    server.start()
    with Load(server, keep=keep) as load:
        for round_number in range(6):
            weight = f" loadfactor={1 + round_number % 3}"
            members = (a.url + weight, b.url) if round_number % 2 else (b.url,)
            server.write(pool(*members))
            server.reload()
            load.wait_for_more(50)
    assert load.failures == []


def test_signals_that_come_together_are_one_reload_after_another(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(pool(make_member("a").url))
    server.start()
    for _ in range(5):
        os.kill(server.pid, signal.SIGHUP)
    wait_for(lambda: server.generations() >= 2, "the new generation serves")
    assert server.get().text == "a"
    wait_for(lambda: len(server.workers()) == 2, "only the newest generation is left")
