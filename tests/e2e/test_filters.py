"""Bodies that are changed on their way, as a client of today gets them."""

from __future__ import annotations

import gzip
import shutil
import subprocess

import pytest
from peers import Peer, answering, request, response
from rig import Rig

STOCK = """\
AddOutputFilterByType BROTLI_COMPRESS;DEFLATE text/html text/plain text/css
"""
TEXT = b"".join(b"%d bottles of beer on the wall\n" % n for n in range(20_000))


def text(peer: Peer) -> None:
    answering(lambda _: response(TEXT, fields="Content-Type: text/html\r\n"))(peer)


@pytest.mark.needs("curl")
@pytest.mark.parametrize("coding", ["gzip", "br", ""])
def test_curl_unpacks_what_it_gets(rig: Rig, coding: str) -> None:
    rig.serve(text, text=STOCK)
    asks = ("-H", f"Accept-Encoding: {coding}") if coding else ()
    command = [shutil.which("curl") or "curl", "-sS", "--compressed", "-D-", *asks]
    got = subprocess.run(
        [*command, f"http://127.0.0.1:{rig.port}/"],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    head, _, body = got.partition(b"\r\n\r\n")
    assert body == TEXT
    if coding:
        assert f"Content-Encoding: {coding}".encode() in head


def test_packed_answers_of_a_member_are_unpacked_and_changed(rig: Rig) -> None:
    packed = gzip.compress(TEXT)
    rig.serve(
        answering(lambda _: response(packed, fields="Content-Encoding: gzip\r\n")),
        text="SetOutputFilter INFLATE;SUBSTITUTE\nSubstitute s/beer/wine/n",
    )
    assert rig.ask(request()).body == TEXT.replace(b"beer", b"wine")


PAGE = b'<!DOCTYPE html><body class=x><A HREF="http://in.test/%d?a&amp;b">in</A>\n'


@pytest.mark.needs("curl")
def test_links_in_a_packed_page_are_changed_and_it_is_packed_anew(rig: Rig) -> None:
    page = b"".join(PAGE % n for n in range(10_000))
    packed = gzip.compress(page)
    fields = "Content-Type: text/html\r\nContent-Encoding: gzip\r\n"
    rig.serve(
        answering(lambda _: response(packed, fields=fields)),
        text="SetOutputFilter INFLATE;proxy-html;DEFLATE\nProxyHTMLLinks a href\n"
        "ProxyHTMLURLMap http://in.test /out",
    )
    command = [shutil.which("curl") or "curl", "-sS", "--compressed", "-D-"]
    got = subprocess.run(
        [*command, f"http://127.0.0.1:{rig.port}/"],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert body == page.replace(b"http://in.test", b"/out")


@pytest.mark.needs("apache2")
def test_debians_own_list_of_links_is_taken(rig: Rig) -> None:
    """With its events, in silence; and what it names is changed."""
    page = b'<img usemap="/a"><head profile=\'/b\'><video src="/c">'
    rig.serve(
        answering(lambda _: response(page, fields="Content-Type: text/html\r\n")),
        text="Include /etc/apache2/mods-available/proxy_html.conf\n"
        "ProxyHTMLEnable On\nProxyHTMLURLMap / /gw/",
    )
    want = b'<img usemap="/gw/a"><head profile=\'/gw/b\'><video src="/c">'
    assert rig.ask(request()).body == want
