"""Private keys: from their files into a context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from OpenSSL import SSL

from fastlb.tls.errors import TlsError, failing, reason
from fastlb.tls.pass_phrases import (
    KeyPlace,
    PassPhraseError,
    PassPhrases,
    is_encrypted,
)
from fastlb.tls.pem import private_key, read_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


def use_key(
    context: SSL.Context,
    place: KeyPlace,
    certificate_file: str,
    dialog: str,
    phrases: PassPhrases,
) -> None:
    """Put the key of the certificate that was taken last into the context; TlsError.

    The library would ask for a pass phrase on the terminal by itself: an encrypted
    key never reaches it.
    """
    failed = f"AH02564: Failed to configure encrypted (?) private key {place}, check "
    failed += place.file
    with failing(failed, of=(OSError,)):
        pem = read_file(place.file)
    try:
        if is_encrypted(pem):
            key = decrypt(pem, place, dialog, phrases)
            context.use_privatekey(key)  # type: ignore[arg-type] # DH keys fail in it
        else:
            context.use_privatekey_file(place.file)
        context.check_privatekey()
    except (SSL.Error, TypeError) as failure:
        why = reason(failure)
        if "mismatch" in why or "no certificate assigned" in why:
            raise TlsError(
                f"AH02565: Certificate and private key {place} from "
                f"{certificate_file} and {place.file} do not match",
                why,
                "each SSLCertificateFile needs the SSLCertificateKeyFile it was made "
                "with, in the same order",
            ) from None
        raise TlsError(
            failed,
            why,
            "the file must hold the private key in PEM form: -----BEGIN PRIVATE KEY",
        ) from None


def decrypt(
    pem: bytes, place: KeyPlace, dialog: str, phrases: PassPhrases
) -> PrivateKeyTypes:
    """The key, by a phrase that is known or that is asked for now."""
    for phrase in phrases.known:
        key = open_key(pem, phrase, place)
        if key is not None:
            return key
    try:
        phrase = phrases.learn(dialog, place)
    except PassPhraseError as failure:
        raise TlsError(
            f"AH02578: Init: Unable to read pass phrase for {place.file} "
            "[Hint: key introduced or changed before restart?]",
            str(failure),
        ) from None
    key = open_key(pem, phrase, place)
    if key is None:
        raise TlsError(
            f"AH02580: Init: Pass phrase incorrect for key {place}",
            f"{place.file} cannot be decrypted with what "
            + ("was typed" if not dialog.startswith("exec:") else f"{dialog} printed"),
        )
    phrases.remember(phrase)
    return key


def open_key(pem: bytes, phrase: bytes, place: KeyPlace) -> PrivateKeyTypes | None:
    """None: the phrase is another one."""
    if not phrase:
        return None
    failed = f"AH02564: Failed to configure encrypted (?) private key {place}, check "
    with failing(failed + place.file, of=(UnsupportedAlgorithm,)):
        try:
            return private_key(pem, phrase)
        except ValueError:
            return None
