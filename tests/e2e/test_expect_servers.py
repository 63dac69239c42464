"""Expect: 100-continue between curl and servers that judge it in their own ways.

Tornado compares the expectation letter by letter and then says 100; Cheroot says 100 at
any spelling. curl waits a second for it, then sends.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import HOST, Fastlb, is_listening, wait_for
from ports import free_port
from tls_site import curl

BODY_BYTES = 3_000_000

TORNADO = """\
import asyncio, hashlib, sys
import tornado.web

class Take(tornado.web.RequestHandler):
    def post(self):
        body = self.request.body
        if self.request.files:
            body = self.request.files["f"][0].body
        self.write(hashlib.sha256(body).hexdigest())
    put = post

async def main():
    application = tornado.web.Application([("/.*", Take)])
    application.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
"""

CHEROOT = """\
import hashlib, sys
from cheroot.wsgi import Server

def take(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [hashlib.sha256(body).hexdigest().encode()]

Server(("127.0.0.1", int(sys.argv[1])), take).start()
"""


@pytest.fixture(params=[TORNADO, CHEROOT], ids=["tornado", "cheroot"])
def application(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """The port of an application that answers with the digest of what it got."""
    port = free_port()
    program = tmp_path / "application.py"
    program.write_text(request.param)
    process = subprocess.Popen(
        [sys.executable, str(program), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: is_listening(port), "the application listens")
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.needs("curl")
def test_uploads_of_curl_arrive(
    server: Fastlb, application: int, tmp_path: Path
) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(bytes(range(256)) * (BODY_BYTES // 256))
    digest = hashlib.sha256(upload.read_bytes()).hexdigest()
    server.write(f"ProxyPass / http://{HOST}:{application}/\n", workers=1)
    server.start()
    url = f"http://{HOST}:{server.port}/x"
    # curl asks for permission with files of this size, and here by hand as well.
    for words in (
        ("-T", str(upload)),
        ("-T", str(upload), "-H", "Transfer-Encoding: chunked"),
        ("-T", str(upload), "-H", "Expect: 100-continue"),
        ("-T", str(upload), "-H", "Expect:"),
        ("-T", str(upload), "-H", "Expect: 100-Continue"),
    ):
        done = curl("--max-time", "20", *words, url)
        assert (done.stdout, done.stderr) == (digest, ""), words


@pytest.mark.needs("curl")
def test_a_form_of_curl_arrives_at_tornado(server: Fastlb, tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", TORNADO, str(port)])
    upload = tmp_path / "upload"
    upload.write_bytes(bytes(range(256)) * (BODY_BYTES // 256))
    digest = hashlib.sha256(upload.read_bytes()).hexdigest()
    try:
        wait_for(lambda: is_listening(port), "the application listens")
        server.write(f"ProxyPass / http://{HOST}:{port}/\n", workers=1)
        server.start()
        for words in (("-F", f"f=@{upload}"), ("-F", f"f=@{upload}", "-H", "Expect:")):
            done = curl("--max-time", "20", *words, f"http://{HOST}:{server.port}/")
            assert (done.stdout, done.stderr) == (digest, ""), words
    finally:
        process.kill()
        process.wait()
