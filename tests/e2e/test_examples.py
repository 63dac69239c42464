"""The configurations of conf/examples serve what their first lines promise."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import wait_for

from fastlb.testing import Server, Servers

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "conf/examples").glob("*.conf"))
SEEDS = 5  # published guides, each of which has one
MEMBER = re.compile(r"127\.0\.0\.1:(90\d\d)")


def changes(path: Path, folder: Path) -> dict[str, str]:
    """What cannot be the same in a test: ports, and where the certificate lies."""
    text = path.read_text("utf-8")
    ports = {
        f"127.0.0.1:{port}": f"{{address:{port}}}" for port in MEMBER.findall(text)
    }
    if "Listen 8443" in text:
        ports |= {
            "Listen 8443": "Listen 127.0.0.1:{port:tls}",
            "*:8443": "*:{port:tls}",
        }
        ports |= {f'"www.{end}"': f'"{folder}/www.{end}"' for end in ("pem", "key")}
    return {
        "Listen 8080": "Listen 127.0.0.1:{port}",
        **({"*:8080": "*:{port}"} if "*:8080" in text else {}),
        **ports,
        "User     www-data\nGroup    www-data\n": "",
    }


def make_certificate(path: Path, folder: Path) -> None:
    """By the command that stands in the file."""
    found = re.search(r"#   (openssl (?:.*\\\n)+.*)", path.read_text("utf-8"))
    assert found is not None
    command = found[1].replace("\\\n#", " ").replace("/tmp/www", f"{folder}/www")
    subprocess.run(command, shell=True, check=True, capture_output=True)


def served_by(server: Server, path: str = "/", cookie: str = "") -> str:
    return server.get(path, {"Cookie": cookie} if cookie else {}).text


def https(servers: Servers, path: str = "/") -> tuple[str, str]:
    """The answer and its Set-Cookie."""
    anybody = ssl._create_unverified_context()
    url = f"https://127.0.0.1:{servers.port('tls')}{path}"
    with urllib.request.urlopen(url, context=anybody, timeout=30) as got:
        return got.read().decode(), got.headers["Set-Cookie"] or ""


def plays_https_and_sessions(server: Server, servers: Servers) -> None:
    answer = server.get("/x?y")
    assert (answer.status, answer.field("Location")) == (
        301,
        "https://www.example.test/x?y",
    )
    names = [https(servers)[0] for _ in range(4)]
    assert sorted(names) == ["9001", "9002", "9002", "9002"]
    name, cookie = https(servers)
    route = {"9001": "ROUTEID=.1;", "9002": "ROUTEID=.2;"}[name]
    assert cookie.startswith(route)


def plays_cluster(server: Server, servers: Servers) -> None:
    wait_for(lambda: served_by(server) != "9004", "the first checks have passed")
    names = ["9001", "9002", "9003"]
    wait_for(lambda: sorted(served_by(server) for _ in names) == names, "all three")
    assert served_by(server, cookie="JSESSIONID=1.server2") == "9002"
    for name in names:
        servers.member(name).answers(status="500 No")
    wait_for(lambda: served_by(server) == "9004", "only the standby is well")
    page = server.get("/server-status?auto").text
    assert page.count("Init Ok") + page.count("Init HcFl") >= 1


def plays_application_sessions(server: Server, servers: Servers) -> None:
    for _ in range(2):
        assert served_by(server, cookie="BALANCEID=balancer.node2") == "9002"
    member = servers.member("9001")
    location = {"Location": f"{member.url}/in", "Set-Cookie": "a=b; Domain=127.0.0.1"}
    member.answers(status="302 Found", fields=location)
    answer = server.get("/", {"Cookie": "BALANCEID=balancer.node1"})
    assert answer.field("Location") == f"{server.url}/in"
    assert answer.field("Set-Cookie") == "a=b; Domain=www.example.test"


def plays_static_and_application(server: Server, servers: Servers) -> None:
    assert {served_by(server, "/static/a.png") for _ in range(2)} == {"9011", "9012"}
    assert servers.member("9011").seen[0].target == "/media/a.png"
    for _ in range(2):
        assert served_by(server, cookie="sessionid=x!app2") == "9002"
    assert served_by(server) in ("9001", "9002")


def plays_reverse_proxy(server: Server, servers: Servers) -> None:
    assert [served_by(server) for _ in range(2)] == ["9001", "9001"]
    assert served_by(server, "/docs/a") == "9003"
    assert servers.member("9003").seen[0].target == "/a"
    assert https(servers)[0] == "9001"
    servers.member("9001").stop()
    assert served_by(server) == "9002"


PLAYS: dict[str, Callable[[Server, Servers], None]] = {
    "https-and-sessions": plays_https_and_sessions,
    "cluster": plays_cluster,
    "application-sessions": plays_application_sessions,
    "static-and-application": plays_static_and_application,
    "reverse-proxy": plays_reverse_proxy,
}


def test_there_is_one_for_each_guide() -> None:
    assert {path.stem for path in EXAMPLES} == set(PLAYS)
    guides = {path.name[:3] for path in (ROOT / "tests/seeds").glob("*.conf")}
    assert len(guides) == len(EXAMPLES) == SEEDS


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_serves(path: Path) -> None:
    with Servers() as servers:
        if "openssl" in path.read_text("utf-8"):
            make_certificate(path, servers.folder)
        own = servers.folder / path.name
        shutil.copy(path, own)
        server = servers(own, replace=changes(path, servers.folder))
        PLAYS[path.stem](server, servers)
