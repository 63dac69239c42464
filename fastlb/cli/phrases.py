"""Asking for pass phrases while there is a terminal (SSLPassPhraseDialog builtin)."""

from __future__ import annotations

import getpass
from pathlib import Path

from fastlb.facts.server import Model
from fastlb.facts.tls import KeyPair, TlsServer
from fastlb.facts.vhost import VHost
from fastlb.master.errors import Exit, StartError
from fastlb.tls.pass_phrases import (
    BUILTIN,
    Ask,
    KeyPlace,
    PassPhraseError,
    PassPhrases,
    is_encrypted,
)

ATTEMPTS = 6  # as Apache: "5 more retries permitted"


def phrases_for(model: Model, ask: Ask | None = None) -> PassPhrases:
    """Every phrase that this model's keys need of a person; StartError without one.

    ask: how a person is asked; None: on the terminal, without an echo.
    """
    phrases = PassPhrases(ask or on_terminal)
    for vhost in model.vhosts:
        if vhost.tls is None or vhost.tls.pass_phrase != BUILTIN:
            continue
        for number, pair in enumerate(vhost.tls.pairs):
            if key_is_encrypted(pair):
                learn(vhost, vhost.tls, number, phrases)
    phrases.ask = None  # from here on there is no terminal
    return phrases


def learn(vhost: VHost, settings: TlsServer, number: int, phrases: PassPhrases) -> None:
    """Ask until the key opens, as often as Apache does."""
    # Only whoever has an encrypted key loads the library before the fork into the
    # background.
    from fastlb.tls.contexts import name_of
    from fastlb.tls.errors import TlsError
    from fastlb.tls.keys import decrypt

    place = KeyPlace(name_of(vhost), number, settings.pairs[number].key_file)
    pem = Path(place.file).read_bytes()
    for left in reversed(range(ATTEMPTS)):
        try:
            decrypt(pem, place, BUILTIN, phrases)
            return
        except TlsError as failure:
            if not left or "AH02580" not in str(failure):
                raise StartError(Exit.REFUSED, str(failure)) from None


def key_is_encrypted(pair: KeyPair) -> bool:
    try:
        return is_encrypted(Path(pair.key_file).read_bytes())
    except OSError:
        return False  # told with everything else that fails when contexts are made


def on_terminal(prompt: str) -> bytes:
    try:
        return getpass.getpass(prompt).encode()
    except (EOFError, OSError) as failure:
        raise PassPhraseError(f"nothing was typed: {failure}") from None
