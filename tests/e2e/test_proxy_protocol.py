"""The PROXY protocol with others that speak it: HAProxy in front, HAProxy and nginx
behind."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import DEADLINE_S, HOST, is_listening, wait_for
from peers import Peer, answering, request, response
from ports import free_port
from rig import Rig

CLIENT = "127.0.0.9"
HAPROXY = """\
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
"""
NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/a;
  proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d;
  scgi_temp_path {folder}/e;
  server {{
    listen {host}:{port} proxy_protocol;
    location / {{ return 200 "$proxy_protocol_addr $proxy_protocol_port"; }}
  }}
}}
"""
Runner = Callable[[int, str, str], None]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Runner]:
    """run(port, program, configuration): it listens there until the test is over."""
    begun: list[subprocess.Popen[bytes]] = []

    def begin(port: int, program: str, text: str) -> None:
        conf = tmp_path / f"{program}.conf"
        conf.write_text(text)
        words = {
            "haproxy": ["haproxy", "-db", "-f", str(conf)],
            "nginx": ["nginx", "-p", str(tmp_path), "-c", str(conf)],
        }[program]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        begun.append(process)

        def is_up() -> bool:
            assert process.poll() is None, f"{program} ended"
            return is_listening(port)

        wait_for(is_up, f"{program} listens")

    yield begin
    for process in begun:
        process.terminate()
        process.wait(DEADLINE_S)


def told(message: Any) -> bytes:
    """The client, as a member is told it."""
    fields = {name.lower(): value for name, value in message.fields}
    return response(fields["x-forwarded-for"].encode())


def asked_from(address: str, port: int) -> tuple[bytes, int]:
    """The body of an answer to a client at that address, and its port."""
    sock = socket.create_connection(
        (HOST, port), timeout=DEADLINE_S, source_address=(address, 0)
    )
    peer = Peer(sock)
    peer.send(request(fields="Connection: close\r\n"))
    body = peer.take_response().body
    local: int = sock.getsockname()[1]
    peer.close()
    return body, local


@pytest.mark.needs("haproxy")
@pytest.mark.parametrize("how", ["send-proxy", "send-proxy-v2"])
def test_haproxy_in_front_names_its_clients(rig: Rig, run: Runner, how: str) -> None:
    rig.serve(answering(told), text="RemoteIPProxyProtocol On")
    port = free_port()
    run(
        port,
        "haproxy",
        f"{HAPROXY}listen front\n  bind {HOST}:{port}\n"
        f"  server fastlb {HOST}:{rig.port} {how} check inter 50ms\n",
    )
    for address in (CLIENT, "127.0.0.10", CLIENT):
        assert asked_from(address, port)[0] == address.encode()
    assert "FB0320" not in rig.error_log
    assert "RemoteIPProxyProtocol" not in rig.error_log


@pytest.mark.needs("haproxy")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_haproxy_behind_is_told_the_client(rig: Rig, run: Runner, version: str) -> None:
    port = free_port()
    run(
        port,
        "haproxy",
        f"{HAPROXY}frontend behind\n  bind {HOST}:{port} accept-proxy\n"
        "  http-request return status 200 content-type text/plain"
        ' lf-string "%[src] %[src_port]"\n',
    )
    rig.start(f"ProxyPass / http://{HOST}:{port}/ proxyprotocol={version}")
    for address in (CLIENT, "127.0.0.10", CLIENT):
        body, local = asked_from(address, rig.port)
        assert body.decode() == f"{address} {local}"


@pytest.mark.needs("nginx")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nginx_behind_is_told_the_client(rig: Rig, run: Runner, version: str) -> None:
    port = free_port()
    text = NGINX.format(folder=rig.folder, host=HOST, port=port)
    run(port, "nginx", text)
    rig.start(f"ProxyPass / http://{HOST}:{port}/ proxyprotocol={version}")
    for address in (CLIENT, "127.0.0.10", CLIENT):
        body, local = asked_from(address, rig.port)
        assert body.decode() == f"{address} {local}"
