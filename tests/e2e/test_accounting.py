"""What is counted and logged: gauges, server-status, access log."""

from __future__ import annotations

import threading

import pytest
from harness import wait_for
from peers import Message, Peer, answering, chunked, request, response
from rig import STATUS, Rig

CHUNKED = "Transfer-Encoding: chunked\r\n"


def head_bytes(message: Message) -> int:
    lines = [message.start, *(f"{name}: {value}" for name, value in message.fields)]
    return sum(len(line) + 2 for line in lines) + 2


def status(rig: Rig) -> dict[str, str]:
    text = rig.ask(request("/server-status?auto")).body.decode()
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


def logged(rig: Rig, target: str) -> list[str]:
    """The fields of the line for a target, once it is there."""

    def find() -> list[str] | None:
        lines = rig.access_lines()
        return next((line for line in lines if f" {target} " in line[0]), None)

    return wait_for(find, f"a line for {target}")


def test_bytes_out_and_in_are_those_on_the_wire(rig: Rig) -> None:
    rig.serve(answering(lambda m: response(b"x" * int(m.target[1:]))))
    client = rig.client()
    for size in (0, 1, 5000, 70_000, 300_000):
        data = request(f"/{size}", "POST", b"y" * size)
        client.send(data)
        got = client.take_response()
        line, code, body, out, received, how, _ = logged(rig, f"/{size}")
        assert line == f"POST /{size} HTTP/1.1"
        assert code == "200"
        assert body == (str(size) if size else "-")
        assert int(out) == head_bytes(got) + size
        assert int(received) == len(data)
        assert how == "+"


def test_chunks_count_as_body_without_their_frames(rig: Rig) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    rig.serve(answering(lambda _: head + chunked(b"hello ", b"world")))
    rig.ask(request("/chunked"))
    _, code, body, *_ = logged(rig, "/chunked")
    assert (code, body) == ("200", "11")


def test_how_a_connection_went_on_is_logged(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        while (message := peer.take_request()) is not None:
            if message.target == "/cut":
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf")
                return
            peer.send(response(b"fine"))

    rig.serve(member)
    client = rig.client()
    client.send(request("/kept"))
    client.take_response()
    client.send(request("/closed", fields="Connection: close\r\n"))
    client.take_response()
    client = rig.client()
    client.send(request("/cut"))
    client.take_head()
    client.take_rest()
    assert logged(rig, "/kept")[5] == "+"
    assert logged(rig, "/closed")[5] == "-"
    _, code, body, _, _, how, _ = logged(rig, "/cut")
    assert (code, body) == ("200", "4")
    assert how in "X-"


def test_the_time_of_a_request_includes_all_of_it(rig: Rig) -> None:
    go = threading.Event()

    def answer(_: Message) -> bytes:
        assert go.wait(30)
        return response(b"late")

    rig.serve(answering(answer))
    client = rig.client()
    client.send(request("/late"))
    assert client.is_silent(0.3)
    go.set()
    client.take_response()
    assert 200_000 <= int(logged(rig, "/late")[6]) < 10_000_000


def test_a_refused_request_has_its_line(rig: Rig) -> None:
    rig.serve(answering(lambda _: response()))
    rig.ask(b"GET /bad HTTP/1.1\r\n\r\n")
    assert logged(rig, "/bad")[1] == "400"
    client = rig.client()
    client.send(b"NONSENSE\r\n\r\n")
    client.take_response()
    wait_for(lambda: len(rig.access_lines()) == 2, "the second line")
    assert rig.access_lines()[1][1] == "400"


def test_lines_stand_in_the_order_in_which_requests_ended(rig: Rig) -> None:
    rig.serve(answering(lambda m: response(m.target.encode())))
    client = rig.client()
    client.send(b"".join(request(f"/{n}") for n in range(50)))
    for _ in range(50):
        client.take_response()
    wait_for(lambda: len(rig.access_lines()) == 50, "all of them")
    targets = [line[0].split(" ")[1] for line in rig.access_lines()]
    assert targets == [f"/{n}" for n in range(50)]


def test_what_a_client_writes_cannot_forge_a_line(rig: Rig) -> None:
    rig.serve(
        answering(lambda _: response()),
        text='LogFormat "%{X}i" evil\nCustomLog evil.log evil',
    )
    rig.ask(request(fields='X: a"\\\x80\t[b]\r\n'))
    log = rig.folder / "evil.log"
    text = wait_for(lambda: log.exists() and log.read_text(), "the line")
    assert text == 'a\\"\\\\\\x80\\t[b]\n'


@pytest.mark.parametrize(("length", "logged"), [(300, 300), (8191, 8191), (8192, 0)])
def test_a_time_of_any_length_is_logged_whole_or_not(
    rig: Rig, length: int, logged: int
) -> None:
    """What strftime makes has Apache's bound, and is not cut."""
    rig.serve(
        answering(lambda _: response()),
        text=f'LogFormat "%{{{"x" * length}}}t." times\nCustomLog times.log times',
    )
    rig.ask(request())
    log = rig.folder / "times.log"
    text = wait_for(lambda: log.exists() and log.read_text(), "the line")
    assert text == "x" * logged + ".\n"


def test_status_shows_who_is_busy_and_with_which_member(rig: Rig) -> None:
    go = threading.Event()

    def answer(message: Message) -> bytes:
        assert go.wait(30)
        return response(b"x" * 5000)

    member = rig.member(answering(answer))
    rig.start(
        f"{STATUS}<Proxy balancer://pool>\nBalancerMember {member.url}\n</Proxy>\n"
        "ProxyPass / balancer://pool/\n"
    )
    prefix = "ProxyBalancer[0]Worker[0]"
    clients = [rig.client() for _ in range(3)]
    for client in clients:
        client.send(request("/x", "POST", b"y" * 2000))
    wait_for(lambda: rig.count("exchanges") == 3, "all are on their way")
    before = status(rig)
    assert before[f"{prefix}Busy"] == "3"
    assert before[f"{prefix}Elected"] == "3"
    assert before["Total Accesses"] == "0"
    go.set()
    for client in clients:
        client.take_response()
    after = status(rig)
    assert after[f"{prefix}Busy"] == "0"
    assert int(after["Total Accesses"]) == 4
    assert int(after[f"{prefix}Sent"].rstrip("K")) >= 5
    assert int(after[f"{prefix}Rcvd"].rstrip("K")) >= 14


def test_members_that_were_tried_in_vain_are_not_busy_afterwards(rig: Rig) -> None:
    good = rig.member(answering(lambda _: response(b"good")))
    rig.start(
        "<Proxy balancer://pool>\nBalancerMember http://127.0.0.1:1 retry=0\n"
        f"BalancerMember {good.url}\n</Proxy>\nProxyPass / balancer://pool/\n"
    )
    for _ in range(6):
        assert rig.ask(request()).body == b"good"
    members = rig.look()["members"]
    assert [member["busy"] for member in members] == [0, 0]
    assert members[0]["elected"] > 0
    assert members[1]["elected"] == 6
