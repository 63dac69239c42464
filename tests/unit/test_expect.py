"""`#@ expect` lines, which -t holds a configuration to."""

from __future__ import annotations

from pathlib import Path

import pytest
from rights import AS_ROOT

from fastlb.cli.main import run

SITE = f"""\
ServerName main.example
Listen 8080
{AS_ROOT}<Proxy balancer://api>
  BalancerMember http://127.0.0.1:9001
</Proxy>
ProxyPass /api balancer://api/v1
ProxyPass /direct http://127.0.0.1:9002/d
<Location /admin>
  Require ip 10.0.0.0/8
  ProxyPass http://127.0.0.1:9003/
</Location>
<Location /old>
  Redirect 308 https://new.example/there
</Location>
<Location /status>
  SetHandler server-status
</Location>
"""


def check(folder: Path, *lines: str) -> int:
    path = folder / "httpd.conf"
    path.write_text(f'ServerRoot "{folder}"\n{SITE}' + "\n".join(lines) + "\n")
    return run(["-t", "-f", str(path)], "fastlb")


@pytest.mark.parametrize(
    "line",
    [
        "GET http://main.example/api/x -> balancer://api",
        "GET http://main.example/api/x -> balancer://api/v1/x",
        "/api/x -> http://127.0.0.1:9001",
        "/direct/a -> http://127.0.0.1:9002/d/a",
        "/direct/a -> http://127.0.0.1:9002",
        "POST /nowhere -> 404",
        "/admin -> 403",
        "/admin --from 10.1.1.1 -> http://127.0.0.1:9003",
        "/old -> 308 https://new.example/there",
        "/old -> https://new.example/there",
        "/status -> server-status",
        '/api/ -H "X-A: b" -> balancer://api',
    ],
)
def test_a_line_that_holds(tmp_path: Path, line: str) -> None:
    assert check(tmp_path, f"#@ expect {line}") == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/api/x -> balancer://other", "GET /api/x goes to balancer://api"),
        ("/api/x -> balancer://api/y", "GET /api/x goes to balancer://api/v1/x"),
        ("/api/x -> balancer://api/v2/x", "not to balancer://api/v2/x"),
        ("/admin -> http://127.0.0.1:9003", "goes to an error: 403"),
        ("/old -> 301 https://new.example/there", "goes to 308 https://new.example"),
        ("http://main.example:99/ -> 404", "nothing listens on port 99"),
        ("GET", "FB0391"),
        ("GET / --flag -> 404", "--flag is not understood"),
    ],
)
def test_a_line_that_does_not_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, told: str
) -> None:
    assert check(tmp_path, "# first", f"  #@ expect {line}") == 1
    found = capsys.readouterr().err
    number = SITE.count("\n") + 3
    assert told in found
    assert f"{number} of {tmp_path}/httpd.conf" in found


def test_only_expect_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(tmp_path, "#@ demand / -> 404") == 1
    assert "only expect is known" in capsys.readouterr().err
    assert check(tmp_path, "# @ expect", "#@", "") == 1
