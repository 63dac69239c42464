"""Listening sockets: one per address for as long as any configuration names it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from rows import rows

from fastlb.facts.listener import Listener
from fastlb.facts.server import ProcessSettings
from fastlb.master.errors import Exit, StartError
from fastlb.master.handed import HandedSockets
from fastlb.master.listeners import Listeners, address_text


def settings(**changes: int) -> ProcessSettings:
    values: dict[str, object] = {
        "server_root": "/",
        "runtime_dir": "/",
        "pid_file": "/pid",
        "user": None,
        "group": None,
        "start_servers": 1,
        "max_request_workers": 1,
        "max_connections_per_child": 0,
        "listen_backlog": 511,
        "graceful_shutdown_timeout_s": 0,
        "defer_accept_s": 0,
        "send_buffer_bytes": 0,
        "receive_buffer_bytes": 0,
        "extended_status": False,
    }
    return ProcessSettings(**(values | changes))  # type: ignore[arg-type]


def listen(host: str, port: int, line: int = 1) -> Listener:
    return Listener(host, port, "http", "x.conf", line)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.fixture
def listeners() -> Iterator[Listeners]:
    made = Listeners(HandedSockets())
    yield made
    made.close_every()


def can_connect(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def test_accepted_sockets_need_no_call_of_their_own(
    listeners: Listeners, port: int
) -> None:
    wanted = [listen("127.0.0.1", port)]
    listeners.bind_missing(wanted, settings(defer_accept_s=7))
    (sock,) = listeners.sockets(wanted)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT) >= 7
    assert not sock.getblocking()
    assert not sock.get_inheritable()


def test_no_defer_accept_unless_asked_for(listeners: Listeners, port: int) -> None:
    wanted = [listen("127.0.0.1", port)]
    listeners.bind_missing(wanted, settings())
    (sock,) = listeners.sockets(wanted)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT) == 0


def test_buffer_sizes_are_set_on_the_listener(listeners: Listeners, port: int) -> None:
    wanted = [listen("127.0.0.1", port)]
    listeners.bind_missing(
        wanted, settings(send_buffer_bytes=65536, receive_buffer_bytes=32768)
    )
    (sock,) = listeners.sockets(wanted)
    # The kernel doubles what is asked for.
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 65536
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * 32768


@pytest.mark.needs("ipv6")
def test_a_listener_without_host_takes_both_families(
    listeners: Listeners, port: int
) -> None:
    wanted = [listen("", port)]
    listeners.bind_missing(wanted, settings())
    assert can_connect("127.0.0.1", port)
    assert can_connect("::1", port)


def test_what_is_open_is_kept_over_a_reload(listeners: Listeners, port: int) -> None:
    first = [listen("127.0.0.1", port), listen("127.0.0.2", port)]
    bound = listeners.bind_missing(first, settings())
    assert bound == (("127.0.0.1", port), ("127.0.0.2", port))
    kept = listeners.sockets(first)[0]
    second = [listen("127.0.0.1", port, line=9), listen("127.0.0.3", port)]
    assert listeners.bind_missing(second, settings()) == (("127.0.0.3", port),)
    listeners.keep_only(second)
    assert listeners.sockets(second)[0] is kept
    assert not can_connect("127.0.0.2", port)
    assert can_connect("127.0.0.3", port)


def test_one_address_that_is_taken_leaves_nothing_bound(
    listeners: Listeners, port: int
) -> None:
    with socket.create_server(("127.0.0.2", port)):
        with pytest.raises(StartError) as caught:
            listeners.bind_missing(
                [listen("127.0.0.1", port), listen("127.0.0.2", port, line=3)],
                settings(),
            )
        assert caught.value.code is Exit.CANNOT_BIND
        assert str(caught.value).startswith(
            "(98)Address already in use: AH00072: make_sock: "
            f"could not bind to address 127.0.0.2:{port}\n"
        )
        assert "x.conf:3" in str(caught.value)
    assert listeners.every() == ()
    assert not can_connect("127.0.0.1", port)


def test_a_clash_with_the_running_server_is_explained(
    listeners: Listeners, port: int
) -> None:
    listeners.bind_missing([listen("", port)], settings())
    with pytest.raises(StartError, match="a reload cannot"):
        listeners.bind_missing([listen("127.0.0.1", port)], settings())


def test_an_address_of_another_machine_is_refused_with_the_reason(
    listeners: Listeners, port: int
) -> None:
    with pytest.raises(StartError, match="no interface of this machine"):
        listeners.bind_missing([listen("192.0.2.1", port)], settings())


@rows(
    ("host", "text"),
    [("", "[::]:80"), ("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80")],
)
def test_addresses_are_written_as_apache_writes_them(host: str, text: str) -> None:
    assert address_text(listen(host, 80)) == text
