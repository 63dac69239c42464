"""What rules make of a request: decided by the plan, without a connection."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import pytest
from test_plan import Plan
from trees import errors, model_of, warnings

WEBSOCKET = ("Upgrade: websocket", "Connection: Upgrade")
# The ways in which people write it.
UPGRADES = (
    """
    RewriteCond %{HTTP:Upgrade} websocket [NC]
    RewriteRule /(.*) ws://127.0.0.1:81/$1 [P,L]
    """,
    """
    RewriteCond %{HTTP:Upgrade} =websocket [NC]
    RewriteRule /(.*) ws://127.0.0.1:81/$1 [P,L]
    RewriteCond %{HTTP:Upgrade} !=websocket [NC]
    RewriteRule /(.*) http://127.0.0.1:80/$1 [P,L]
    """,
    """
    RewriteCond %{HTTP:Upgrade} ^websocket$ [NC]
    RewriteCond %{HTTP:Connection} upgrade [NC]
    RewriteRule ^/?(.*) "ws://127.0.0.1:81/$1" [P,L]
    """,
    """
    RewriteCond %{HTTP:Connection} Upgrade [NC]
    RewriteCond %{HTTP:Upgrade} websocket [NC]
    RewriteRule .* ws://127.0.0.1:81%{REQUEST_URI} [P]
    """,
    """
    RewriteCond %{HTTP:UPGRADE} ^WebSocket$ [NC,OR]
    RewriteCond %{HTTP:CONNECTION} ^Upgrade$ [NC]
    RewriteRule .* ws://127.0.0.1:81%{REQUEST_URI} [P,QSA,L]
    """,
)


@pytest.mark.parametrize("rules", UPGRADES)
def test_a_rule_sends_a_websocket_to_its_member(rules: str) -> None:
    plan = Plan(f"RewriteEngine on\n{rules}\nProxyPass / http://127.0.0.1:80/\n")
    ordinary = plan("/app/socket?a=b")
    assert (ordinary["what"], ordinary["target"]) == ("member", b"/app/socket?a=b")
    upgraded = plan("/app/socket?a=b", *WEBSOCKET)
    assert (upgraded["what"], upgraded["target"]) == ("member", b"/app/socket?a=b")
    assert upgraded["member"] != ordinary["member"]


def test_a_status_ends_it_before_a_mapping_is_looked_for() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteRule ^/admin - [F]\nRewriteRule ^/old - [G]\n"
        "RewriteRule ^/no - [R=404]\nProxyPass / http://127.0.0.1:80/\n"
    )
    for path, status in (("/admin/x", 403), ("/old", 410), ("/no", 404)):
        found = plan(path)
        assert (found["what"], found["status"]) == ("error", status)
    assert plan("/x")["what"] == "member"


def test_a_redirect_says_where() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteCond %{HTTPS} off\n"
        "RewriteRule ^/?(.*) https://%{SERVER_NAME}/$1 [R=301,L]\n"
    )
    found = plan("/a%20b?x=1")
    assert (found["what"], found["status"]) == ("redirect", 301)
    assert found["location"] == b"https://one.example/a%20b?x=1"


def test_pass_through_maps_the_new_path() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteRule ^/old/(.*) /new/$1?a=b [PT,QSA]\n"
        "ProxyPass /new http://127.0.0.1:80/x\n"
    )
    assert plan("/old/y?c=d")["target"] == b"/x/y?a=b&c=d"
    assert plan("/other")["what"] == "file"


PIECES = (
    "/a../secret",
    "/a%2e%2e/secret",
    "/a./secret",
    "/a/secret",
    "/a//secret",
    "/a..;/secret",
)


@pytest.mark.parametrize("path", PIECES)
def test_what_a_rule_puts_together_is_asked_for_as_members_read_it(path: str) -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteRule ^/a(.*) /b/$1 [PT]\n"
        "ProxyPass / http://127.0.0.1:80/\n"
        "<LocationMatch ^/(b/)?secret>\nRequire all denied\n</LocationMatch>\n"
    )
    assert plan(path)["status"] == 403
    assert plan("/a/x")["target"] == b"/b//x"


@pytest.mark.parametrize("flags", ["P", "P,NE"])
@pytest.mark.parametrize("dots", ["..", "%2e%2e", "..;", "%252e%252e"])
def test_a_rule_leads_nobody_above_what_it_names(flags: str, dots: str) -> None:
    plan = Plan(
        f"RewriteEngine on\nRewriteRule ^/a(.*) http://127.0.0.1:80/app/$1 [{flags}]\n"
    )
    found = plan(f"/a{dots}/secret")
    if dots == "%252e%252e" and flags == "P":
        assert found["target"] == b"/app/%252e%252e/secret"
        return
    assert (found["status"], found["because"]) == (403, "climbs")
    assert plan("/a/b..c")["target"] == b"/app//b..c"


def test_a_query_of_the_same_length_is_the_rules() -> None:
    plan = Plan(
        "RewriteEngine on\nProxyPass /a http://127.0.0.1:80/a\n"
        "<Location /a>\nRewriteRule ^(.*)$ $1?role=guest\n</Location>\n"
    )
    for query in ("", "?role=admin", "?role=root"):
        assert plan(f"/a/x{query}")["target"] == b"/a/x?role=guest"


def test_what_all_rounds_make_has_a_bound() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteRule ^/x(.*) /x$1 [N]\n"
        "ProxyPass / http://127.0.0.1:80/\n"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert plan("/x" + "y" * 8000)["status"] == 500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + (64 << 10)


def test_nothing_runs_without_the_engine() -> None:
    plan = Plan("RewriteRule ^ - [F]\nProxyPass / http://127.0.0.1:80/\n")
    assert plan("/")["what"] == "member"


def test_a_question_mark_that_was_sent_is_no_query() -> None:
    rules = "RewriteEngine on\nRewriteRule ^/a/(.*) http://127.0.0.1:80/$1 [P{0}]\n"
    found = Plan(rules.format(""))("/a/b%3fc")
    assert (found["what"], found["status"]) == ("error", 403)
    found = Plan(rules.format(",UnsafeAllow3F"))("/a/b%3fc")
    assert (found["what"], found["target"]) == ("member", b"/b?c")


def test_many_rules_are_as_one() -> None:
    lines = [f"RewriteRule ^/r{n}$ - [R=404]" for n in range(500)]
    plan = Plan(
        "RewriteEngine on\n" + "\n".join(lines) + "\nRewriteRule ^/r7x - [F]\n"
        "RewriteRule x$ - [G]\nProxyPass / http://127.0.0.1:80/\n"
    )
    for path, status in (("/r7", 404), ("/r499", 404), ("/r7x", 403), ("/r8x", 410)):
        assert plan(path)["status"] == status
    assert plan("/r500")["what"] == "member"


def test_maps_give_values(tmp_path: Path) -> None:
    (tmp_path / "pairs").write_text("# none\na one\nb two|two\n c three\nd\na four\n")
    (tmp_path / "hosts").write_text("x 127.0.0.1:80\ny 127.0.0.1:81|127.0.0.1:81\n")
    plan = Plan(
        f"RewriteEngine on\nRewriteMap pairs txt:{tmp_path}/pairs\n"
        f"RewriteMap some rnd:{tmp_path}/pairs\nRewriteMap low int:tolower\n"
        f"RewriteMap hosts rnd:{tmp_path}/hosts\n"
        "RewriteRule ^/t/(.*) /${pairs:$1|none}/${nomap:$1|x} [R]\n"
        "RewriteRule ^/r/(.*) /${some:${low:$1}|none} [R]\n"
        "RewriteRule ^/p/(.*) http://${hosts:$1|127.0.0.1:82}/$1 [P]\n"
    )
    for path, wanted in (
        ("/t/a", b"/one/x"),
        ("/t/c", b"/none/x"),
        ("/t/d", b"/none/x"),
        ("/r/B", b"/two"),
        ("/r/Q", b"/none"),
    ):
        assert plan(path)["location"].endswith(wanted), path
    assert len({plan(f"/p/{host}")["member"] for host in "xyz"}) == 3
    assert plan("/p/y")["target"] == b"/y"


def test_a_target_need_not_say_the_port_that_its_protocol_has() -> None:
    plan = Plan(
        "RewriteEngine on\n"
        "RewriteRule ^/f/(.*) fcgi://127.0.0.1/app/$1 [P]\n"
        "RewriteRule ^/a/(.*) ajp://127.0.0.1:8009/$1 [P]\n"
        "RewriteRule ^/b/(.*) ajp://127.0.0.1/$1 [P]\n"
        "RewriteRule ^/s/(.*) https://127.0.0.1/$1 [P]\n"
    )
    for path in ("/f/x", "/a/x", "/b/x", "/s/x"):
        assert plan(path)["what"] == "member", path
    assert plan("/a/x")["member"] == plan("/b/x")["member"]


def test_a_target_is_found_at_the_socket_that_a_section_gives_it() -> None:
    plan = Plan(
        "<Proxy unix:/s|fcgi://php>\nProxySet timeout=9\n</Proxy>\nRewriteEngine on\n"
        "RewriteRule ^/f/(.*) fcgi://php/app/$1 [P]\n"
        "RewriteRule ^/u/(.*) unix:/s|fcgi://php/app/$1 [P]\n"
        "RewriteRule ^/v/(.*) unix:/t|fcgi://php/app/$1 [P]\n"
    )
    told = [plan(f"/{name}/x") for name in "fuv"]
    assert [one["what"] for one in told] == ["member"] * 3
    members = [one["member"] for one in told]
    assert members[0] == members[1] != members[2]


def test_a_name_of_ours_is_one_of_those_that_are_configured() -> None:
    plan = Plan(
        "<VirtualHost *>\nServerName one.example\n"
        "ServerAlias two.example *.many.example\nRewriteEngine on\n"
        "RewriteRule ^/h/(.*) http://%{HTTP_HOST}:81/$1 [P]\n"
        "RewriteRule ^/s/(.*) http://%{SERVER_NAME}/$1 [P]\n</VirtualHost>\n"
    )

    def asked(host: str, path: str) -> dict[str, Any]:
        return plan.raw(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), "192.0.2.1"
        )

    first, second = asked("one.example", "/h/x"), asked("TWO.example", "/h/x")
    assert (first["what"], first["target"]) == ("member", b"/x")
    assert second["what"] == "member"
    assert first["member"] != second["member"]
    assert asked("one.example:8080", "/s/x")["what"] == "member"
    # Whoever sends the request does not choose where it goes.
    for host in ("a.many.example", "169.254.169.254", "one.example:82"):
        assert asked(host, "/h/x")["status"] == 500, host


def hosts_of(folder: Path, lines: str) -> list[str]:
    """Hosts that the rules of a server lead to."""
    text = "Listen 80\nServerName own.example\nRewriteEngine on\n"
    text += f"RewriteMap m {folder}/hosts\nRewriteMap names {folder}/names\n"
    model = model_of(f"{text}{lines}\n")
    rules = model.vhosts[0].rewrite
    assert rules is not None
    return sorted(one.target for one in rules.targets)


def test_a_host_is_one_of_those_that_the_configuration_bounds(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("a one:81\nb two:81\n")
    (tmp_path / "names").write_text("a one\nb two\n")
    for lines, wanted in (
        ("RewriteRule ^/(a|b)/(.*) http://$1.x:81/$2 [P]", "a.x:81 b.x:81"),
        ("RewriteRule ^ http://${nomap:x|a}:81/ [P]", "a:81"),
        (
            "RewriteRule ^/(a|b) http://${m:x|$1:81}/ [P]",
            "a:81 b:81 one:81 two:81",
        ),
        ("RewriteRule ^/([12])/(.*) http://x:808$1/$2 [P]", "x:8081 x:8082"),
        ("RewriteRule ^/(a)?x http://$1b/ [P]", "ab b"),
        (
            "RewriteCond %{HTTP_HOST} ^(a|b)\\.\nRewriteRule ^ http://%1:81/ [P]",
            "a:81 b:81",
        ),
        (
            "RewriteCond %{HTTP_HOST} ^(a)\\.\nRewriteCond %{REQUEST_URI} ^/(b|c)\n"
            "RewriteRule ^ http://%1:81/ [P]",
            "b:81 c:81",
        ),
        (
            "RewriteCond %{HTTP_HOST} ^(a)\\. [OR]\nRewriteCond %{HTTP_HOST} ^(b)$\n"
            "RewriteCond %{REQUEST_URI} !^/(c)\nRewriteRule ^ http://%1:81/ [P]",
            "a:81 b:81",
        ),
        (
            "RewriteCond ${m:%{HTTP_HOST}} (.+)\nRewriteRule ^ http://%1/ [P]",
            "one:81 two:81",
        ),
        (
            "RewriteCond %{HTTP_HOST} ^own\\.(.*)$\nRewriteRule ^ http://%1:81/ [P]",
            "example:81",
        ),
        (
            "RewriteRule ^/(a|b)/ - [E=to:$1]\nRewriteRule ^ - [E=to:${names:x|c}]\n"
            "RewriteRule ^ http://%{ENV:to}:81/ [P]",
            "a:81 b:81 c:81 one:81 two:81",
        ),
        ("SetEnv to d\nRewriteRule ^ http://%{ENV:to}:81/ [P]", "d:81"),
        ("RewriteRule ^ http://x:%{SERVER_PORT}/ [P]", "x"),
        ("RewriteRule ^(/a.*) http://x:81$1 [P]", "x:81"),
        ("RewriteRule ^/a(.*) http://x:81$1 [P]", "x:81"),
        ("RewriteRule ^ http://x:81%{REQUEST_URI} [P]", "x:81"),
        ("RewriteRule ^(.*)\\.htm$ http://x:81$1.html [P]", "x:81"),
    ):
        found = [one.split("://")[1] for one in hosts_of(tmp_path, lines)]
        assert found == wanted.split(), lines


def test_a_map_that_holds_nothing_yet_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("# to come\n")
    (tmp_path / "names").write_text("")
    for lines, wanted in (
        ("RewriteRule ^/(.*) http://${m:$1}/ [P]", ""),
        ("RewriteRule ^/(.*) http://${m:$1|one:81}/ [P]", "one:81"),
        ("RewriteRule ^ http://${names:x}-${m:x}.y/ [P]", ""),
        ("RewriteCond ${m:%{HTTP_HOST}} (.+)\nRewriteRule ^ http://%1/ [P]", ""),
    ):
        found = [one.split("://")[1] for one in hosts_of(tmp_path, lines)]
        assert found == wanted.split(), lines
    text = (
        f"RewriteEngine on\nRewriteMap m {tmp_path}/hosts\n"
        "RewriteRule ^/(.*) http://${m:$1}/ [P]\n"
    )
    (told,) = warnings(f"Listen 8080\n{text}")
    assert "the host comes from a map that holds none" in told
    assert Plan(text)("/x")["status"] == 500


def test_whoever_asks_never_chooses_any_host(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("a one:81\n")
    for lines in (
        "RewriteRule ^/([^/]*)/(.*) http://$1/$2 [P]",
        "RewriteRule ^/([a-z.]+)/(.*) http://in-$1:80/$2 [P]",
        "RewriteRule ^/(.*)/(.*) http://$1.internal/$2 [P]",
        "RewriteRule ^/([0-9]+)/(.*) http://x:80$1/$2 [P]",
        "RewriteCond %{HTTP_HOST} ^(.*)\\.own\nRewriteRule ^ http://%1/ [P]",
        "RewriteCond %{HTTP:X-To} ^(.*)$\nRewriteRule ^ http://app-%1/ [P]",
        "RewriteCond %{HTTP:X-To} (.*)\nRewriteRule ^ http://%1/ [P]",
        "RewriteCond %{HTTP:X-To} ^(a)$ [OR]\nRewriteCond %{HTTP:X-To} (.*)\n"
        "RewriteRule ^ http://%1/ [P]",
        "RewriteCond %{HTTP:X-To} (.*) [OR]\nRewriteCond %{HTTP:X-To} ^(a)$\n"
        "RewriteRule ^ http://%1/ [P]",
        'RewriteCond expr "%{HTTP:X-To} =~ /(.*)/"\nRewriteRule ^ http://%1/ [P]',
        "RewriteRule ^ http://%{HTTP:X-To}/ [P]",
        "RewriteRule ^ http://%{QUERY_STRING}/ [P]",
        "RewriteRule ^ - [E=to:%{HTTP:X-To}]\nRewriteRule ^ http://%{ENV:to}/ [P]",
        "RewriteRule ^/(.*) - [E=to:a]\nRewriteRule ^/(.*) - [E=$1:b]\n"
        "RewriteRule ^ http://%{ENV:to}/ [P]",
        "SetEnvIf X-To (.*) to=$1\nRewriteRule ^ http://%{ENV:to}/ [P]",
        "RewriteRule ^/(.*) $1 [P]",
        "RewriteRule ^ %{HTTP:X-To} [P]",
        "RewriteRule ^/(.*) http://${m:$1|%{HTTP:X-To}}/ [P]",
        "RewriteRule ^/(.*) http://${m:$1|${m:x|$1}}/ [P]",
        "RewriteRule ^/(.*) http://${low:$1|none}/ [P]",
        "RewriteRule ^/(.*) - [E=to:${m:$1|$1}]\nRewriteRule ^ http://%{ENV:to}/ [P]",
    ):
        maps = f"RewriteMap m {tmp_path}/hosts\nRewriteMap low int:tolower\n"
        found = errors(f"Listen 80\nServerName own.example\n{maps}{lines}\n")
        assert len(found) == 1 and "RewriteRule: [P]" in found[0], (lines, found)


def test_who_names_another_host_gets_500() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteCond %{HTTP:X-To} ^(a|b)$ [NC]\n"
        "RewriteRule ^/c/(.*) http://%1.x:81/$1 [P]\n"
        "RewriteRule ^/s/(.*) http://127.0.0.1:80$1 [P]\n"
    )
    one, other = plan("/c/x", "X-To: a"), plan("/c/x", "X-To: B")
    assert (one["what"], one["target"]) == ("member", b"/x")
    assert other["what"] == "member" and one["member"] != other["member"]
    for path in ("/s/81/x", "/s/.evil.example/", "/s/@evil.example/"):
        assert plan(path)["status"] == 500, path


ADMIN = (
    "RewriteCond %{REMOTE_ADDR} ^10\\.\n"
    "RewriteRule ^/admin/(.*) http://admin.internal:81/$1 [P]\n"
)
ANY_HOST = "RewriteRule ([^/]*)$ http://%{HTTP_HOST}:81/$1 [P]\n"


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        (ANY_HOST, "/x"),
        (f"<Location /in>\nRewriteEngine on\n{ANY_HOST}</Location>\n", "/in/x"),
        (f"<Directory /var>\nRewriteEngine on\n{ANY_HOST}</Directory>\n", "/x"),
        # one without [P], over the URL of a member
        (
            "RewriteRule ^/in/(.*) http://one.example:81/$1 [P]\n"
            "<Location /in>\nRewriteEngine on\n"
            "RewriteRule ([^/]*)$ proxy:http://%{HTTP_HOST}:81/$1\n</Location>\n",
            "/in/x",
        ),
    ],
)
def test_a_rule_leads_to_no_target_of_another(rules: str, path: str) -> None:
    """Which another rule has for those alone whom its conditions let by."""
    plan = Plan(
        "<VirtualHost *>\nServerName one.example\nRewriteEngine on\n"
        f"{ADMIN}{rules}</VirtualHost>\n"
    )

    def asked(host: str, path: str, remote: str) -> dict[str, Any]:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        return plan.raw(head.encode(), remote)

    mine = asked("one.example", path, "192.0.2.1")
    assert (mine["what"], mine["target"]) == ("member", b"/x")
    admin = asked("one.example", "/admin/x", "10.0.0.1")
    assert (admin["what"], admin["target"]) == ("member", b"/x")
    assert admin["member"] != mine["member"]
    assert asked("admin.internal", path, "192.0.2.1")["status"] == 500


def test_an_inherited_rule_leads_to_its_own_targets() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteOptions InheritDown\n"
        "RewriteRule ^/(a|b)/(.*) http://$1.x:81/$2 [P]\n"
        "<VirtualHost *>\nServerName one.example\nRewriteEngine on\n"
        "RewriteRule ^/own/(.*) http://own.x:81/$1 [P]\n</VirtualHost>\n"
    )
    found = [plan(f"/{path}/x") for path in ("a", "b", "own")]
    assert [one["what"] for one in found] == ["member"] * 3
    assert len({one["member"] for one in found}) == 3


def test_a_scheme_may_be_found_by_the_rules() -> None:
    plan = Plan(
        "RewriteEngine on\n"
        "RewriteCond %{HTTP:Upgrade} websocket [NC]\nRewriteRule . - [E=p:ws]\n"
        'RewriteCond %{ENV:p} =""\nRewriteRule . - [E=p:http]\n'
        "RewriteRule ^/e/(.*) %{ENV:p}://127.0.0.1:81/$1 [P]\n"
        "RewriteRule ^/r/(.*) %{REQUEST_SCHEME}://127.0.0.1:81/$1 [P]\n"
        "RewriteRule ^/s(s?)/(.*) http$1://127.0.0.1:81/$2 [P]\n"
        "RewriteRule ^/o/([^/]*)/(.*) $1://127.0.0.1:81/$2 [P]\n"
    )
    plain = plan("/e/x")
    assert (plain["what"], plain["target"]) == ("member", b"/x")
    assert plan("/e/x", "Upgrade: websocket")["member"] != plain["member"]
    assert plan("/r/x")["member"] == plan("/s/x")["member"] == plain["member"]
    assert plan("/ss/x")["member"] not in (plain["member"], -1)
    assert plan("/o/gopher/x")["status"] == 500


def test_a_map_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "pairs"
    path.write_text("a one\n")
    text = f"RewriteEngine on\nRewriteMap m {path}\nRewriteRule ^/(.) /${{m:$1}} [R]\n"
    assert Plan(text)("/a")["location"].endswith(b"/one")
    path.write_text("a another\n")
    assert Plan(text)("/a")["location"].endswith(b"/another")


def test_a_map_that_changes_within_a_second_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "pairs"
    path.write_text("a one\n")
    os.utime(path, ns=(0, 1_700_000_000_000_000_001))
    plan = Plan(
        f"RewriteEngine on\nRewriteMap m {path}\nRewriteRule ^/(.) /${{m:$1}} [R]\n"
    )
    assert plan("/a")["location"].endswith(b"/one")
    path.write_text("a two\n")
    os.utime(path, ns=(0, 1_700_000_000_500_000_001))
    assert plan("/a")["location"].endswith(b"/one")
    plan.probe.ahead_us = 1_100_000  # it looks once a second
    assert plan("/a")["location"].endswith(b"/two")


def test_chance_falls_once_for_a_request(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("x 127.0.0.1:80|127.0.0.1:81\n")
    plan = Plan(
        f"RewriteEngine on\nRewriteMap m rnd:{tmp_path}/hosts\n"
        "RewriteRule ^/(.*) http://${m:x}/$1 [P]\n"
        "SetEnvIf Request_URI gif$ is_gif\n"
    )
    for path in ("/a", "/a%20b", "/a;b"):
        found = [plan(path) for _ in range(40)]
        assert {one["what"] for one in found} == {"member"}, path
        assert len({one["member"] for one in found}) == 2


def test_internal_maps() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteMap u int:toupper\nRewriteMap e int:escape\n"
        "RewriteMap d int:unescape\nRewriteRule ^/u(.*) /${u:$1} [R]\n"
        "RewriteRule ^/e(.*) /${e:$1} [R,NE]\n"
        "RewriteRule ^/d /${d:%{QUERY_STRING}}? [R,NE]\n"
    )
    assert plan("/uaZ1")["location"].endswith(b"/AZ1")
    assert plan("/ea%20b")["location"].endswith(b"/a%20b")
    assert plan("/d?a%41%2fb%zz")["location"].endswith(b"/aA/b%zz")


def test_a_proxy_to_ourselves_is_mapped_at_once() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteRule ^/old/(.*) /new/$1 [P]\n"
        "RewriteRule ^/new - [F]\nProxyPass /new http://127.0.0.1:80/x\n"
    )
    assert plan("/old/y?q")["target"] == b"/x/y?q"


def test_who_a_user_is_is_looked_ahead_for_in_sections() -> None:
    plan = Plan(
        "<Location />\nRewriteEngine on\nRewriteCond %{LA-U:REQUEST_METHOD} (.+)\n"
        "RewriteRule . - [E=RU:%1]\nRequestHeader set X-U %{RU}e\n</Location>\n"
        "ProxyPass / http://127.0.0.1:80/\n"
    )
    assert plan("/x")["env"]["RU"] == b"GET"


def test_what_a_member_undoes_is_decided_upon() -> None:
    """NE sends "%2561" on as "%61"."""
    plan = Plan(
        "RewriteEngine on\nRewriteRule ^/x(.*) http://127.0.0.1:80/y$1 [P,NE]\n"
        "RewriteRule ^/z(.*) http://127.0.0.1:80/y$1 [P]\n"
        "<LocationMatch ^/./admin>\nRequire all denied\n</LocationMatch>\n"
    )
    for path, status in (
        ("/x/%2561dmin", 403),
        ("/x/a%2564min", 403),
        ("/x/%252e/admin", 403),
        ("/x/b/%255c../admin", 403),
        ("/x/%253badmin", None),
        ("/x/%2561dm", None),
        ("/z/%2561dmin", None),  # sent as "%2561", as it came
    ):
        found = plan(path)
        assert found["what"] == ("error" if status else "member"), path
        assert not status or found["status"] == status


@pytest.mark.parametrize("url", ["b://u/", "ws://h:1:PORT/", "http://HOST:PORT/"])
def test_a_rule_that_leads_nowhere_is_warned_of_and_answers_500(url: str) -> None:
    text = f"RewriteEngine on\nRewriteRule ^/x(.*) {url}$1 [P]\n"
    assert errors(f"Listen 8080\n{text}") == []
    (told,) = warnings(f"Listen 8080\n{text}")
    assert told.startswith("3: RewriteRule ")
    plan = Plan(f"{text}ProxyPass / http://127.0.0.1:80/\n")
    assert plan("/x/a")["status"] == 500
    assert plan("/y/a")["what"] == "member"
