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
