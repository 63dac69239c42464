"""A manager of services that hears what a server tells it (sd_notify(3))."""

from __future__ import annotations

import socket
from pathlib import Path

from harness import wait_for

POOL = """\
<Proxy balancer://pool>
    BalancerMember {url}
</Proxy>
ProxyPass / balancer://pool/
"""


class ServiceManager:
    """told: each datagram so far, as its variables."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self.told: list[dict[str, str]] = []
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(self.address)
        self._sock.setblocking(False)

    @property
    def environ(self) -> dict[str, str]:
        return {"NOTIFY_SOCKET": self.address}

    def hear(self) -> list[dict[str, str]]:
        while True:
            try:
                datagram = self._sock.recv(4096).decode()
            except BlockingIOError:
                return self.told
            lines = (line.partition("=") for line in datagram.split("\n"))
            self.told.append({name: value for name, _, value in lines})

    def words(self) -> list[str]:
        """The first name of each datagram, without the watchdog's."""
        names = [next(iter(one)) for one in self.hear()]
        return [name for name in names if name != "WATCHDOG"]

    def wait_for(self, *words: str) -> dict[str, str]:
        """Until exactly these were told; the last of them."""
        wait_for(lambda: len(self.words()) >= len(words), f"it is told {words}")
        assert self.words() == list(words), self.told
        return self.told[-1]

    def close(self) -> None:
        self._sock.close()
