"""Members that fail: who is asked instead, what the client is told."""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import wait_for
from peers import HOST, Peer, answering, chunked, request, response
from ports import free_port
from rig import Rig

from fastlb.base.limits import MEMBERS_PER_BALANCER_MAX

CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def pool(*members: str, settings: str = "") -> str:
    lines = "".join(f"BalancerMember {one}\n" for one in members)
    return (
        f"<Proxy balancer://pool>\n{lines}{settings}\n</Proxy>\n"
        "ProxyPass / balancer://pool/\n"
    )


def nobody() -> str:
    """A member where nothing listens."""
    return f"http://{HOST}:{free_port()}"


def named(name: str) -> object:
    return answering(lambda _: response(name.encode()))


def nobody_is_busy(rig: Rig) -> bool:
    return all(member["busy"] == 0 for member in rig.look()["members"])


def until_the_end(peer: Peer) -> None:
    """A member that takes what comes and says nothing."""
    while peer.sock.recv(65536):
        pass


@contextmanager
def full_backlog() -> Iterator[str]:
    """A member that listens, and whose connections are never established."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        sock.listen(0)
        port = sock.getsockname()[1]
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((HOST, port))
            fillers.append(filler)
        yield f"http://{HOST}:{port}"
        for filler in fillers:
            filler.close()


def test_the_next_member_is_asked_when_one_is_not_there(rig: Rig) -> None:
    good = rig.member(named("good"))
    rig.start(pool(f"{nobody()} retry=60", f"{nobody()} retry=60", good.url))
    client = rig.client()
    for method in ("GET", "POST", "PUT"):
        client.send(request("/", method, b"body"))
        assert client.take_response().body == b"good"
    assert rig.error_log.count("AH00957") == 2
    assert ["E" in member["flags"] for member in rig.look()["members"]] == [
        *(True, True, False),
    ]


@pytest.mark.parametrize("refusing", [3, 4, 18, 64, 65, 130])
def test_however_many_were_tried_all_are_busy_until_the_end(
    rig: Rig, refusing: int
) -> None:
    """Those that refused, and above all the one that serves, as in Apache."""
    go = threading.Event()

    def answer(_: object) -> bytes:
        assert go.wait(20)
        return response(b"good")

    good = rig.member(answering(answer))
    refused = (f"http://127.0.0.{n + 1}:1 retry=60" for n in range(refusing))
    rig.start(pool(*refused, good.url, settings="ProxySet lbmethod=bybusyness"))
    client = rig.client()
    client.send(request())
    wait_for(lambda: rig.look()["members"][-1]["elected"] == 1, "the last is asked")
    assert {member["busy"] for member in rig.look()["members"]} == {1}
    go.set()
    assert client.take_response().body == b"good"
    wait_for(lambda: nobody_is_busy(rig), "nobody is busy any more")


def test_a_refusal_before_any_connection_is_told_once(rig: Rig) -> None:
    good = rig.member(named("good"))
    rig.start(pool("unix:/no|http://m retry=60", good.url))
    assert rig.ask(request()).body == b"good"
    assert rig.error_log.count("AH00957") == 1


def stack_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmStk:\s+(\d+) kB$", status, re.M)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("member", ["http://127.{}.{}.1:1", "unix:/no-{}-{}|http://m"])
def test_a_balancer_of_thousands_finds_the_one_that_serves(
    rig: Rig, member: str
) -> None:
    """However they refuse: by a reset, or before a connection is even begun."""
    go = threading.Event()

    def answer(_: object) -> bytes:
        assert go.wait(20)
        return response(b"good")

    good = rig.member(answering(answer))
    refused = [
        f"{member.format(n >> 8, n & 255)} retry=60"
        for n in range(1, MEMBERS_PER_BALANCER_MAX)
    ]
    rig.start(pool(*refused, good.url, settings="ProxySet lbmethod=bybusyness"))
    stack = stack_kb(rig.pid)
    client = rig.client()
    client.send(request())
    wait_for(lambda: good.connections, "the last is asked")
    members = rig.look()["members"]
    assert [one["elected"] for one in members] == [1] * MEMBERS_PER_BALANCER_MAX
    assert {one["busy"] for one in members} == {1}
    assert stack_kb(rig.pid) == stack
    go.set()
    assert client.take_response().body == b"good"
    wait_for(lambda: nobody_is_busy(rig), "nobody is busy any more")


def test_nothing_of_one_try_binds_the_next(rig: Rig) -> None:
    """One member took a POST's head and never said 100; the second refuses, of which
    nothing may be thought but that it refuses: the third is asked."""
    silent = rig.member(until_the_end)
    good = rig.member(answering(lambda m: response(m.body)))
    rig.start(
        pool(f"{silent.url} ping=200ms retry=60", f"{nobody()} retry=60", good.url)
    )
    assert rig.ask(request("/", "POST", b"body")).body == b"body"
    assert silent.connections == 1
    assert rig.error_log.count("AH00957") == 1


def test_a_large_body_is_still_there_for_the_next_member(rig: Rig) -> None:
    """Nothing of it was sent, however large it is."""
    body = bytes(range(256)) * 40_000
    good = rig.member(answering(lambda m: response(str(m.body == body).encode())))
    rig.start(pool(f"{nobody()} retry=0", good.url))
    for _ in range(4):
        assert rig.ask(request("/", "POST", body)).body == b"True"
        head = request("/", "POST", fields="Transfer-Encoding: chunked\r\n")
        assert rig.ask(head + chunked(body)).body == b"True"


def test_nobody_at_all_is_a_503_at_once(rig: Rig) -> None:
    rig.start(pool(nobody(), nobody()))
    for _ in range(3):
        got = rig.ask(request())
        assert (got.status, got.field("Connection")) == (503, "close")


def test_a_direct_member_that_is_not_there_is_a_503_every_time(rig: Rig) -> None:
    rig.start(f"ProxyPass / {nobody()}/\n")
    for _ in range(3):
        assert rig.ask(request()).status == 503
    assert rig.error_log.count("AH00957") == 3


def test_maxattempts_bounds_the_tries(rig: Rig) -> None:
    good = rig.member(named("good"))
    rig.start(
        pool(
            *(f"{nobody()} retry=60" for _ in range(3)),
            good.url,
            settings="ProxySet maxattempts=1",
        )
    )
    statuses = [rig.ask(request()).status for _ in range(3)]
    assert statuses == [503, 200, 200]


def test_retry_is_kept_to_the_letter(rig: Rig) -> None:
    """A member that listens again is not asked before its time."""
    port = free_port()
    good = rig.member(named("good"))
    rig.start(pool(f"http://{HOST}:{port} retry=1", good.url))
    began_s = time.monotonic()
    assert rig.ask(request()).body == b"good"
    with socket.create_server((HOST, port)) as sock:

        def is_asked() -> Peer | None:
            client = rig.client()
            client.send(request())
            ready, _, _ = select.select([sock, client.sock], [], [], 30)
            if sock in ready:
                return client
            assert client.take_response().body == b"good"
            return None

        client = wait_for(is_asked, "it is asked again")
        # counted from the failed connection, which came later
        assert time.monotonic() - began_s >= 0.95
        connection, _ = sock.accept()
        with connection:
            peer = Peer(connection)
            peer.take_request()
            peer.send(response(b"back"))
            assert client.take_response().body == b"back"


def test_a_connect_that_takes_too_long_is_a_failed_member(rig: Rig) -> None:
    good = rig.member(named("good"))
    with full_backlog() as url:
        rig.start(pool(f"{url} connectiontimeout=200ms retry=60", good.url))
        assert rig.ask(request()).body == b"good"
        assert "AH00957" in rig.error_log


def test_a_waiting_connect_ends_with_its_client(rig: Rig) -> None:
    with full_backlog() as url:
        rig.start(f"ProxyPass / {url}/ connectiontimeout=10\n")
        client = rig.client()
        client.send(request())
        wait_for(lambda: rig.count("upstreams") == 1, "it connects")
        client.reset()
        wait_for(lambda: rig.count("upstreams") == 0, "it has given up")


# bad answers


@pytest.mark.parametrize(
    "answer",
    [
        b"H",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_what_is_no_answer_is_a_bad_gateway(rig: Rig, answer: bytes) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(answer)

    good = rig.member(named("good"))
    bad = rig.member(member)
    rig.start(pool(bad.url, f"{good.url} status=+H"))
    client = rig.client()
    for _ in range(2):
        client.send(request())
        assert client.take_response().status == 502
    # A member that answers badly is not taken out.
    assert "E" not in rig.look()["members"][0]["flags"]


@pytest.mark.parametrize("ending", ["end", "reset"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_breaks_off_never_looks_whole(
    rig: Rig, framing: str, ending: str
) -> None:
    head = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n",
        "chunked": CHUNKED_HEAD + b"7a120\r\n",
    }[framing]
    got = bytearray()

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(head + b"x" * 300_000)
        if ending == "reset":
            wait_for(lambda: len(got) >= 300_000, "the client has it")
            peer.reset()

    rig.serve(member)
    client = rig.client()
    client.send(request())
    client.take_head()
    while True:
        data = client.held or client.sock.recv(65536)
        client.held = b""
        if not data:
            break
        got += data
    assert not got.endswith(b"0\r\n\r\n")
    assert got.count(b"x") == 300_000
    wait_for(lambda: "AH01110" in rig.error_log, "it is logged")


def test_a_cut_body_without_a_length_ends_with_a_reset(rig: Rig) -> None:
    """For HTTP/1.0 the end of the connection is the end of the body."""

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(CHUNKED_HEAD + chunked(b"half")[:-5])

    rig.serve(member)
    client = rig.client()
    client.send(request(version="1.0"))
    client.take_head()
    with pytest.raises(ConnectionResetError):
        client.take_rest()


def test_an_answer_that_breaks_off_leaves_those_before_it_whole(rig: Rig) -> None:
    data = b"y" * 2_000_000

    def member(peer: Peer) -> None:
        while (message := peer.take_request()) is not None:
            if message.target == "/broken":
                peer.send(CHUNKED_HEAD + b"fffff\r\nx")
                return
            peer.send(response(data))

    rig.serve(member)
    client = rig.client(receive_bytes=4096)
    client.send(request("/whole") + request("/broken") + request("/more", "POST", data))
    assert client.take_response().body == data


def test_failonstatus_takes_a_member_out(rig: Rig) -> None:
    bad = rig.member(answering(lambda _: response(b"sick", "500 Sick")))
    good = rig.member(named("good"))
    rig.start(
        pool(
            f"{bad.url} retry=60",
            f"{good.url} retry=60",
            settings="ProxySet failonstatus=500,503",
        )
    )
    answers = [rig.ask(request()) for _ in range(4)]
    assert [one.status for one in answers] == [500, 200, 200, 200]
    assert answers[0].body == b"sick"
    assert bad.connections == 1


def test_sticky_with_nofailover_is_not_served_by_another(rig: Rig) -> None:
    good = rig.member(named("good"))
    rig.start(
        pool(
            f"{nobody()} route=a retry=60",
            f"{good.url} route=b",
            settings="ProxySet stickysession=SID nofailover=On",
        )
    )
    for _ in range(2):
        assert rig.ask(request(fields="Cookie: SID=x.a\r\n")).status == 503
        assert rig.ask(request(fields="Cookie: SID=x.b\r\n")).body == b"good"


def test_sticky_fails_over_unless_told_otherwise(rig: Rig) -> None:
    good = rig.member(named("good"))
    rig.start(
        pool(
            f"{nobody()} route=a retry=60",
            f"{good.url} route=b",
            settings="ProxySet stickysession=SID",
        )
    )
    for _ in range(2):
        assert rig.ask(request(fields="Cookie: SID=x.a\r\n")).body == b"good"


def test_a_balancer_may_wait_for_a_member_to_come_back(rig: Rig) -> None:
    port = free_port()
    rig.start(
        pool(
            f"http://{HOST}:{port} retry=1",
            settings="ProxySet timeout=5 forcerecovery=Off",
        )
    )
    assert rig.ask(request()).status == 503
    waiting = rig.client()
    waiting.send(request())
    wait_for(lambda: rig.count("exchanges") == 1, "it waits")
    with socket.create_server((HOST, port)) as sock:
        sock.settimeout(30)
        connection, _ = sock.accept()
        with connection:
            peer = Peer(connection)
            peer.take_request()
            peer.send(response(b"back"))
            assert waiting.take_response().body == b"back"


def test_a_member_that_goes_while_it_is_used_costs_no_get(rig: Rig) -> None:
    """Killed with kept connections and requests on their way; the other one serves."""
    other = rig.member(named("other"))
    go = threading.Event()

    def member(peer: Peer) -> None:
        while (message := peer.take_request()) is not None:
            if message.target == "/last" and not go.wait(30):
                return
            if go.is_set():
                return
            peer.send(response(b"first"))

    first = rig.member(member)
    rig.start(pool(f"{first.url} retry=60", f"{other.url} lbset=1"))
    warm = [rig.client() for _ in range(4)]
    for client in warm:
        client.send(request("/warm"))
    for client in warm:
        assert client.take_response().body == b"first"
    count = rig.count("upstreams")
    for client in warm[:count]:
        client.send(request("/last"))
    wait_for(lambda: rig.count("exchanges") == count, "they are on their way")
    first._sock.close()
    first._sock = socket.socket()
    go.set()
    for client in warm[:count]:
        assert client.take_response().status in (200, 502)


# what is sent again


def test_a_member_that_hangs_up_costs_no_request_that_may_be_sent_twice(
    rig: Rig,
) -> None:
    good = rig.member(named("good"))
    bad = rig.member(lambda peer: peer.take_request() and None)
    rig.start(pool(bad.url, good.url))
    for _ in range(6):
        for method, fields in (
            *(("GET", ""), ("PUT", "")),
            ("POST", "Idempotency-Key: 1\r\n"),
        ):
            body = None if method == "GET" else b"body"
            assert rig.ask(request("/", method, body, fields=fields)).body == b"good"
    assert bad.connections == 9
    statuses = {rig.ask(request("/", "POST", b"body")).status for _ in range(2)}
    assert statuses == {200, 502}


def test_answers_of_some_statuses_are_another_members_turn(rig: Rig) -> None:
    bad = rig.member(answering(lambda _: response(b"sick", "503 Sick")))
    good = rig.member(named("good"))
    rig.start(
        pool(bad.url, good.url, settings="ProxySet retryonstatus=503 retrybudget=Off")
    )
    client = rig.client()
    for _ in range(60):
        client.send(request())
        assert client.take_response().body == b"good"
    assert bad.connections == 1  # what it has said was read whole
    assert rig.error_log.count("FB0360") == 30


def test_what_is_sent_again_never_becomes_the_overload(rig: Rig) -> None:
    """Of those that a sick member answers only a share goes to the others."""
    asked = []

    def well(_: object) -> bytes:
        asked.append(1)
        return response(b"good")

    bad = rig.member(answering(lambda _: response(b"sick", "503 Sick")))
    good = rig.member(answering(well))
    rig.start(
        "MaxKeepAliveRequests 0\n"
        + pool(
            *(bad.url, good.url),
            settings="ProxySet retryonstatus=503 retrybudget=10%",
        )
    )
    client = rig.client()
    count = 400
    for _ in range(count):
        client.send(request())
        client.take_response()
    # with what is sent again counted as asked for: a tenth of a little more
    assert len(asked) <= count / 2 + count * 0.12 + 10
    assert len(asked) >= count / 2 + count * 0.08
    assert rig.error_log.count("FB0361") == 1


@pytest.mark.parametrize("budget", ["0%", "20%", "Off"])
def test_whatever_the_budget_a_refused_request_finds_a_member(
    rig: Rig, budget: str
) -> None:
    good = rig.member(named("good"))
    refusing = [f"{nobody()} retry=0" for _ in range(3)]
    rig.start(pool(*refusing, good.url, settings=f"ProxySet retrybudget={budget}"))
    client = rig.client()
    for number in range(100):
        method = ("GET", "POST")[number % 2]
        client.send(request("/", method, b"body" if number % 2 else None))
        assert client.take_response().body == b"good"


# members that fail are ejected


def test_a_member_that_fails_requests_is_spared_them_and_asked_again(
    rig: Rig,
) -> None:
    asked: list[float] = []
    sick = True

    def ill(_: object) -> bytes:
        asked.append(time.monotonic())
        return response(b"sick", "500 Sick") if sick else response(b"well")

    bad = rig.member(answering(ill))
    good = rig.member(named("good"))
    rig.start(
        "MaxKeepAliveRequests 0\n"
        + pool(bad.url, good.url, settings="ProxySet ejecton=failures:5 ejecttime=1")
    )
    client = rig.client()

    def ask() -> bytes:
        client.send(request())
        return bytes(client.take_response().body)

    bodies = [ask() for _ in range(60)]
    assert bodies.count(b"sick") == 5
    assert "is ejected for 1s (1 x ejecttime=1s): 5 requests in a row" in rig.error_log
    sick = False
    wait_for(lambda: ask() == b"well", "it is asked again")
    assert asked[5] - asked[4] >= 1
    assert "FB0323" in rig.error_log
