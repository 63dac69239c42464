"""`SetHandler server-info` and `ldap-status`: short pages.

Apache's mod_info prints every directive that it has read. Workers know none: the page
says which server it is and how much it serves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastlb.admin import pages
from fastlb.admin.pages import Answer, not_found
from fastlb.admin.reading import ServerFacts
from fastlb.facts.server import Model

if TYPE_CHECKING:
    from fastlb._core import Request

_TYPE = "text/html; charset=ISO-8859-1"


def server_info(request: Request, model: Model, facts: ServerFacts) -> Answer:
    """Which server this is, and how much it serves. GET and HEAD only."""
    if request.method not in ("GET", "HEAD"):
        return not_found(request, model)
    return _page("Server Information", _settings(request, model, facts))


def ldap_status(request: Request, model: Model) -> Answer:
    """There is no cache of LDAP that could be shown."""
    if request.method not in ("GET", "HEAD"):
        return not_found(request, model)
    return _page("LDAP Cache Information", iter(("<p>No cache is kept.</p>\n",)))


def _settings(request: Request, model: Model, facts: ServerFacts) -> Iterator[str]:
    process = model.process
    yield "<dl>\n"
    for name, value in (
        ("Server Version", model.vhosts[request.vhost_index].server_tokens),
        ("Server Built", facts.built),
        ("Server Root", process.server_root),
        ("Compat", model.compat.value),
        ("Generation", facts.generation),
        ("Virtual hosts", len(model.vhosts) - 1),
        ("Balancers", len(model.balancers)),
        ("Members", len(model.written_members)),
    ):
        yield f"<dt><strong>{name}:</strong> {pages.escaped(str(value))}</dt>\n"
    yield "</dl>\n"


def _page(title: str, body: Iterator[str]) -> Answer:
    text = (
        f"{pages.DOCTYPE}<html><head>\n<title>{title}</title>\n</head><body>\n"
        f"<h1>{title}</h1>\n{''.join(body)}</body></html>\n"
    )
    return 200, _TYPE, text.encode("latin-1", "xmlcharrefreplace"), ()
