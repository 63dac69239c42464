#!/usr/bin/env python3
"""A member with sessions, for the users of locustfile.py.

    python session_member.py PORT NAME

Sessions live in this process's memory, as in many an application server: they end with
it, and no other member knows them.

    POST /login          200, Set-Cookie: SESSION=ID.NAME
    POST /logout         200, the session ends
    GET  /page?bytes=N   200 with N bytes, only in a session of ours; else 409
    POST /upload         200, only in a session of ours; else 409; the body is read
    GET  /public?bytes=N 200 with N bytes, for everybody

Each answer carries X-Member: NAME. Prints "listening" once it does.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import sys

FILLING = b"x" * (1 << 20)


class SessionMember:
    """One member: its name and the sessions it knows."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sessions: set[str] = set()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One connection, request by request, until the other side ends it."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?im)^content-length: *(\d+)", head)
                if length:
                    await reader.readexactly(int(length[1]))
                method, target, _ = head.split(" ", 2)
                writer.write(self.answer(method, target, head))
                await writer.drain()
                if re.search(r"(?im)^connection: *close", head):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the proxy ended it
        finally:
            writer.close()

    def answer(self, method: str, target: str, head: str) -> bytes:
        path, _, query = target.partition("?")
        asked = re.search(r"bytes=(\d+)", query)
        body = FILLING[: int(asked[1])] if asked else b"ok"
        found = re.search(r"(?im)^cookie:.*\bSESSION=([^.;\s]+)\.", head)
        session = found[1] if found else ""
        if (method, path) == ("POST", "/login"):
            session = secrets.token_hex(8)
            self.sessions.add(session)
            cookie = f"Set-Cookie: SESSION={session}.{self.name}; Path=/; HttpOnly\r\n"
            return self.response("200 OK", body, cookie)
        if (method, path) == ("GET", "/public"):
            return self.response("200 OK", body)
        if (method, path) not in (
            ("GET", "/page"),
            ("POST", "/upload"),
            ("POST", "/logout"),
        ):
            return self.response("404 Not Found", b"no such page")
        if session not in self.sessions:
            return self.response("409 Conflict", b"no such session")
        if path == "/logout":
            self.sessions.discard(session)
        return self.response("200 OK", body)

    def response(self, status: str, body: bytes, more: str = "") -> bytes:
        head = (
            f"HTTP/1.1 {status}\r\nServer: session-member\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            f"X-Member: {self.name}\r\n{more}\r\n"
        )
        return head.encode() + body


async def main() -> None:
    port, name = sys.argv[1:]
    member = SessionMember(name)
    server = await asyncio.start_server(
        member.serve, "127.0.0.1", int(port), backlog=1024
    )
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
