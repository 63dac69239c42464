"""Which pages the controller has for whoever comes by the workers' door."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from desks import Office, asked
from rows import rows
from trees import model_of

from fastlb.controller import controller as module
from fastlb.controller.asked import NAME_MAX
from fastlb.controller.controller import Controller
from fastlb.controller.heritage import ControllerHeritage
from fastlb.facts.adjustments import Adjustment, Deed, read_asked
from fastlb.facts.controller import READERS, host_word

CONF = """
Listen 127.0.0.1:8080
ServerName one.test
<VirtualHost *:8080>
    ServerName two.test
    <Location /balancer-manager>
        SetHandler balancer-manager
    </Location>
    <If "true">
        SetHandler metrics
    </If>
</VirtualHost>
"""


@contextmanager
def controller_of(
    text: str,
    pages: socket.socket | None = None,
    control: socket.socket | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
) -> Iterator[Controller]:
    office = Office(text)
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    loop = loop or asyncio.new_event_loop()
    heritage = ControllerHeritage(
        model=office.model,
        table=office.table,
        generation=0,
        member_slots=office.desk.facts.member_slots,
        balancer_slots=office.desk.facts.balancer_slots,
        error_fds=(os.open(os.devnull, os.O_WRONLY),),
        started_us=0,
        secret=bytes(32),
        pages=pages,
        control=control,
        line=its,
    )
    try:
        yield Controller(heritage, loop)
    finally:
        os.close(heritage.error_fds[0])
        loop.close()
        mine.close()
        its.close()


def test_only_what_a_section_says_is_offered_and_by_its_own_host() -> None:
    main, host = model_of(CONF).vhosts
    assert (main.pages, main.pages_mapping) == ((), None)
    assert (host.pages, host.pages_that_tell) == (("metrics", "balancer-manager"), 1)


_BY_RULE = "RewriteEngine On\nRewriteRule {} - [H={}]\n"


@rows(
    ("text", "pages"),
    [
        ("", ()),
        ("SetHandler none", ()),
        ("SetHandler server-status\nSetHandler none", ()),
        ("SetHandler Server-Status", ("server-status",)),
        ("<Location /s>\nSetHandler server-status\n</Location>", ("server-status",)),
        ("<If true>\nSetHandler metrics\n</If>", ("metrics",)),
        (_BY_RULE.format("^/s", "Server-Status"), ("server-status",)),
        (_BY_RULE.format("^/s", "balancer-manager"), ()),
        (_BY_RULE.format("^/s", "server-info"), ()),
        (_BY_RULE.format("^/(.*)", "$1"), READERS),
        (
            f"<Location /s>\n{_BY_RULE.format('s', 'server-status')}</Location>",
            ("server-status",),
        ),
        ('<Location /s>\nSetHandler "%{env:X}"\n</Location>', READERS),
    ],
)
def test_what_can_lead_to_a_page_offers_it(text: str, pages: tuple[str, ...]) -> None:
    """What an expression says or a rule puts together nobody knows: it may be any page
    that changes nothing."""
    model = model_of(f"Listen 127.0.0.1:1\n{text}\n")
    assert model.vhosts[0].pages == pages
    doors = [member for member in model.members if member.is_controller]
    assert len(doors) == (1 if pages else 0)


def test_a_page_that_no_line_has_is_nobodys() -> None:
    """A worker that was taken over asks for what it likes."""
    with controller_of(CONF) as controller:
        ids = {one.index: one.vhost_id for one in controller.desk.model.vhosts}

        def status(vhost_index: int, handler: str) -> int:
            request = asked(
                handler=handler,
                vhost_index=vhost_index,
                host_word=host_word(vhost_index, ids.get(vhost_index, "")),
            )
            return asyncio.run(controller.answer(request))[0]

        assert status(1, "balancer-manager") == 200
        assert status(0, "balancer-manager") == 404
        assert status(1, "balancer-api") == 404
        assert status(7, "balancer-manager") == 404
        assert status(1, "no-such-page") == 404
        # of a model in which another host stood there
        ids[1] = "*:8080/three.test"
        assert status(1, "balancer-manager") == 404


@rows(
    ("user", "shown"),
    [
        ("ada", "ada"),
        ("", "somebody without a name"),
        ("\u00dcbel".encode().decode("latin-1"), "\u00dcbel"),
        ("\xff\x9b\u00e9\x00", "\ufffd\ufffd\ufffd?"),
        ("a" * 3000, f"{'a' * NAME_MAX}\u2026"),
    ],
)
def test_whoever_may_change_something_may_whatever_the_name_is(
    user: str, shown: str
) -> None:
    said = asked(user=user, client="192.0.2.1", handler="balancer-api").who
    assert said == f"{shown} at 192.0.2.1, by balancer-api"
    deed = Adjustment(Deed.RESET, "", who=said)
    assert read_asked(deed.asked(1)) == deed


def test_the_account_at_the_control_socket_may_have_any_name_too() -> None:
    said = asked(user="o\udce9p\N{LATIN SMALL LETTER E WITH ACUTE}", vhost_index=-1).who
    assert said == "o?p\N{LATIN SMALL LETTER E WITH ACUTE} at the control socket"


def _door() -> socket.socket:
    door = socket.socket(socket.AF_UNIX)
    door.bind("")  # any abstract name
    door.listen()
    door.setblocking(False)
    return door


async def ask(door: socket.socket, data: bytes) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, door.getsockname())
    await loop.sock_sendall(client, data)
    return client


def page_of(word: str) -> bytes:
    head = f"SCRIPT_FILENAME\0proxy:scgi://x/{word}/metrics\0".encode()
    return b"%d:%b," % (len(head), head)


def test_who_holds_all_of_the_workers_door_keeps_no_operator_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ASKERS_MAX", 3)

    async def said_to(client: socket.socket) -> bytes:
        with client:
            found = asyncio.get_running_loop().sock_recv(client, 15)
            return await asyncio.wait_for(found, 5)

    async def talk(pages: socket.socket, control: socket.socket) -> None:
        slow = [await ask(pages, b"5:") for _ in range(3)]
        await asyncio.sleep(0.05)
        waits = await ask(pages, page_of("0-x"))
        request = b"GET /openapi.json HTTP/1.1\r\n\r\n"
        for _ in range(4):
            assert await said_to(await ask(control, request)) == b"HTTP/1.1 200 OK"
        # ... and its next one is taken as soon as one of them goes
        with pytest.raises(BlockingIOError):
            waits.recv(1)
        slow[0].close()
        assert await said_to(waits) == b"Status: 404\r\nCo"
        for one in slow:
            one.close()

    loop = asyncio.new_event_loop()
    with (
        _door() as pages,
        _door() as control,
        controller_of(CONF, pages, control, loop) as controller,
    ):
        controller.begin()
        loop.run_until_complete(talk(pages, control))
        loop.run_until_complete(asyncio.sleep(0.05))  # they have gone


def test_an_answer_that_nobody_takes_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A part of it is, and the rest never."""
    size = 4 * 1024 * 1024
    monkeypatch.setattr(module, "TAKE_S", 0.3)
    monkeypatch.setattr(module, "ASKERS_MAX", 1)

    async def large(*_: object) -> module.PageAnswer:
        return 200, "text/plain", bytes(size), ()

    async def taken(client: socket.socket) -> int:
        with client:
            found = 0
            while told := await loop.sock_recv(client, 65536):
                found += len(told)
            return found

    async def talk(pages: socket.socket, word: str) -> None:
        slow = await ask(pages, page_of(word))
        await loop.sock_recv(slow, 65536)
        next_one = await ask(pages, page_of(word))
        assert await asyncio.wait_for(taken(next_one), 5) > size
        assert await taken(slow) < size

    monkeypatch.setitem(module.HANDLERS, "metrics", large)
    loop = asyncio.new_event_loop()
    with _door() as pages, controller_of(CONF, pages, loop=loop) as controller:
        controller.begin()
        word = controller.desk.model.vhosts[1].page_word
        loop.run_until_complete(talk(pages, word))
        loop.run_until_complete(asyncio.sleep(0.05))
