"""A scripted member's side of FastCGI, SCGI and uwsgi: what its application was told.

fcgi GET
REQUEST_URI: /path?a=b
SERVER_PORT: {port}
...
"""

import os

from tests.gateways import TAKE, Call, Source, answer

SCHEMES = ("fcgi", "scgi", "uwsgi")
HEAD = b"Content-Type: text/plain\r\n\r\n"
RANDOM = ("REMOTE_PORT",)
# What httpd alone tells: its own note, and what a module that is loaded here adds.
LEFT_OUT = ("proxy-nokeepalive", "UNIQUE_ID", "REDIRECT_UNIQUE_ID")


def spoken_by(first: bytes) -> str:
    """The protocol that begins with that byte, "" for HTTP: SCGI has a number."""
    if first.isdigit():
        return "scgi"
    return {b"\x01": "fcgi", b"\x00": "uwsgi"}.get(first, "")


def take(source: Source, scheme: str) -> Call:
    """The request of which a byte is there."""
    call = TAKE[scheme](source)
    assert call is not None
    return call


def told(scheme: str, call: Call) -> bytes:
    """... the same of both servers, but for what is random."""
    kept = " and keep the connection" if call.keep else ""
    lines = [f"{scheme} {call.env.get('REQUEST_METHOD')}{kept}"]
    for name, value in call.env.items():
        if name in LEFT_OUT:
            continue
        said = "<random>" if name in RANDOM else value.replace("\n", "|")
        if name == "PATH" and value == os.environ.get("PATH"):
            said = "<that of the server>"
        lines.append(f"{name}: {said}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def said(scheme: str, output: bytes) -> bytes:
    """What a program has said, as the protocol carries it; uwsgi's speaks HTTP."""
    if scheme == "fcgi":
        return answer(output)
    return output if scheme == "scgi" else b"HTTP/1.1 200 OK\r\n" + output


def named(scheme: str, name: str) -> bytes:
    """The answer of a member without a script."""
    return said(scheme, HEAD + name.encode())
