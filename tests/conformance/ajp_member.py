"""A scripted member's side of AJP: what it was asked, told as a head of HTTP.

GET /path AJP
host: front.test
ajp-server: front.test {port}
ajp-query_string: a=b
"""

import re

from tests.ajp_packets import Forwarded, answered

PING = b"CPING AJP\r\n\r\n"
RANDOM = re.compile(r"(?:remote_port|ssl_session)$", re.I)


def told(asked: Forwarded) -> bytes:
    """... the same of both servers, but for what is random."""
    lines = [f"{asked.method} {asked.uri} AJP {asked.protocol}"]
    lines += [f"{name}: {value}" for name, value in asked.fields]
    lines.append(f"ajp-remote: {asked.remote} {asked.remote_host}")
    lines.append(f"ajp-server: {asked.server} {asked.port} {asked.is_ssl}")
    for name, value in asked.attributes.items():
        said = "<random>" if RANDOM.search(name) else str(value).replace("\n", "|")
        lines.append(f"ajp-{name}: {said}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def length_of(asked: Forwarded) -> int:
    """Of its body; -1: nobody knows. 0: there is none."""
    fields = dict(asked.fields)
    if "transfer-encoding" in fields:
        return -1
    return int(fields.get("content-length", "0"))


def named(name: str) -> bytes:
    """The answer of a member without a script."""
    return answered(name.encode(), ("Content-Type", "text/plain"))
