"""The plan decides about requests without a connection: no socket is opened here."""

from __future__ import annotations

import ipaddress
import os
from typing import Any

import pytest
from trees import model_of

from fastlb import _probe
from fastlb._core import Table
from fastlb.master import claims

LISTEN = "Listen 127.0.0.1:8080\nServerName one.example\n"
GENERATION = 1


def packed(address: str) -> bytes:
    found = ipaddress.ip_address(address).packed
    return found if len(found) == 16 else b"\0" * 10 + b"\xff\xff" + found


class Plan:
    """The plan of a text; each request is decided about by itself."""

    def __init__(self, text: str, listen: str = LISTEN) -> None:
        model = model_of(listen + text)
        self.table = Table.create(4, max(4, len(model.members)), 4)
        slots = claims.claim(self.table, model, GENERATION)
        self.logs = [os.memfd_create("log") for _ in model.log_targets]
        self.probe = _probe.PlanProbe(model, self.table, *slots, self.logs)

    def __call__(
        self,
        target: str,
        *fields: str,
        method: str = "GET",
        remote: str = "192.0.2.1",
        **more: Any,
    ) -> dict[str, Any]:
        lines = [f"{method} {target} HTTP/1.1", "Host: one.example", *fields, "", ""]
        return self.raw("\r\n".join(lines).encode("latin-1"), remote, **more)

    def raw(self, head: bytes, remote: str, **more: Any) -> dict[str, Any]:
        """The same with all bytes of the head."""
        found: dict[str, Any] = self.probe.decide(
            head, packed(remote), packed("127.0.0.1"), **more
        )
        return found

    def close(self) -> None:
        """Its buffers go back: who counts those of a connection finds none of ours."""
        self.probe.close()

    def line(self, status: int = 200, body_bytes: int = 5) -> str:
        """The last request in the log."""
        self.probe.log(status, body_bytes)
        return os.pread(self.logs[0], 65536, 0).decode("latin-1").splitlines()[-1]


TWO = """
ProxyPass /app http://127.0.0.1:1/x
<Location /app/inner>
    SetEnv part inner
</Location>
ProxyPassMatch ^/old/(.*)$ http://127.0.0.1:2/new/$1
ProxyPass /none !
"""


@pytest.mark.parametrize(
    ("target", "what", "member", "sent"),
    [
        ("/app/a?q", "member", 0, b"/x/a?q"),
        ("/app/a/../b", "member", 0, b"/x/b"),
        ("/app/%7ea", "member", 0, b"/x/~a"),
        ("/old/a%20b", "member", 1, b"/new/a%20b"),
        ("/none/a", "file", -1, None),
        ("/elsewhere", "file", -1, None),
    ],
)
def test_a_mapping_says_who_is_asked_for_what(
    target: str, what: str, member: int, sent: bytes | None
) -> None:
    found = Plan(TWO)(target)
    assert (found["what"], found["member"], found["target"]) == (what, member, sent)


def test_a_root_that_is_written_nowhere() -> None:
    """Debian's httpd was built with this one, where its package puts a page."""
    text = LISTEN + "ProxyPass /x http://127.0.0.1:80/x\n"
    assert [v.document_root for v in model_of(text).vhosts] == ["/var/www/html"]
    assert Plan(text, "")("/page.html")["what"] == "file"
    text = LISTEN + "DocumentRoot /srv\n<VirtualHost *>\nServerName h\n</VirtualHost>\n"
    assert {v.document_root for v in model_of(text).vhosts} == {"/srv"}


def test_sections_that_match_set_what_they_say() -> None:
    plan = Plan(TWO)
    assert plan("/app/outer")["env"].get("part") is None
    inner = plan("/app/inner/a")
    assert (inner["sections"], inner["env"]["part"]) == (1, b"inner")


@pytest.mark.parametrize("target", ["/../etc", "/app/%2e%2e/%2e%2e/a", "/a%00"])
def test_a_path_that_leads_out_is_an_error(target: str) -> None:
    found = Plan(TWO)(target)
    assert found["what"] == "error"
    assert found["status"] in (400, 404)


def test_access_is_decided_by_address_variable_and_name() -> None:
    plan = Plan(
        "ProxyPass / http://127.0.0.1:1/\n"
        "SetEnvIf X-Key ^open$ let_in\n"
        "<Location />\n<RequireAny>\nRequire ip 198.51.100.0/24\nRequire env let_in\n"
        "Require host known.example\n</RequireAny>\n</Location>\n"
    )
    assert plan("/", remote="198.51.100.7")["what"] == "member"
    assert plan("/", "X-Key: open")["what"] == "member"
    asked = plan("/", "X-Key: shut")
    assert (asked["what"], asked["host_wanted"]) == ("wait", 0)
    assert plan("/", names=[(0, True)])["what"] == "member"
    denied = plan("/", names=[(0, False)])
    assert (denied["status"], denied["because"]) == (403, "denied")


def test_names_that_keep_out_are_counted_by_themselves() -> None:
    """Lines about groups take none of their numbers, the same names have one."""
    groups = "".join(f"Require group g{n}\n" for n in range(70))
    denied = "".join(f"Deny from h{n}.example\n" for n in range(64))
    plan = Plan(
        "ProxyPass / http://127.0.0.1:1/\n"
        f"<Location /groups>\n{groups}</Location>\n"
        f"<Location />\n{denied}{denied}</Location>\n"
        "<Location /more>\nOrder deny,allow\nDeny from h64.example\n</Location>\n"
    )
    free = [(number, False) for number in range(64)]
    asked = plan("/", names=free[:-1])
    assert (asked["what"], asked["host_wanted"]) == ("wait", 63)
    assert plan("/", names=free)["what"] == "member"
    assert plan("/", names=[*free[:-1], (63, True)])["status"] == 403
    # That it is not that one can no longer be found out.
    assert plan("/more", names=free)["status"] == 500


def test_what_a_member_may_read_otherwise_must_be_allowed_too() -> None:
    plan = Plan(
        "ProxyPass / http://127.0.0.1:1/\nAllowEncodedSlashes NoDecode\n"
        "<Location /secret>\nRequire all denied\n</Location>\n"
    )
    assert plan("/open%2fsecret")["what"] == "member"
    found = plan("/open/..%2fsecret")
    assert (found["status"], found["because"]) == (403, "misread")
    assert found["misread"] == b"/secret"


def test_a_redirect_says_where_to() -> None:
    plan = Plan(
        "ProxyPass / http://127.0.0.1:1/\nRedirectMatch 301 ^/gone/(.*) /new/$1\n"
        "<Location /moved>\nRedirect 308 https://two.example/there\n</Location>\n"
    )
    found = plan("/moved/a?q")
    assert (found["what"], found["status"]) == ("redirect", 308)
    assert found["location"] == b"https://two.example/there?q"
    # Outside sections the mapping comes first.
    assert plan("/gone/a")["what"] == "member"


def test_a_target_that_climbs_is_refused() -> None:
    plan = Plan("ProxyPassMatch ^/app(.*)$ http://127.0.0.1:1/x/$1\n")
    assert plan("/app/a")["target"] == b"/x//a"
    found = plan("/app../secret")
    assert (found["status"], found["because"]) == (403, "climbs")


def test_methods_that_end_here() -> None:
    plan = Plan("ProxyPass / http://127.0.0.1:1/\nTraceEnable On\n")
    zero = "Max-Forwards: 0"
    assert plan("/", zero, method="OPTIONS")["what"] == "here"
    assert plan("/", zero, method="TRACE")["what"] == "here"
    assert plan("/", zero)["what"] == "member"
    assert plan("one.example:443", method="CONNECT")["what"] == "tunnel"


def test_a_line_of_the_log_tells_what_was_decided() -> None:
    plan = Plan(
        TWO + 'LogFormat "%h %m \\"%r\\" %U %q %>s %b %{X-A}i %{part}e %R %f" told\n'
        "CustomLog /tmp/plan.log told\n"
    )
    plan("/app/inner/a?q=1", 'X-A: say "it"')
    assert plan.line() == (
        '192.0.2.1 GET "GET /app/inner/a?q=1 HTTP/1.1" /app/inner/a ?q=1 200 5 '
        'say \\"it\\" inner proxy-server proxy:http://127.0.0.1:1/x/inner/a?q=1'
    )
    plan("/elsewhere", remote="2001:db8::1")
    assert plan.line(404, 0).startswith('2001:db8::1 GET "GET /elsewhere HTTP/1.1"')


VAULT = """
ProxyPass / http://127.0.0.1:1/
<Location /in>
AuthType Basic
AuthName "a \\"b\\""
AuthUserFile /nowhere/users
Require user bob
</Location>
<Location /host>
Require host x.example
AuthType Basic
AuthName x
AuthUserFile /nowhere/users
Require valid-user
</Location>
"""
BOB = "Authorization: Basic Ym9iOm9uZQ=="  # bob:one
GRANTED, DENIED, NOBODY, FAULT, BUSY = 1, 2, 3, 4, 5


def test_a_password_is_asked_for_and_then_checked() -> None:
    plan = Plan(VAULT)
    found = plan("/in")
    assert (found["what"], found["status"]) == ("error", 401)
    assert found["challenge"] == rb'Basic realm="a \"b\""'
    assert plan("/in", BOB)["asks"] == (b"/nowhere/users", b"bob", b"one", ())
    assert plan("/in", BOB, verdicts=[GRANTED])["what"] == "member"
    for verdict, status, because in (
        (DENIED, 401, "password"),
        (NOBODY, 401, "no user"),
        (FAULT, 500, "file closed"),
        (BUSY, 503, "too many"),
    ):
        found = plan("/in", BOB, verdicts=[verdict])
        assert (found["status"], found["because"]) == (status, because)


def test_a_kept_verdict_is_for_this_password_alone() -> None:
    plan = Plan(VAULT)
    assert plan("/in", BOB)["what"] == "wait"
    plan.probe.keep()
    assert plan("/in", BOB)["what"] == "member"
    assert plan("/in", "Authorization: Basic Ym9iOnR3bw==")["what"] == "wait"
    assert plan("/in", "Authorization: Basic Ym86Ym9uZQ==")["what"] == "wait"
    # Another worker has another secret
    assert Plan(VAULT)("/in", BOB)["what"] == "wait"


def test_another_reading_may_ask_for_the_password() -> None:
    plan = Plan(VAULT)
    for path in ("/x/..;/in", "/in;a=b", "/%2e%2e/in"):
        found = plan(path)
        assert found["status"] in (401, 400), path
        found = plan(path, BOB, verdicts=[GRANTED])
        assert found["what"] == "member" or found["status"] == 400
        assert plan(path, BOB, verdicts=[DENIED])["status"] in (401, 400)


def test_two_passwords_are_one_too_many() -> None:
    assert Plan(VAULT)("/in", BOB, BOB)["because"] == "scheme"


def test_names_and_passwords_are_waited_for_in_turn() -> None:
    plan = Plan(VAULT)
    assert plan("/host", names=[(0, True)])["what"] == "member"
    assert plan("/host")["host_wanted"] == 0
    assert plan("/host", names=[(0, False)])["status"] == 401


@pytest.mark.parametrize("mapped", ["http://127.0.0.1:80", "http://127.0.0.1"])
@pytest.mark.parametrize("said", ["http://127.0.0.1:80", "http://127.0.0.1"])
@pytest.mark.parametrize(
    "section", ["Proxy {0}/secret", "Proxy {0}/sec*", "ProxyMatch ^{0}/(secret|x)"]
)
def test_a_port_that_need_not_be_written_hides_nothing(
    mapped: str, said: str, section: str
) -> None:
    plan = Plan(
        f"RewriteEngine on\nRewriteRule ^/x/(.*) {mapped}/$1 [P]\n"
        f"ProxyPass /y/ {mapped}/\n<{section.format(said)}>\nRequire all denied\n"
        f"</{section.split(maxsplit=1)[0]}>\n"
    )
    for asked in ("/x/secret", "/y/secret"):
        assert plan(asked)["status"] == 403, asked
    for asked in ("/x/open", "/y/open"):
        assert plan(asked)["what"] == "member"
