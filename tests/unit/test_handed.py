"""Sockets that were open before the server: which are taken, for which Listen."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rows import rows
from test_listeners import listen, settings

from fastlb.master import handed
from fastlb.master.handed import HandedSockets, from_environment
from fastlb.master.listeners import Listeners

PID = 4711


@pytest.fixture
def first_fd(monkeypatch: pytest.MonkeyPatch) -> int:
    """Where a process of tests has room for descriptors that are handed over."""
    monkeypatch.setattr(handed, "FIRST_FD", 700)
    return 700


@contextmanager
def given(first_fd: int, *fds: int) -> Iterator[None]:
    """Copies of fds from first_fd on, closed at the end where nobody else did."""
    for place, fd in enumerate(fds, start=first_fd):
        os.dup2(fd, place, inheritable=True)
    try:
        yield
    finally:
        os.closerange(first_fd, first_fd + len(fds))


def taken(count: int, names: str = "", pid: int = PID) -> HandedSockets:
    environ = {
        "LISTEN_PID": str(pid),
        "LISTEN_FDS": str(count),
        "LISTEN_FDNAMES": names,
        "HOME": "/",
    }
    found = from_environment(environ, PID)
    assert environ == {"HOME": "/"}
    return found


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_a_listen_takes_the_socket_of_its_address_and_binds_nothing(
    first_fd: int,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as made:
        port = made.getsockname()[1]
        with given(first_fd, made.fileno()):
            listeners = Listeners(taken(1, "web"))
            wanted = [listen("127.0.0.1", port)]
            listeners.bind_missing(wanted, settings(receive_buffer_bytes=32768))
            (sock,) = listeners.sockets(wanted)
            assert sock.fileno() == first_fd
            assert list(listeners.close_unnamed()) == []
            assert not sock.getblocking()
            assert not sock.get_inheritable()
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            size = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            assert size == 2 * 32768
            # ... and keeps it over a reload that names it.
            assert listeners.bind_missing(wanted, settings()) == ()
            listeners.keep_only(wanted)
            assert listeners.sockets(wanted) == (sock,)
            listeners.close_every()
            assert not is_open(first_fd)


@rows(
    ("bound", "host"),
    [
        ("0.0.0.0", ""),
        ("0.0.0.0", "0.0.0.0"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_socket_is_found_by_its_address(first_fd: int, bound: str, host: str) -> None:
    with socket.create_server((bound, 0)) as made:
        port = made.getsockname()[1]
        with given(first_fd, made.fileno()):
            sock = taken(1).take(listen(host, port))
            assert sock is not None
            sock.close()


@pytest.mark.needs("ipv6")
@rows(("bound", "host"), [("::", ""), ("::", "::"), ("::1", "::1")])
def test_so_is_one_of_ipv6(first_fd: int, bound: str, host: str) -> None:
    with socket.create_server((bound, 0), family=socket.AF_INET6) as made:
        port = made.getsockname()[1]
        with given(first_fd, made.fileno()):
            sock = taken(1).take(listen(host, port))
            assert sock is not None
            sock.close()


@rows(("host", "shift"), [("127.0.0.2", 0), ("", 0), ("0.0.0.0", 0), ("127.0.0.1", 1)])
def test_another_address_is_another_socket(
    first_fd: int, host: str, shift: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as made:
        port = made.getsockname()[1]
        with given(first_fd, made.fileno()):
            sockets = taken(1, "web")
            assert sockets.take(listen(host, port + shift)) is None
            assert list(sockets.close_rest()) == [
                f"the socket web at 127.0.0.1:{port}, which was handed over at the "
                "start, is closed: no Listen names it"
            ]
            assert not is_open(first_fd)


def test_what_cannot_be_accepted_from_is_told_and_closed(first_fd: int) -> None:
    reader, writer = os.pipe()
    connected, other = socket.socketpair()
    unbound = socket.socket()
    with connected, other, unbound:
        fds = (reader, connected.fileno(), unbound.fileno())
        with given(first_fd, *fds):
            sockets = taken(3, "pipe:pair")
            told = list(sockets.close_rest())
            assert [text.split(",")[0] for text in told] == [
                "the socket pipe",
                "the socket pair",
                f"the socket {first_fd + 2}",
            ]
            assert all(text.endswith("does not listen for TCP") for text in told)
            assert not any(is_open(first_fd + place) for place in range(3))
    os.close(reader)
    os.close(writer)


def test_what_was_meant_for_another_process_is_left_alone(first_fd: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as made, given(first_fd, made.fileno()):
        assert list(taken(1, pid=PID + 1).close_rest()) == []
        assert is_open(first_fd)


@rows(("count",), [("",), ("x",), ("-1",), ("0",), ("3",)])
def test_a_count_of_what_is_not_there_is_none(first_fd: int, count: str) -> None:
    environ = {"LISTEN_PID": str(PID), "LISTEN_FDS": count}
    assert list(from_environment(environ, PID).close_rest()) == []
