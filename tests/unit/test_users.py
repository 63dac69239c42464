"""Files of htpasswd: which hash is whose, and whether a password is the one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest
from rows import rows
from sdbm import page

from fastlb.base.limits import AUTH_FILE_BYTES_MAX
from fastlb.facts.dbm import DbmFile
from fastlb.users import files, hashes
from fastlb.users.files import (
    Files,
    dbm_hashes_of,
    digests_of,
    groups_of,
    users_of,
)
from fastlb.worker.passwords import Asks, Found, Passwords, Verdict

# What htpasswd -nb with -B, -m, -s, -5, -2, -d has written, and openssl passwd -1.
STORED = {
    "bcrypt": ("five", "$2y$04$Jcr68/Suxklc/M8kJILdpuqgIHzMh8.2EyGW1/wsUvY2dGkL3Kfhm"),
    "apr1": ("one", "$apr1$.vPb0YuX$XTpBhhVmb1oCOPo1J.R0o."),
    "SHA": ("two", "{SHA}rXguzax3D8brmmLkT5CHP7l/sms="),
    "SHA-512": (
        "three",
        "$6$9zRBkJBGgXjaGYt.$DJyIlGTHVck8FHl/2SEXEpI2vreULFJSbKFg.VPz8IdmfGxQBm5K1FB6ByJ4"
        "TyOZ.eH6Zx4pW5q7G7EI8ViSw.",
    ),
    "SHA-256": (
        "s2",
        "$5$rN7.6d4fPPPMsEfV$7MrDaVZV9o94YQnT9DAuHSYA6HFpMB7w7nmmg/wQiL4",
    ),
    "DES": ("four", "Dm87MgBnuqTP."),
}


@rows("form", STORED)
@pytest.mark.parametrize("crypt", [hashes.CRYPT, hashes.crypt_of_libpass])
def test_the_password_and_no_other(
    form: str, crypt: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashes, "CRYPT", crypt)
    password, stored = STORED[form]
    assert hashes.is_known(stored.encode())
    assert hashes.matches(password.encode(), stored.encode())
    for wrong in (password + "x", password[:-1], "", password.upper()):
        assert not hashes.matches(wrong.encode(), stored.encode())
    assert not hashes.matches(password.encode(), stored[:-1].encode() + b"\x00")


@rows(
    "stored",
    [
        "",
        "*",
        "*0",
        "x",
        "clear",
        "$",
        "$2y$",
        "$2y$04$x",
        "$apr1$",
        "$apr1$x",
        "{SHA}",
    ],
)
def test_what_is_no_hash_lets_nobody_in(stored: str) -> None:
    for password in (b"", b"x", b"clear", stored.encode()):
        assert not hashes.matches(password, stored.encode())


def test_of_bcrypt_72_bytes_count() -> None:
    import bcrypt

    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4))
    assert hashes.matches(b"x" * 72, stored) and hashes.matches(b"x" * 99, stored)
    assert not hashes.matches(b"x" * 71, stored)


def test_lines_are_read_as_by_httpd() -> None:
    text = (
        b"# a: comment\n\n  bob:one:more\r\neve::two\nlong:th\\\nree\nbob:later\n"
        b"nothing\nempty:\n"
    )
    assert dict(users_of(text)) == {
        b"bob": b"one",
        b"eve": b"two",
        b"long": b"three",
        b"nothing": b"",
        b"empty": b"",
    }
    found = dict(groups_of(b'Staff : bob "eve"\n#no: x\nstaff:dan\nnone:\n'))
    assert found == {b"staff": b"\nbob\neve\ndan\n", b"none": b"\n"}


def test_a_file_is_read_anew_when_it_is_another(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("bob:one\n")
    past = time.time_ns() - 10**9
    os.utime(path, ns=(past, past))
    read, name = Files(), os.fsencode(path)
    first = read.users(name)
    assert first.entries == {b"bob": b"one"}
    path.write_text("bob:two\n")
    assert read.users(name).entries == {b"bob": b"two"}
    # Written just now: another write may not show in its times.
    assert not read.users(name).settled
    path.unlink()
    with pytest.raises(OSError, match="No such file"):
        read.users(name)


def test_verdicts(tmp_path: Path) -> None:
    (tmp_path / "users").write_text(f"bob:{STORED['apr1'][1]}\n")
    (tmp_path / "groups").write_text("staff: bob\nothers: eve\n")
    users, groups = (os.fsencode(tmp_path / name) for name in ("users", "groups"))
    passwords = Passwords()
    for user, word, verdict in (
        (b"bob", b"one", Verdict.GRANTED),
        (b"bob", b"one", Verdict.GRANTED),
        (b"bob", b"two", Verdict.DENIED),
        (b"eve", b"one", Verdict.NOBODY),
    ):
        assert passwords.find((Asks.PASSWORD, users, user, word, ()))[0] is verdict
    for user, named, verdict in (
        (b"bob", ("STAFF",), Verdict.GRANTED),
        (b"bob", ("others", "none"), Verdict.DENIED),
        (b"ob", ("staff",), Verdict.DENIED),
        (b"bob\neve", ("staff",), Verdict.DENIED),
    ):
        assert passwords.find((Asks.GROUP, groups, user, b"", named))[0] is verdict
    lost = (Asks.PASSWORD, users + b".not", b"bob", b"one", ())
    assert passwords.find(lost).verdict is Verdict.FAULT
    passwords.shutdown()


def test_hashes_of_htdigest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "RACY_NS", 0)
    one, two = (hashlib.md5(word).hexdigest().encode() for word in (b"1", b"2"))
    path = tmp_path / "users"
    path.write_bytes(
        b"# bob:r:x\nbob:r:%b:more\nbob:r:%b\nbob:s::%b\neve:r:short\nnone\nbob:r\n"
        % (one, two, two)
    )
    passwords = Passwords()
    for user, realm, found in (
        (b"bob", b"r", Found(Verdict.GRANTED, True, one)),
        (b"bob", b"s", Found(Verdict.GRANTED, True, two)),
        (b"bob", b"t", Found(Verdict.NOBODY)),
        (b"bob:r", b"", Found(Verdict.NOBODY)),
        (b"eve", b"r", Found(Verdict.DENIED)),
        (b"none", b"", Found(Verdict.DENIED)),
    ):
        asked = (Asks.HASH, os.fsencode(path), user, b"", (realm,))
        assert passwords.find(asked) == found
    assert dict(digests_of(b"a:b:c\na:b:d\n")) == {b"a:b": b"c"}
    passwords.shutdown()


def htdbm(path: Path, options: str, user: str, *more: str) -> None:
    words = ["htdbm", f"-{options}TSDBM", str(path), user, *more]
    subprocess.run(words, check=True, capture_output=True)


@pytest.mark.needs("htdbm")
def test_what_htdbm_makes_is_read(tmp_path: Path) -> None:
    users, asked = tmp_path / "users", DbmFile(str(tmp_path / "users"))
    htdbm(users, "cbB", "bob", "one")
    htdbm(users, "bs", "eve", "two")
    htdbm(users, "bmt", "joe", "three", "with a comment")
    for number in range(200):
        htdbm(users, "bs", f"user{number}", f"word{number}")
    passwords = Passwords()
    for user, word, verdict in (
        (b"bob", b"one", Verdict.GRANTED),
        (b"bob", b"two", Verdict.DENIED),
        (b"eve", b"two", Verdict.GRANTED),
        (b"joe", b"three", Verdict.GRANTED),
        (b"user0", b"word0", Verdict.GRANTED),
        (b"user199", b"word199", Verdict.GRANTED),
        (b"zoe", b"one", Verdict.NOBODY),
    ):
        question = (Asks.PASSWORD, asked, user, word, ())
        assert passwords.find(question).verdict is verdict, user
    htdbm(users, "x", "eve")
    question = (Asks.PASSWORD, asked, b"eve", b"two", ())
    assert passwords.find(question).verdict is Verdict.NOBODY
    passwords.shutdown()


def test_pairs_of_users_and_groups(tmp_path: Path) -> None:
    pairs = {
        "bob": "one,two:",
        "eve": "hash:one, two:comment",
        "bob:r": ",three,",
        "ann": "hash",
    }
    (tmp_path / "made.pag").write_bytes(page(pairs))
    made, passwords = DbmFile(str(tmp_path / "made")), Passwords()
    for user, realm, group, verdict in (
        (b"bob", "s", "two", Verdict.DENIED),
        (b"eve", "s", "one", Verdict.GRANTED),
        (b"eve", "s", "two", Verdict.DENIED),
        (b"eve", "s", " two", Verdict.GRANTED),
        (b"bob", "r", "three", Verdict.GRANTED),
        (b"bob", "r", "", Verdict.DENIED),
        (b"ann", "r", "hash", Verdict.GRANTED),
        (b"zoe", "r", "one", Verdict.DENIED),
    ):
        question = (Asks.GROUP, made, user, b"", (realm, group))
        assert passwords.find(question).verdict is verdict, (user, realm, group)
    assert dict(dbm_hashes_of(page(pairs)))[b"eve"] == b"hash"
    (tmp_path / "made.pag").write_bytes(b"no page")
    question = (Asks.GROUP, made, b"bob", b"", ("r", "one"))
    assert passwords.find(question).verdict is Verdict.FAULT
    passwords.shutdown()


def test_who_is_in_no_group_is_known_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "RACY_NS", 0)
    path = tmp_path / "groups"
    path.write_text("staff: bob\n")
    passwords = Passwords()
    asked = (Asks.GROUP, os.fsencode(path), b"eve", b"", ("staff",))
    assert passwords.find(asked) == Found(Verdict.DENIED, True)
    passwords.shutdown()


def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("bob:x\n")
    os.truncate(path, AUTH_FILE_BYTES_MAX + 1)
    passwords = Passwords()
    for kind in Asks:
        asked = (kind, os.fsencode(path), b"bob", b"x", ("x",) if kind < 5 else (b"x",))
        assert passwords.find(asked).verdict is Verdict.LARGE
    os.truncate(path, AUTH_FILE_BYTES_MAX)
    asked = (Asks.PASSWORD, os.fsencode(path), b"eve", b"x", ())
    assert passwords.find(asked).verdict is Verdict.NOBODY
    passwords.shutdown()
