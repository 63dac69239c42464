"""What changes between two configurations, in their own words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rights import AS_ROOT
from trees import model_of

from fastlb.cli.main import run
from fastlb.facts.server import Model
from fastlb.model.changes import Sign, changes, log_line, told

BASE = """\
ServerName main.example
Listen 8080
<Proxy balancer://api>
  BalancerMember http://127.0.0.1:9001 route=a
  BalancerMember http://127.0.0.1:9002 route=b
</Proxy>
ProxyPass /api balancer://api/v1
ProxyPass / http://127.0.0.1:9009/
<Location /admin>
  Require ip 10.0.0.0/8
</Location>
<VirtualHost *:8080>
  ServerName one.example
  ProxyPass /x http://127.0.0.1:9010/
</VirtualHost>
"""


def between(old: str, new: str) -> list[str]:
    """Lines without their places."""
    found = told(changes(model_of(old), model_of(new)))
    return [line.partition("   /")[0].rstrip() for line in found]


def test_nothing_changes_with_blanks_comments_and_lines() -> None:
    assert between(BASE, "# first\n\n" + BASE.replace("  ", "\t")) == []
    assert log_line([]) == "nothing changed"


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (
            "Listen 8080\n",
            "Listen 8081\n",
            ["- listener *:8080", "+ listener *:8081"],
        ),
        (
            "ServerName main",
            "Timeout 77\nServerName main",
            ["~ host main.example", "    ~ Timeout: 60 s -> 77 s"],
        ),
        (
            "balancer://api/v1",
            "balancer://api/v2",
            [
                "~ host main.example",
                "    ~ ProxyPass /api: target balancer://api/v1 -> balancer://api/v2",
            ],
        ),
        (
            "ProxyPass /x http",
            "ProxyPass /y http",
            [
                "~ host *:8080/one.example",
                "    - ProxyPass /x http://127.0.0.1:9010/",
                "    + ProxyPass /y http://127.0.0.1:9010/",
            ],
        ),
        (
            "Require ip 10.",
            "Require ip 11.",
            ["~ host main.example", "    ~ <Location /admin>: Require"],
        ),
        (
            "route=b",
            "route=c",
            ["~ member http://127.0.0.1:9002 of balancer://api: route b -> c"],
        ),
        (
            "route=b",
            "route=b hcmethod=GET hcuri=/up hctimeout=2",
            [
                "~ member http://127.0.0.1:9002 of balancer://api:"
                " hcmethod NONE -> GET, hcuri none -> /up"
            ],
        ),
        (
            "  BalancerMember http://127.0.0.1:9002 route=b\n",
            "  ProxySet lbmethod=bybusyness\n",
            [
                "~ balancer balancer://api: lbmethod byrequests -> bybusyness",
                "- member http://127.0.0.1:9002 of balancer://api",
            ],
        ),
        (
            "ServerName one.example",
            "ServerName two.example",
            ["- host *:8080/one.example", "+ host *:8080/two.example"],
        ),
    ],
)
def test_a_change_is_told_once_and_where_it_is(
    old: str, new: str, lines: list[str]
) -> None:
    assert old in BASE
    found = between(BASE, BASE.replace(old, new))
    assert found == lines


def test_one_line_for_the_log() -> None:
    new = "Timeout 9\n" + BASE.replace("route=b", "route=c")
    found = changes(model_of(BASE), model_of(new))
    assert log_line(found) == (
        "host main.example: ~ Timeout: 60 s -> 9 s; "
        "~ member http://127.0.0.1:9002 of balancer://api: route b -> c"
    )


def test_the_line_for_the_log_is_bounded() -> None:
    new = BASE + "".join(f"Listen {port}\n" for port in range(81, 91))
    line = log_line(changes(model_of(BASE), model_of(new)))
    assert line.endswith("+ listener *:86; and 4 changes more")


def test_a_share_is_told_as_it_is_written() -> None:
    text = "Listen 80\n<Proxy balancer://b>\nBalancerMember http://a{}\n</Proxy>\n"
    old, new = (text.format(end) for end in ("", " loadfactor=2.5"))
    assert "loadfactor 1 -> 2.5" in log_line(changes(model_of(old), model_of(new)))


def test_listeners_are_known_by_address_and_port() -> None:
    listens = "Listen 8080\nListen 127.0.0.1:81\n"
    other = "Listen [::1]:82\nListen 127.0.0.1:81\nListen 8080\n"
    old = BASE.replace("Listen 8080\n", listens)
    assert between(old, BASE.replace("Listen 8080\n", other)) == ["+ listener [::1]:82"]


def test_what_a_host_brings_with_it_is_told_with_the_host() -> None:
    host = (
        "<VirtualHost *:8080>\nServerName new.example\n"
        "<Proxy balancer://own>\nBalancerMember http://127.0.0.1:9003\n</Proxy>\n"
        "ProxyPass / balancer://own/\n</VirtualHost>\n"
    )
    assert between(BASE, BASE + host) == ["+ host *:8080/new.example"]
    assert between(BASE + host, BASE) == ["- host *:8080/new.example"]


NAMES = st.lists(st.sampled_from("abcdefg"), unique=True, min_size=1)


@settings(max_examples=25)
@given(NAMES, NAMES)
def test_every_member_comes_goes_or_stays(old: list[str], new: list[str]) -> None:
    def model(names: list[str]) -> Model:
        lines = "".join(f"BalancerMember http://{name}\n" for name in names)
        return model_of(
            f"Listen 80\n<Proxy balancer://b>\n{lines}</Proxy>\n"
            "ProxyPass / balancer://b/\n"
        )

    found = changes(model(old), model(new))
    for sign, names in (
        (Sign.COMES, set(new) - set(old)),
        (Sign.GOES, set(old) - set(new)),
    ):
        told_of = {change.name for change in found if change.sign is sign}
        assert told_of == {f"http://{name} of balancer://b" for name in names}


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.conf", tmp_path / "new.conf"
    old.write_text(AS_ROOT + BASE)
    new.write_text(AS_ROOT + BASE.replace("/v1", "/v2"))
    assert run(["diff", str(old), str(old)], "fastlb") == 0
    assert run(["diff", str(old), str(new)], "fastlb") == 1
    assert f"{new}:" in capsys.readouterr().out
    assert run(["diff", str(old), str(tmp_path / "none")], "fastlb") == 2
    assert run(["diff", str(old)], "fastlb") == 2
