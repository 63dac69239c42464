"""AuthType Digest: what a client must say, and what a server remembers of it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from rows import rows
from test_plan import BUSY, DENIED, FAULT, GRANTED, NOBODY, Plan

LARGE = 6
REALM = "the vault"
LONG = "a realm of more letters than are signed as they are, and some more:"
TEXT = f"""
ProxyPass /own !
ProxyPass / http://127.0.0.1:1/
<Location />
AuthType Digest
AuthName "the vault"
AuthUserFile /nowhere/users
Require user bob
</Location>
<Location /once>
AuthDigestNonceLifetime 0
</Location>
<Location /counted>
AuthDigestNcCheck On
</Location>
<Location /quoted>
AuthName "the \\"inner\\" one"
</Location>
<Location /own>
AuthDigestDomain /a http://b.example/
AuthDigestDomain /c
</Location>
<Location /own/alone>
AuthDigestNcCheck Off
</Location>
<Location /late>
AuthDigestNonceLifetime -1
</Location>
<Location /own/short>
AuthDigestNonceLifetime 20
</Location>
<Location /long>
AuthName "{LONG} one"
</Location>
<Location /longer>
AuthName "{LONG} two"
</Location>
<Location /none>
AuthName none
AuthUserFile /nowhere/others
</Location>
"""


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode("latin-1")).hexdigest()


def hash_of(user: str = "bob", realm: str = REALM, password: str = "one") -> bytes:
    return md5(user, realm, password).encode()


def challenge_of(found: dict[str, Any]) -> dict[str, str]:
    text = found["challenge"].decode("latin-1")
    assert text.startswith("Digest realm=")
    pairs = re.findall(r'(\w+)=(?:"((?:\\.|[^"\\])*)"|([^,]*))', text)
    return {
        name: re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in pairs
    }


def proof(
    challenge: dict[str, str], target: str, *, nc: str = "00000001", **more: str
) -> str:
    """Authorization; more: what is said otherwise, "" for left out."""
    secret = hash_of(realm=challenge["realm"]).decode()
    said = {
        "username": "bob",
        "realm": challenge["realm"],
        "nonce": challenge["nonce"],
        "uri": target,
        "cnonce": "0a4f113b",
        "nc": nc,
        "qop": "auth",
        "opaque": challenge.get("opaque", ""),
        "algorithm": "MD5",
        **more,
    }
    said.setdefault(
        "response",
        md5(
            secret,
            said["nonce"],
            said["nc"],
            said["cnonce"],
            said["qop"],
            md5("GET", said["uri"]),
        ),
    )
    escaped = {name: re.sub(r'(["\\])', r"\\\1", value) for name, value in said.items()}
    fields = ", ".join(f'{name}="{value}"' for name, value in escaped.items() if value)
    return f"Authorization: Digest {fields}"


def asked(plan: Plan, target: str, *fields: str, password: str = "one") -> Any:
    realm = 'the "inner" one' if "quoted" in target else REALM
    kept = hash_of(realm=realm, password=password)
    return plan(target, *fields, verdicts=[(GRANTED, kept)])


def test_who_says_nothing_is_asked() -> None:
    plan = Plan(TEXT)
    found = plan("/x")
    assert (found["status"], found["because"]) == (401, "")
    told = challenge_of(found)
    assert len(told.pop("nonce")) == 48
    assert told == {"realm": REALM, "algorithm": "MD5", "qop": "auth"}


@rows("path", ["/x", "/once/x", "/counted/x", "/quoted/x", "/late", "/own/short"])
def test_the_right_proof_lets_in(path: str) -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan(path))
    found = asked(plan, path, proof(told, path))
    assert found["because"] == ""
    assert found["what"] in ("member", "file")
    assert found["user"] == b"bob"
    assert plan.probe.variable("AUTH_TYPE") == b"Digest"


def test_the_file_is_asked_for_the_hash_of_the_realm() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/x"))
    found = plan("/x", proof(told, "/x"))
    assert found["what"] == "wait"
    assert found["asks"] == (b"/nowhere/users", b"bob", b"the vault", ())
    for verdict, status, because in (
        (DENIED, 401, "no user"),
        (NOBODY, 401, "no user"),
        (FAULT, 500, "file closed"),
        (LARGE, 500, "file large"),
        (BUSY, 503, "too many"),
    ):
        found = plan("/x", proof(told, "/x"), verdicts=[verdict])
        assert (found["status"], found["because"]) == (status, because)


SAID: dict[str, tuple[dict[str, str], int, str, bool]] = {
    "another password": ({"response": "0" * 32}, 401, "password", False),
    "response too short": ({"response": "0" * 31}, 401, "digest broken", False),
    "no user name": ({"username": ""}, 401, "digest broken", False),
    "no realm": ({"realm": ""}, 401, "digest broken", False),
    "no nonce": ({"nonce": ""}, 401, "digest broken", False),
    "no uri": ({"uri": ""}, 401, "digest broken", False),
    "a name too long": ({"username": "b" * 256}, 401, "digest broken", False),
    "no cnonce": ({"cnonce": ""}, 401, "digest broken", False),
    "no nc": ({"nc": ""}, 401, "digest broken", False),
    "RFC 2069": ({"qop": "", "nc": "", "cnonce": ""}, 401, "digest qop", False),
    "auth-int": ({"qop": "auth-int"}, 401, "digest qop", False),
    "AUTH": ({"qop": "AUTH"}, 0, "", False),
    "another realm": ({"realm": "elsewhere"}, 401, "digest realm", False),
    "another realm by case": ({"realm": "The Vault"}, 401, "digest realm", False),
    "SHA-256": ({"algorithm": "SHA-256"}, 401, "digest algorithm", False),
    "MD5-sess": ({"algorithm": "MD5-sess"}, 401, "digest algorithm", False),
    "no algorithm": ({"algorithm": ""}, 0, "", False),
    "opaque that is none": ({"opaque": "0"}, 401, "digest opaque", True),
    "opaque that is no number": ({"opaque": "x"}, 401, "digest opaque", True),
    "opaque of nobody": ({"opaque": "77"}, 401, "nonce forged", True),
    "another nonce": ({"nonce": "0" * 48}, 401, "nonce forged", True),
    "another target": ({"uri": "/y"}, 400, "digest uri", False),
    "a target without its query": ({"uri": "/x/%41"}, 400, "digest uri", False),
    "a target with less escapes": ({"uri": "/x/A?q=%20"}, 0, "", False),
    "an absolute target": ({"uri": "http://one.example/x/A?q=%20"}, 0, "", False),
    "another host": ({"uri": "http://two.example/x/A?q= "}, 400, "digest uri", False),
    "another port": ({"uri": "http://one.example:8/x/A?q= "}, 400, "digest uri", False),
    "with the usual port": ({"uri": "http://one.example:80/x/A?q=%20"}, 0, "", False),
    "nc that is no number": ({"nc": "x"}, 0, "", False),  # nobody counts
}  # fmt: skip


@rows("what", SAID)
def test_each_word_counts(what: str) -> None:
    more, status, because, stale = SAID[what]
    plan = Plan(TEXT)
    told = challenge_of(plan("/x"))
    target = "/x/%41?q=%20"
    found = asked(plan, target, proof(told, target, **more))
    assert found["because"] == because
    if status:
        assert found["status"] == status
    if status == 401:
        assert ("stale" in challenge_of(found)) is stale
    if status == 400:
        assert found["challenge"] is None


def test_the_target_as_it_was_sent_is_always_the_one() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/x"))
    for target in ("/x?", "/x//y", "/x%2", "/x?a?b%00"):
        found = asked(plan, target, proof(told, target))
        assert found["because"] in ("", "digest uri") or found["status"] == 400
    assert asked(plan, "/x?a", proof(told, "/x?a"))["what"] == "member"
    assert asked(plan, "/x?", proof(told, "/x"))["because"] == "digest uri"


def test_a_proof_of_any_length_holds_again_and_for_nothing_else() -> None:
    """Blocks of 64 bytes are hashed, and first ones remembered: the target ends before,
    at and behind the end of one, as do the parts of the proof; of two targets or words
    that are alike but for their last letter each has its own."""
    plan = Plan(TEXT)
    told = challenge_of(plan("/x"))
    for length in (*range(40, 75), 115, 116, 123, 124, 125, 188):
        for last in "ab":
            target = "/x/".ljust(length - 1, "y") + last
            cnonce = "0".rjust(length, "1") + last
            for sent in [proof(told, target, cnonce=cnonce)] * 2:
                found = asked(plan, target, sent)
                assert (found["what"], found["because"]) == ("member", "")
            wrong = proof(told, target, cnonce=cnonce, response=md5(target))
            assert asked(plan, target, wrong)["because"] == "password"
            other = asked(plan, target, sent, password="two")
            assert other["because"] == "password"


def test_it_is_read_as_httpd_reads_it() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/x"))
    whole = proof(told, "/x").removeprefix("Authorization: Digest ")
    for text in (
        f"digest   {whole}",
        "DIGEST\t" + whole.replace(", ", ","),
        "Digest " + whole.replace("=", " =  ").replace(", ", " , "),
        f"Digest , ,{whole},",
        f'Digest {whole}, unknown="a\\"b", user',
        f'Digest realm="x", {whole}',
        "Digest " + whole.replace('"auth"', "auth").replace('"MD5"', "MD5 rest"),
    ):
        found = asked(plan, "/x", f"Authorization: {text}")
        assert (found["what"], found["user"]) == ("member", b"bob"), text
    for text, because in (
        ("Digest", "digest broken"),
        ("Digest ", "digest broken"),
        ('Digest username="', "digest broken"),
        ("Digest =,=,,", "digest broken"),
        (f"Digests {whole}", "scheme"),
        ("Basic Ym9iOm9uZQ==", "scheme"),
    ):
        assert asked(plan, "/x", f"Authorization: {text}")["because"] == because
    twice = f"Authorization: Digest {whole}"
    assert asked(plan, "/x", twice, twice)["because"] == "digest broken"


# What is counted -----------------------------------------------------------------


def test_a_nonce_for_once_serves_once() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/once"))
    assert told["opaque"] == "3"
    sent = proof(told, "/once")
    assert asked(plan, "/once", sent)["what"] == "member"
    found = asked(plan, "/once", sent)
    assert found["because"] == "nonce used"
    again = challenge_of(found)
    assert (again["stale"], again["opaque"]) == ("true", "3")
    assert asked(plan, "/once", proof(again, "/once"))["what"] == "member"
    assert asked(plan, "/once", sent)["because"] == "nonce used"


def test_a_count_only_rises() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/counted"))

    def count(nc: str) -> Any:
        return asked(plan, "/counted", proof(told, "/counted", nc=nc))

    assert count("00000001")["what"] == "member"
    assert count("00000001")["because"] == "nonce replayed"
    assert "stale" not in challenge_of(count("00000001"))
    assert count("00000007")["what"] == "member"
    assert count("00000006")["because"] == "nonce replayed"
    assert count("x")["because"] == "nonce count"
    assert count("fffffff0")["because"] == "nonce client"
    assert count("0000000a")["what"] == "member"


def test_a_wrong_proof_takes_nothing_from_who_has_the_right_one() -> None:
    plan = Plan(TEXT)
    for path in ("/once", "/counted"):
        told = challenge_of(plan(path))
        wrong = proof(told, path, response="0" * 32)
        for _ in range(3):
            found = asked(plan, path, wrong)
            assert found["because"] == "password"
            assert challenge_of(found)["opaque"] == told["opaque"]
        assert asked(plan, path, proof(told, path))["what"] == "member"


def test_a_nonce_is_for_its_realm_its_kind_and_its_client() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/once"))
    counted = challenge_of(plan("/counted"))
    for mixed in (
        {**told, "opaque": counted["opaque"]},
        {**counted, "opaque": told["opaque"]},
    ):
        found = asked(plan, "/counted", proof(mixed, "/counted"))
        assert found["because"] == "nonce forged"
    assert asked(plan, "/once", proof(counted, "/once"))["because"] == "nonce forged"
    # Without its client a nonce that is counted is nobody's.
    plain = challenge_of(plan("/x"))
    found = asked(plan, "/counted", proof(plain, "/counted"))
    assert found["because"] == "nonce client"
    assert challenge_of(found)["stale"] == "true"


def test_of_long_realms_that_end_differently_each_has_its_nonces() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/long"))
    for path, name, because in (("/long", "one", ""), ("/longer", "two", "forged")):
        realm = f"{LONG} {name}"
        found = plan(
            path,
            proof({**told, "realm": realm}, path),
            verdicts=[(GRANTED, hash_of(realm=realm))],
        )
        assert found["because"] == (because and f"nonce {because}")


def test_sections_of_two_readings_may_ask_for_nonces_of_two_kinds() -> None:
    """A client has one to give, and gets in by one that serves once."""
    plan = Plan(TEXT)
    for target in ("/x/..;/once", "/once/..;/x", "/counted/..;/once", "/late/..;/once"):
        told = challenge_of(plan(target))
        for _ in range(3):
            sent = proof(told, target)
            found = asked(plan, target, sent)
            if found["what"] == "member":
                break
            told = challenge_of(found)
            assert told["stale"] == "true"
        assert found["what"] == "member", target
        found = asked(plan, target, sent)
        assert found["because"] == "nonce used", target
    told = challenge_of(plan("/once"))
    sent = proof(told, "/x")
    assert asked(plan, "/x", sent)["what"] == "member"
    assert asked(plan, "/x", sent)["because"] == "nonce used"
    assert asked(plan, "/once", proof(told, "/once"))["because"] == "nonce used"


def test_another_server_has_another_secret() -> None:
    told = challenge_of(Plan(TEXT)("/x"))
    found = asked(Plan(TEXT), "/x", proof(told, "/x"))
    assert found["because"] == "nonce forged"
    assert challenge_of(found)["stale"] == "true"


def test_a_nonce_that_was_right_once_is_right_for_the_same_alone() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/x"))
    for _ in range(2):
        assert asked(plan, "/x", proof(told, "/x"))["what"] == "member"
    quoted = {**told, "realm": 'the "inner" one'}
    sent = proof(quoted, "/quoted")
    assert asked(plan, "/quoted", sent)["because"] == "nonce forged"
    assert asked(plan, "/once", proof(told, "/once"))["because"] == "nonce forged"
    nonce = told["nonce"]
    for i in range(len(nonce)):
        other = {
            **told,
            "nonce": f"{nonce[:i]}{'0123'[nonce[i] == '0']}{nonce[i + 1 :]}",
        }
        found = asked(plan, "/x", proof(other, "/x"))
        assert found["because"] == "nonce forged"
    upper = {**told, "nonce": nonce.upper()}
    assert asked(plan, "/x", proof(upper, "/x"))["because"] == "nonce forged"
    found = asked(plan, "/x", proof(told, "/x"))
    assert (found["what"], found["because"]) == ("member", "")
    assert asked(Plan(TEXT), "/x", proof(told, "/x"))["because"] == "nonce forged"


def test_those_who_have_used_nothing_go_first() -> None:
    """However many are asked and never answer, who is in stays in."""
    plan = Plan(TEXT)
    told = challenge_of(plan("/counted"))
    assert asked(plan, "/counted", proof(told, "/counted"))["what"] == "member"
    waiting = challenge_of(plan("/counted"))
    for _ in range(100):
        plan("/counted")
    found = asked(plan, "/counted", proof(told, "/counted", nc="2"))
    assert found["what"] == "member"
    found = asked(plan, "/counted", proof(waiting, "/counted"))
    assert found["because"] == "nonce client"
    again = challenge_of(found)
    assert again["stale"] == "true"
    assert asked(plan, "/counted", proof(again, "/counted"))["what"] == "member"


def test_another_reading_counts_the_request_once() -> None:
    """/once/a;x is looked at as /once/a as well: the nonce has not served twice."""
    plan = Plan(TEXT)
    for path in ("/once/a;x", "/once/a%5Cb", "/once/b;/x"):
        told = challenge_of(plan(path))
        found = asked(plan, path, proof(told, path))
        assert found["because"] == "", path


# What is said --------------------------------------------------------------------


def test_domain_is_told_where_no_member_answers() -> None:
    plan = Plan(TEXT)
    assert challenge_of(plan("/own"))["domain"] == "/a http://b.example/ /c"
    # A section that says anything of Digest says all of it.
    assert "domain" not in challenge_of(plan("/own/alone"))


def test_quotes_of_a_realm() -> None:
    plan = Plan(TEXT)
    found = plan("/quoted")
    assert found["challenge"].startswith(b'Digest realm="the \\"inner\\" one"')


def test_a_hash_that_is_kept_is_for_its_user_and_realm() -> None:
    plan = Plan(TEXT)
    told = challenge_of(plan("/x"))
    assert plan("/x", proof(told, "/x"))["what"] == "wait"
    plan.probe.keep(hash_of())
    assert plan("/x", proof(told, "/x"))["what"] == "member"
    assert plan("/x", proof(told, "/x", username="bo"))["what"] == "wait"
    told = challenge_of(plan("/none"))
    assert plan("/none", proof(told, "/none"))["what"] == "wait"


def test_what_is_not_served_is_refused() -> None:
    for line, words in (
        ("AuthDigestQop none", "AuthDigestQop is deprecated: only 'auth' is supported"),
        ("AuthDigestQop auth auth-int", "only 'auth' is supported"),
        ("AuthDigestAlgorithm MD5-sess", "Unsupported algorithm"),
        ("AuthDigestProvider anon", "doesn't support Digest Authentication"),
        ("AuthDigestProvider dbd", "is not supported"),
        ("AuthDigestProvider foo", "Unknown Authn provider: foo"),
        ("AuthDigestNonceLifetime 5x", "Invalid time in AuthDigestNonceLifetime: 5x"),
        ("AuthDigestNonceFormat x", "Invalid command 'AuthDigestNonceFormat'"),
    ):
        with pytest.raises(AssertionError, match=re.escape(words)):
            Plan(f"<Location />\n{line}\n</Location>\n")
