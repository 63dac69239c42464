"""What a worker tells the core about a TLS connection."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from certificates import make_ca, make_pair
from tls_peers import Server, settings, shake

from fastlb.tls.library import address_of
from fastlb.tls.pass_phrases import PassPhrases
from fastlb.tls.server_context import server_context
from fastlb.worker.services import WorkerServices


def test_variables_come_in_one_call_as_bytes(tmp_path: Path) -> None:
    files = make_pair(make_ca(), ["one.test"]).write(tmp_path, "one")
    context = server_context(settings(files), "one.test:443", PassPhrases()).context
    shaken = shake(Server(context, context))
    services = cast(WorkerServices, object.__new__(WorkerServices))
    names = ("SSL_PROTOCOL", "SSL_CLIENT_S_DN", "SSL_SERVER_S_DN_CN", "HTTPS")
    found = services.tls_variables(names, address_of(shaken.ours._ssl), 0)
    assert found == [b"TLSv1.3", None, b"one.test", b"on"]
