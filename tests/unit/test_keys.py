"""Private keys, and the pass phrases that open them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from certificates import Authority, PairFiles, key_pem, make_ca, make_pair
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from OpenSSL import SSL
from tls_peers import Server, client_context, shake

from fastlb.tls.errors import TlsError
from fastlb.tls.keys import use_key
from fastlb.tls.pass_phrases import KeyPlace, PassPhrases, is_encrypted

SECRET = b"open sesame"


@pytest.fixture(scope="module")
def ca() -> Authority:
    return make_ca()


def encrypted(ca: Authority, tmp_path: Path, name: str = "one") -> PairFiles:
    return make_pair(ca, ["one.test"]).write(tmp_path, name, SECRET)


def program(tmp_path: Path, body: str) -> str:
    path = tmp_path / "dialog"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return f"exec:{path}"


def loaded(
    files: PairFiles, dialog: str, phrases: PassPhrases, number: int = 0
) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(str(files.certificate))
    place = KeyPlace("one.test:443", number, str(files.key))
    use_key(context, place, str(files.certificate), dialog, phrases)
    return context


def refusal(files: PairFiles, dialog: str, phrases: PassPhrases) -> str:
    with pytest.raises(TlsError) as caught:
        loaded(files, dialog, phrases)
    return str(caught.value)


@pytest.mark.parametrize(("number", "kind"), [(0, "RSA"), (1, "DSA"), (3, "3")])
def test_a_program_is_asked_as_apache_asks_it(
    ca: Authority, tmp_path: Path, number: int, kind: str
) -> None:
    dialog = program(tmp_path, f'echo "$@" > {tmp_path}/asked; echo "open sesame"')
    context = loaded(encrypted(ca, tmp_path), dialog, PassPhrases(), number)
    assert (tmp_path / "asked").read_text() == f"one.test:443 {kind}\n"
    shake(Server(context, context), client_context(ca.root_pem))


def test_a_program_may_have_words_of_its_own(ca: Authority, tmp_path: Path) -> None:
    dialog = program(tmp_path, 'echo "$1 $2"')
    loaded(encrypted(ca, tmp_path), f"{dialog} open sesame", PassPhrases())


def test_what_is_known_is_tried_before_anybody_is_asked(
    ca: Authority, tmp_path: Path
) -> None:
    phrases = PassPhrases()
    dialog = program(tmp_path, f'echo x >> {tmp_path}/asked; echo "open sesame"')
    for name in ("one", "two"):
        loaded(encrypted(ca, tmp_path, name), dialog, phrases)
    assert (tmp_path / "asked").read_text() == "x\n"
    assert phrases.known == [SECRET]


def test_the_terminal_is_asked_with_the_name_of_the_key(
    ca: Authority, tmp_path: Path
) -> None:
    prompts = []

    def ask(prompt: str) -> bytes:
        prompts.append(prompt)
        return SECRET

    files = encrypted(ca, tmp_path)
    loaded(files, "builtin", PassPhrases(ask))
    assert prompts == [f"Private key one.test:443:0 ({files.key})\nEnter pass phrase:"]


def test_without_a_terminal_nobody_is_asked(ca: Authority, tmp_path: Path) -> None:
    files = encrypted(ca, tmp_path)
    text = refusal(files, "builtin", PassPhrases())
    assert text.startswith(
        f"AH02578: Init: Unable to read pass phrase for {files.key} "
        "[Hint: key introduced or changed before restart?]\n"
        "    there is no terminal to ask on"
    )


def test_a_wrong_phrase_is_told(ca: Authority, tmp_path: Path) -> None:
    files = encrypted(ca, tmp_path)
    assert refusal(files, "builtin", PassPhrases(lambda _: b"wrong")).startswith(
        "AH02580: Init: Pass phrase incorrect for key one.test:443:0\n"
    )
    dialog = program(tmp_path, "echo")
    assert f"with what {dialog} printed" in refusal(files, dialog, PassPhrases())


def test_a_program_that_fails_is_told(ca: Authority, tmp_path: Path) -> None:
    files = encrypted(ca, tmp_path)
    failing = refusal(files, program(tmp_path, "exit 3"), PassPhrases())
    assert "dialog ended with code 3" in failing
    missing = refusal(files, "exec:/nowhere/dialog", PassPhrases())
    assert "/nowhere/dialog" in missing


@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_keys_of_every_form_are_opened(
    ca: Authority, tmp_path: Path, form: str, kind: str
) -> None:
    pair = make_pair(ca, ["one.test"], kind=kind)
    files = pair.write(tmp_path, "one")
    if form == "pkcs8":
        pem = key_pem(pair.key, SECRET)
    else:
        pem = pair.key.private_bytes(
            Encoding.PEM,
            PrivateFormat.TraditionalOpenSSL,
            BestAvailableEncryption(SECRET),
        )
    assert is_encrypted(pem)
    files.key.write_bytes(pair.pem + pem)
    loaded(files, "builtin", PassPhrases(lambda _: SECRET))


def test_an_open_key_behind_an_encrypted_name_is_no_matter(
    ca: Authority, tmp_path: Path
) -> None:
    pair = make_pair(ca, ["one.test"])
    files = pair.write(tmp_path, "one")
    assert not is_encrypted(files.key.read_bytes())
    loaded(files, "builtin", PassPhrases())


def test_a_key_that_may_not_be_read_is_told(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    files.key.unlink()
    os.symlink(files.key, files.key)
    text = refusal(files, "builtin", PassPhrases())
    assert "(40)Too many levels of symbolic links" in text
