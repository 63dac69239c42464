"""Tunnels with random ends: what goes in comes out, whole or as far as it came.

Both sides send what their tunnel's number makes, in any sizes, and end when they like:
properly, by a reset, before the other or after it. Nobody gets a byte that the other
side of the very tunnel has not sent; where nobody broke off, both get all of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from .answers import filled
from .play import Alarm, Client, Link, Listener, Loop, Stream
from .site import HOST

CLIENTS = 100
SIZES = (0, 1, 100, 5000, 16384, 17000, 70000, 300_000)
CONF = """\
Listen {host}:{plain}
Listen {host}:{proxy}
Timeout 15
<Location /server-status>
    SetHandler server-status
</Location>
<VirtualHost *:{plain}>
    ProxyPass /server-status !
    ProxyPass / http://{host}:{member}/ upgrade=ANY
</VirtualHost>
<VirtualHost *:{proxy}>
    ProxyRequests On
    AllowCONNECT {member}
    <Proxy *>
        Require ip 127.0.0.1
    </Proxy>
</VirtualHost>
"""


class Tunnel:
    """One of them: what both sides send, and how they end."""

    __slots__ = (
        "at_member", "client_ends", "from_client", "from_member", "head", "heard",
        "member_ends", "member_over", "stream",
    )  # fmt: skip

    def __init__(self, stream: Stream, chance: random.Random, head: bytes) -> None:
        token = b"%08x" % stream.number
        self.stream = stream
        self.head = head
        # The member learns from the first bytes which tunnel it is.
        self.from_client = token + filled(token, chance.choice(SIZES), b"c%s;")
        self.from_member = filled(token, chance.choice(SIZES), b"m%s;")
        self.client_ends = chance.choice(("end", "end", "end", "wait", "reset"))
        ends = ("end", "end", "reset") if self.client_ends == "wait" else (
            "end", "end", "wait", "wait", "reset")  # fmt: skip
        self.member_ends = chance.choice(ends)
        self.at_member: Link | None = None
        self.heard = bytearray()
        self.member_over = False

    @property
    def is_whole(self) -> bool:
        return "reset" not in (self.client_ends, self.member_ends)


class Tunnels:
    """Plays them and judges them."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.member = Listener(loop, 0)
        self.ports = (0, 0)
        self.under_way: dict[int, Tunnel] = {}
        self.chance = random.Random(0)
        self.inputs = 0
        self.requests = 0
        self.refused = 0
        loop.hear = self.hear
        loop.lost = self.lost
        loop.sent = self.sent
        loop.judge = self.judge
        loop.make = self.client

    def configuration(self, plain: int, proxy: int) -> str:
        self.ports = plain, proxy
        return CONF.format(host=HOST, plain=plain, proxy=proxy, member=self.member.port)

    def play(self, seed: int, count: int, check: Callable[[], None]) -> None:
        self.chance.seed(seed)
        self.loop.run(self.streams(count), check, CLIENTS)
        for _ in range(100):
            self.loop.turn(0.01)  # members hear of the last ends

    def streams(self, count: int) -> Iterator[Stream]:
        chance = self.chance
        for _ in range(count):
            self.inputs += 1
            if chance.random() < 0.5:
                head = b"CONNECT %s:%d HTTP/1.1\r\nHost: x\r\n\r\n" % (
                    HOST.encode(), self.member.port)  # fmt: skip
                stream = Stream(self.inputs, self.ports[1], [])
            else:
                head = (
                    b"GET /%x HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n"
                    b"Upgrade: %s\r\n\r\n" % (self.inputs, b"websocket")
                )
                stream = Stream(self.inputs, self.ports[0], [])
            tunnel = Tunnel(stream, chance, head)
            stream.half_close = tunnel.client_ends == "end"
            if tunnel.client_ends == "reset":
                stream.leave = chance.choice((1, 200, 20000))
            self.under_way[stream.number] = tunnel
            yield stream

    def client(self, stream: Stream) -> Client:
        """The head alone first, or with what follows: both are allowed."""
        tunnel = self.under_way[stream.number]
        data = tunnel.from_client
        at = self.chance.randrange(len(data) + 1)
        stream.pieces = [tunnel.head, data[:at], data[at:]]
        if self.chance.random() < 0.3:
            stream.pieces = [tunnel.head + data]
        return Client(self.loop, stream)

    # the member

    def hear(self, link: Link) -> None:
        tunnel = link.state
        if tunnel is None:
            data = bytes(link.data)
            if data.startswith(b"GET /"):
                head, mark, rest = data.partition(b"\r\n\r\n")
                if not mark:
                    return
                number = int(head[5 : head.index(b" ", 5)], 16)
                link.send(
                    b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\n"
                    b"Upgrade: websocket\r\n\r\n"
                )
                link.data[:] = rest
            else:
                if len(data) < 8:
                    return
                number = int(data[:8], 16)
            tunnel = self.under_way.get(number)
            if tunnel is None:
                link.close()  # its client has left already
                return
            tunnel.at_member = link
            link.state = tunnel
            self.requests += 1
            self.begin(link, tunnel)
        assert isinstance(tunnel, Tunnel)
        tunnel.heard += link.data
        link.data.clear()
        if not tunnel.from_client.startswith(bytes(tunnel.heard[-200_000:])) and (
            bytes(tunnel.heard) != tunnel.from_client[: len(tunnel.heard)]
        ):
            raise Alarm("the member got other bytes", tunnel.stream)

    def begin(self, link: Link, tunnel: Tunnel) -> None:
        data = tunnel.from_member
        if tunnel.member_ends == "reset":
            data = data[: self.chance.randrange(len(data) + 1)]
            link.send(data)
            self.loop.delay(lambda: link.close(reset=True))
            return
        link.send(data)
        if not link.out:
            self.sent(link)

    def sent(self, link: Link) -> None:
        """All of ours has gone: the end, unless it waits for the other's."""
        tunnel = link.state
        if not isinstance(tunnel, Tunnel) or link.out:
            return
        if tunnel.member_ends == "end" or (tunnel.member_ends == "wait" and link.ended):
            tunnel.member_over = True
            link.end()
            if link.ended:
                link.close()

    def lost(self, link: Link) -> bool:
        """The client has ended: so the member, when all has gone."""
        tunnel = link.state
        if not isinstance(tunnel, Tunnel):
            return False
        if tunnel.is_whole and bytes(tunnel.heard) != tunnel.from_client:
            got, whole = len(tunnel.heard), len(tunnel.from_client)
            raise Alarm(f"the member got {got} of {whole} bytes", tunnel.stream)
        if tunnel.member_over or tunnel.member_ends == "reset":
            return False
        link.ended = True
        if not link.out:
            self.sent(link)
        return not link.gone

    # the client

    def judge(self, stream: Stream) -> None:
        tunnel = self.under_way.pop(stream.number)
        data = bytes(stream.got)

        def alarm(why: str) -> Alarm:
            return Alarm(
                f"{why}; {tunnel.client_ends}, {tunnel.member_ends}", stream, data[:500]
            )

        if data.endswith(b"-- nothing came any more --"):
            raise alarm("no end came")
        head, mark, rest = data.partition(b"\r\n\r\n")
        if not mark:
            if tunnel.is_whole:
                raise alarm("no tunnel")
            return
        if b" 200 " not in head[:14] and b" 101 " not in head[:14]:
            self.refused += 1
            if tunnel.is_whole:
                raise alarm(f"refused: {head[:40]!r}")
            return
        if not tunnel.from_member.startswith(rest):
            raise alarm("the client got other bytes")
        if tunnel.is_whole and rest != tunnel.from_member:
            raise alarm(
                f"the client got {len(rest)} of {len(tunnel.from_member)} bytes"
            )
