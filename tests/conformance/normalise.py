"""Make outcomes of two servers comparable.

What is taken away, and nothing else: ports and directories of this run; the present
time; the product's name; the order among fields of different names; whether a request's
fields of one name arrive as one; the text of canned error pages (unless a case asks for
it) and how they are framed; and hop-by-hop fields that only manage a connection (unless
a case asks for them).
"""

import re
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

from .case import View
from .members import Received
from .proof import without_nonces

PRODUCT = re.compile(
    r"(?:Apache|fastlb)(?:/[\w.+-]+)?(?: \([^)]*\))?(?: OpenSSL/[\w.]+)?"
)
NEAR_SECONDS = 3600
BOUNDARY = re.compile(r"(multipart/byteranges; boundary=)\w+")
PART = re.compile(r"(\r\n--)[0-9a-f]{8,16}((?:--)?\r\n)")
TITLE = re.compile(r"<title>\s*(.*?)\s*</title>", re.S | re.I)
HEADINGS = re.compile(r"<(?:title|h1)>(.*?)</(?:title|h1)>", re.S | re.I)
FRAMING_FIELDS = ("content-length", "transfer-encoding")
PAGE_TYPE = ["Content-Type", "text/html; charset=iso-8859-1"]
# Printed only once there has been time to measure them.
RATES = ("CPULoad", "ReqPerSec", "BytesPerSec", "BytesPerReq", "DurationPerReq")
DESCRIBED = (View.KEYS, View.BALANCERS, View.TITLE)
TAGS = re.compile(r"<[^>]+>")


class Places:
    """Replaces this run's ports and directories by their names in the template."""

    def __init__(self, ports: Mapping[str, int], root: str) -> None:
        self._root = root
        self._names = {str(port): f"{{{name}}}" for name, port in ports.items()}
        self._ports = re.compile(r"(?<!\d)(?:" + "|".join(self._names) + r")(?!\d)")

    def __call__(self, text: str) -> str:
        text = text.replace(self._root, "{root}")
        return self._ports.sub(lambda found: self._names[found[0]], text)


def is_now(value: str) -> bool:
    """Whether a field value is a date close to the present."""
    try:
        stamp = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError):
        return False
    return abs(stamp - time.time()) < NEAR_SECONDS


def ahead(value: str) -> str | None:
    """A date that is later than now by more than NEAR_SECONDS: "<now + 48 hours>"."""
    try:
        seconds = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return f"<now + {round(seconds / 3600)} hours>" if seconds > 0 else None


def fields(
    lines: Sequence[str], places: Places, *, hop_by_hop: bool
) -> list[list[str]]:
    """Field lines as [name, value], sorted by name, same names in their order."""
    result = []
    in_parts = any(BOUNDARY.search(line) for line in lines)
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            result.append([line, "<no colon>"])
            continue
        value = places(value.strip(" \t"))
        lower = name.lower()
        if is_now(value):
            value = "<now>"
        elif lower == "expires":
            value = ahead(value) or value
        if lower == "content-length" and in_parts:
            value = "<with boundaries>"  # httpd's have 15 digits now and then
        if lower == "content-type":
            value = BOUNDARY.sub(r"\1<boundary>", value)
        if lower == "server" and PRODUCT.fullmatch(value):
            value = "<product>"
        if lower == "expect":
            value = value.lower()
        if lower in ("www-authenticate", "authorization", "authentication-info"):
            value = without_nonces(value)
        if lower in ("via", "server_software", "server_signature"):
            value = PRODUCT.sub("<product>", value)
        if not hop_by_hop:
            if lower == "keep-alive":
                continue
            if lower == "connection":
                kept = [t for t in value.split(",") if t.strip().lower() == "upgrade"]
                if not kept:
                    continue
                value = ",".join(kept)
        result.append([name, value])
    return sorted(result, key=lambda field: field[0].lower())


def without_length(listed: list[list[str]]) -> list[list[str]]:
    """The fields of a canned page, less those that frame it."""
    return [one for one in listed if one[0].lower() not in FRAMING_FIELDS]


def joined(listed: list[list[str]]) -> list[list[str]]:
    """Fields of one name as one, which is the same message (RFC 9110 section 5.3).

    httpd joins a request's fields before it passes them on, others need not.
    """
    result: list[list[str]] = []
    for name, value in listed:
        if result and result[-1][0].lower() == name.lower():
            result[-1][1] += f", {value}"
        else:
            result.append([name, value])
    return result


def page_of(body: str, *, pages: bool) -> str | None:
    """The essence of a canned error page, or None when the body is something else."""
    title = TITLE.search(body)
    if title is None or not title[1][:3].isdigit():
        return None
    if not pages:
        return f"<page {title[1]}>"
    words = TAGS.sub(" ", body[body.lower().find("<body") :])
    return f"<page {title[1]}> " + PRODUCT.sub("<product>", " ".join(words.split()))


def request_of(
    received: Received, places: Places, *, hop_by_hop: bool
) -> dict[str, object]:
    """What a member received."""
    lines = received.head.decode("latin-1").split("\r\n")
    listed = [line for line in lines[1:] if line]
    over = {} if received.tls is None else {"tls": dict(received.tls)}
    return {
        **over,
        "line": places(lines[0]),
        "fields": joined(fields(listed, places, hop_by_hop=hop_by_hop)),
        "framing": received.framing,
        "body": text_of(received.body, places),
    }


def described(view: View, entry: dict[str, object]) -> list[str]:
    """A status page by what does not change from one moment to the next."""
    listed = dict(entry["fields"])  # type: ignore[call-overload]
    told = [str(entry["status"]), str(listed.get("Content-Type"))]
    lines = str(entry["body"]).splitlines()
    if view is View.KEYS:
        names = [line.partition(":")[0] for line in lines]
        return told + [name for name in names if name not in RATES]
    if view is View.BALANCERS:
        return told + [line for line in lines if line.startswith("ProxyBalancer")]
    parts = HEADINGS.findall("\n".join(lines))
    refresh = [f"Refresh: {listed['Refresh']}"] if "Refresh" in listed else []
    return told + refresh + [PRODUCT.sub("<product>", part) for part in parts]


def text_of(body: bytes, places: Places, *, whole: bool = False) -> str:
    """A body as text; a long one as its size and a few bytes of both ends."""
    text = places(PART.sub(r"\1<boundary>\2", body.decode("latin-1")))
    if len(text) > 2000 and not whole:
        return f"<{len(text)} bytes {text[:8]!r}...{text[-8:]!r}>"
    return text
