"""Bodies of answers made here: errors and redirects, word for word as Apache's.

Operators' monitoring matches on these pages, so the texts, the line ends and even
the unbalanced tags are those that httpd 2.4.71 sends; tests/unit/data holds its
recorded answers. Only the product name in the footer differs (ServerTokens).

What `detail` means depends on the status:

    3xx            the Location
    400            the note under the text ("Size of a request header field ...")
    405 413 501    the request's method
    417            the Expect field's value
    403 500 502    the reason of a proxy error ("Error reading from remote server")
    others         not shown

A proxy error changes the status line as well: ask `status_line` with the same detail.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastlb._pcre2 import PatternError, PatternLimitError
from fastlb.facts.regex import compile_pcre
from fastlb.facts.server import Model
from fastlb.facts.statuses import REASONS
from fastlb.facts.vhost import DirConf, Section, SectionKind, VHost
from fastlb.facts.words import Signature

if TYPE_CHECKING:
    from fastlb._core import Request

Answer = tuple[int, str, bytes, tuple[tuple[str, str], ...]]
"""Status, content type, body, more header fields."""

CONTENT_TYPE = "text/html; charset=iso-8859-1"
_HTTPD_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_ESCAPES = _HTTPD_ESCAPES | str.maketrans({"'": "&#x27;"})

DOCTYPE = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN"'
    ' "http://www.w3.org/TR/html4/strict.dtd">\n'
)

_MOVED = '<p>The document has moved <a href="{detail}">here</a>.</p>\n'
_UNAUTHORIZED = (
    "<p>This server could not verify that you\n"
    "are authorized to access the document\n"
    "requested.  Either you supplied the wrong\n"
    "credentials (e.g., bad password), or your\n"
    "browser doesn't understand how to supply\n"
    "the credentials required.</p>\n"
)
_INTERNAL = (
    "<p>The server encountered an internal error or\n"
    "misconfiguration and was unable to complete\n"
    "your request.</p>\n"
    "<p>Please contact the server administrator at \n"
    " {admin} to inform them of the time this error occurred,\n"
    " and the actions you performed just before this error.</p>\n"
    "<p>More information about this error may be available\n"
    "in the server error log.</p>\n"
)

# The paragraphs under the heading. A status that is not named here says _INTERNAL.
_TEXTS: dict[int, str] = {
    300: "",
    301: _MOVED,
    302: _MOVED,
    303: '<p>The answer to your request is located <a href="{detail}">here</a>.</p>\n',
    304: "",
    305: (
        "<p>This resource is only accessible through the proxy\n"
        "{note}<br />\n"
        "You will need to configure your client to use that proxy.</p>\n"
    ),
    307: _MOVED,
    308: _MOVED,
    400: (
        "<p>Your browser sent a request that this server could not understand.<br />\n"
        "{note}</p>\n"
    ),
    401: _UNAUTHORIZED,
    403: "<p>You don't have permission to access this resource.{note}</p>\n",
    404: "<p>The requested URL was not found on this server.</p>\n",
    405: "<p>The requested method {method} is not allowed for this URL.</p>\n",
    406: (
        "<p>An appropriate representation of the requested resource could not be"
        " found on this server.</p>\n"
    ),
    407: _UNAUTHORIZED,
    408: "<p>Server timeout waiting for the HTTP request from the client.</p>\n",
    410: (
        "<p>The requested resource is no longer available on this server and there is"
        " no forwarding address.\n"
        "Please remove all references to this resource.</p>\n"
    ),
    411: (
        "<p>A request of the requested method {method} requires a valid"
        " Content-length.<br />\n</p>\n"
    ),
    412: ("<p>The precondition on the request for this URL evaluated to false.</p>\n"),
    413: (
        "The requested resource does not allow request data with {method} requests,"
        " or the amount of data provided in\n"
        "the request exceeds the capacity limit.\n"
    ),
    414: (
        "<p>The requested URL's length exceeds the capacity\n"
        "limit for this server.<br />\n</p>\n"
    ),
    415: (
        "<p>The supplied request data is not in a format\n"
        "acceptable for processing by this resource.</p>\n"
    ),
    416: (
        "<p>None of the range-specifier values in the Range\n"
        "request-header field overlap the current extent\n"
        "of the selected resource.</p>\n"
    ),
    421: (
        "<p>The client needs a new connection for this\n"
        "request as the requested host name does not match\n"
        "the Server Name Indication (SNI) in use for this\n"
        "connection.</p>\n"
    ),
    422: (
        "<p>The server understands the media type of the\n"
        "request entity, but was unable to process the\n"
        "contained instructions.</p>\n"
    ),
    423: (
        "<p>The requested resource is currently locked.\n"
        "The lock must be released or proper identification\n"
        "given before the method can be applied.</p>\n"
    ),
    424: (
        "<p>The method could not be performed on the resource\n"
        "because the requested action depended on another\n"
        "action and that other action failed.</p>\n"
    ),
    426: (
        "<p>The requested resource can only be retrieved\n"
        "using SSL.  The server is willing to upgrade the current\n"
        "connection to SSL, but your client doesn't support it.\n"
        "Either upgrade your client, or try requesting the page\n"
        "using https://\n"
    ),
    428: "<p>The request is required to be conditional.</p>\n",
    429: "<p>The user has sent too many requests\nin a given amount of time.</p>\n",
    431: (
        "<p>The server refused this request because\n"
        "the request header fields are too large.</p>\n"
    ),
    451: "<p>Access to this URL has been denied for legal reasons.<br />\n</p>\n",
    501: "<p>{method} not supported for current URL.<br />\n</p>\n",
    502: (
        "<p>The proxy server received an invalid\r\n"
        "response from an upstream server.<br />\r\n"
        "{note}</p>\n"
    ),
    503: (
        "<p>The server is temporarily unable to service your\n"
        "request due to maintenance downtime or capacity\n"
        "problems. Please try again later.</p>\n"
    ),
    504: (
        "<p>The gateway did not receive a timely response\n"
        "from the upstream server or application.</p>\n"
    ),
    506: (
        "<p>A variant for the requested resource\n<pre>\n\n</pre>\n"
        "is itself a negotiable resource. This indicates a configuration error.</p>\n"
    ),
    507: (
        "<p>The method could not be performed on the resource\n"
        "because the server is unable to store the\n"
        "representation needed to successfully complete the\n"
        "request.  There is insufficient free space left in\n"
        "your storage allocation.</p>\n"
    ),
    508: (
        "<p>The server terminated an operation because\n"
        "it encountered an infinite loop.</p>\n"
    ),
    510: (
        "<p>A mandatory extension policy in the request is not\n"
        "accepted by the server for this resource.</p>\n"
    ),
    511: "<p>The client needs to authenticate to gain\nnetwork access.</p>\n",
}
# A 400's detail (mod_ssl's page has markup around it, which no other note has).
PLAIN_HTTP = "You're speaking plain HTTP to an SSL-enabled server port."
_PLAIN_HTTP_NOTE = (
    f"Reason: {PLAIN_HTTP}<br />\n"
    " Instead use the HTTPS scheme to access this URL, please.<br />\n"
)
# A 403's, likewise.
NO_NAME = (
    "The client software did not provide a hostname using Server Name Indication "
    "(SNI), which is required to access this server."
)
_EXPECT_GIVEN = (
    "<p>The expectation given in the Expect request-header\n"
    "field could not be met by this server.\n"
    "The client sent<pre>\n    Expect: {detail}\n</pre>\n"
    "</p><p>Only the 100-continue expectation is supported.</p>\n"
)
_EXPECT_NOT_SEEN = (
    "<p>No expectation was seen, the Expect request-header \n"
    "field was not presented by the client.\n"
    "</p><p>Only the 100-continue expectation is supported.</p>\n"
)
_PROXY_NOTE = (
    "The proxy server could not handle the request<p>Reason: <strong>{0}</strong></p>"
)
_TWICE = (
    "<p>Additionally, a {0}\n"
    "error was encountered while trying to use an ErrorDocument to handle the"
    " request.</p>\n"
)


def error_page(
    vhost: VHost,
    status: int,
    detail: str,
    path: str,
    *,
    reason: str | None = None,
    second_status: int = 0,
    host: str = "",
    port: int = 0,
) -> bytes:
    """Body (latin-1) of an answer made here: Apache's page for the status.

    detail        see the head of this file; escaped here
    path          decoded URL path: finds ServerSignature in the <Location>s around it
    reason        a member's own reason phrase (ProxyErrorOverride), for the heading
    second_status the status that an ErrorDocument's internal request ended with
    host, port    as the client named them, for the footer; else the host's own
    An ErrorDocument is the core's business (flow/answer.pyx): here there is none.
    """
    heading = reason or reason_of(status, detail)
    parts = [
        DOCTYPE,
        f"<html><head>\n<title>{status} {_escape(heading)}</title>\n</head><body>\n",
        f"<h1>{_escape(heading)}</h1>\n",
        _text(vhost, status, detail),
    ]
    if second_status:
        parts.append(_TWICE.format(status_line(second_status)))
    parts.append(signature(vhost, path, host, port))
    parts.append("</body></html>\n")
    return "".join(parts).encode("latin-1", "xmlcharrefreplace")


def not_found(request: Request, model: Model) -> Answer:
    """404, with the page that an unmapped path gets."""
    body = error_page(
        model.vhosts[request.vhost_index],
        404,
        "",
        request.path,
        host=request.host_name,
        port=request.host_port,
    )
    return 404, CONTENT_TYPE, body, ()


def status_line(status: int, detail: str = "") -> str:
    """What follows the version in the answer's first line: "404 Not Found"."""
    return f"{status} {reason_of(status, detail)}"


def reason_of(status: int, detail: str = "") -> str:
    """The reason phrase; "Proxy Error" when detail is the reason of a proxy error."""
    if is_proxy_error(status, detail):
        return "Proxy Error"
    return REASONS.get(status, "Unknown")


def is_proxy_error(status: int, detail: str) -> bool:
    """Did the proxy itself give up with a reason?"""
    if status in (403, 500, 502):
        return bool(detail) and detail != NO_NAME
    if status == 503:
        return detail == "Timeout on 100-Continue"
    return status == 400 and detail.startswith("Max-Forwards")


def _text(vhost: VHost, status: int, detail: str) -> str:
    proxy_error = is_proxy_error(status, detail)
    shown = _escape(detail)
    note = _PROXY_NOTE.format(shown) if proxy_error else shown
    if status == 500 and proxy_error:
        return note + "<p />\n"
    if detail == PLAIN_HTTP:
        note = _PLAIN_HTTP_NOTE
    if detail == NO_NAME:
        note = f"Reason: {NO_NAME}<br />\n"
    if status == 417:
        return _EXPECT_GIVEN.format(detail=shown) if detail else _EXPECT_NOT_SEEN
    return _TEXTS.get(status, _INTERNAL).format(
        detail=shown,
        note=note,
        method=shown or "GET",
        admin=_escape(vhost.server_admin or "[no address given]"),
    )


def signature(vhost: VHost, path: str, host: str, port: int, rule: str = "<hr>") -> str:
    """The line at the foot of a page, "" for none (ServerSignature)."""
    wish: Signature | None = None
    for conf in _settings(vhost, path):
        wish = conf.server_signature or wish
    if wish in (None, Signature.OFF):
        return ""
    name = _escape(host or vhost.server_name)
    if wish is Signature.EMAIL:
        admin = _escape(vhost.server_admin or "[no address given]")
        name = f'<a href="mailto:{admin}">{name}</a>'
    where = port or vhost.server_port or 80
    product = _escape(vhost.server_tokens)
    return f"{rule}\n<address>{product} Server at {name} Port {where}</address>\n"


def _settings(vhost: VHost, path: str) -> Iterator[DirConf]:
    """The default settings, then those of each <Location> around path, in order."""
    yield vhost.default_conf
    for section in vhost.sections:
        if section.kind in _BY_PATH and _is_around(section, path):
            yield section.conf


_BY_PATH = (SectionKind.LOCATION, SectionKind.LOCATION_MATCH)


def _is_around(section: Section, path: str) -> bool:
    """As <Location> holds: a prefix ends at a segment; * and ? keep within one."""
    pattern = section.pattern
    if section.is_regex:
        try:
            found = compile_pcre(pattern).search(path.encode("latin-1", "replace"))
        except (PatternError, PatternLimitError):
            return False  # nobody knows: the page goes without it
        return found is not None
    if section.is_glob:
        parts, globs = path.split("/"), pattern.split("/")
        return len(parts) == len(globs) and all(map(fnmatch.fnmatchcase, parts, globs))
    if not path.startswith(pattern):
        return False
    return pattern.endswith("/") or path[len(pattern) :][:1] in ("", "/")


def _escape(text: str) -> str:
    """As httpd, which leaves an apostrophe as it is."""
    return text.translate(_HTTPD_ESCAPES)


def escaped(text: str) -> str:
    """html.escape; its module brings the names of two thousand characters."""
    return text.translate(_ESCAPES)
