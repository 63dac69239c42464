"""Servers of a test, the members behind them, and the places that both have."""

from __future__ import annotations

import re
import shutil
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType

from fastlb.testing.members import Member
from fastlb.testing.ports import free_port
from fastlb.testing.server import Server

# {port} {port:NAME} {member:NAME} {address:NAME} {folder}; ${..} and %{..} are httpd's
PLACE = re.compile(r"(?<![$%])\{(port|member|address|folder)(?::([\w.-]+))?\}")
NO_CHANGES: Mapping[str, str] = MappingProxyType({})


class Servers:
    """Call it with a configuration, and it serves; leave it, and all of it ends.

    In the configuration stand places, which are the same ones in all texts:

        {port}          a free port; {port:NAME} another one
        {member:NAME}   http://127.0.0.1:PORT of the stub member of that name
        {address:NAME}  127.0.0.1:PORT of it
        {folder}        a folder of the test's own, which workers may enter
    """

    def __init__(self) -> None:
        # A worker may run as another user than the one who tests.
        self.folder = Path(tempfile.mkdtemp(prefix="fastlb-test-"))
        self.folder.chmod(0o755)
        self._members: dict[str, Member] = {}
        self._ports: dict[str, int] = {}
        self._servers: list[Server] = []

    def __call__(
        self,
        config: str | Path,
        *,
        replace: Mapping[str, str] = NO_CHANGES,
        strict: bool = False,
    ) -> Server:
        """A server that serves this text or file.

        replace   what is written in it, and what is to stand there instead, a place
                  for an address; LookupError where it is not written
        strict    a warning is a reason to refuse it
        RefusedError where it is refused.
        """
        folder = self.folder / f"server-{len(self._servers)}"
        folder.mkdir()
        root = config.resolve().parent if isinstance(config, Path) else folder
        shown = str(config) if isinstance(config, Path) else "the configuration"
        server = Server(folder, shown, root, self.port())
        self._servers.append(server)
        server.start(self.text(config, replace), strict=strict)
        return server

    def text(self, config: str | Path, replace: Mapping[str, str] = NO_CHANGES) -> str:
        """A configuration with its places filled in, as a server gets it."""
        if isinstance(config, Path):
            text = config.read_text("utf-8")
        else:
            text = textwrap.dedent(config).lstrip("\n")
        for written, instead in replace.items():
            if written not in text:
                raise LookupError(f"{written!r} does not stand in the configuration")
            text = text.replace(written, instead)
        return PLACE.sub(self._place, text)

    def member(self, name: str) -> Member:
        """The stub of that name, which listens from the first time it is named."""
        if name not in self._members:
            self._members[name] = Member(name)
            self._members[name].start()
        return self._members[name]

    def port(self, name: str = "") -> int:
        """The number behind {port:name}."""
        if name not in self._ports:
            self._ports[name] = free_port()
        return self._ports[name]

    def sections(self) -> list[tuple[str, str]]:
        """For the report of a test that failed: title and text. What was refused has
        said so by itself."""
        return [
            part
            for server in self._servers
            if server.has_served
            for part in (
                (f"fastlb: {server.shown}", server.listing()),
                ("fastlb: what it said", server.said()),
            )
        ]

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.stop()
        for member in self._members.values():
            member.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, found: re.Match[str]) -> str:
        kind, name = found[1], found[2] or ""
        if kind == "port":
            return str(self.port(name))
        if kind == "folder":
            return str(self.folder)
        member = self.member(name)
        return member.url if kind == "member" else member.address
