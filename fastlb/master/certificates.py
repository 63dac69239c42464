"""Certificates and keys, read while the master may still read them.

The library is loaded only for a model that speaks TLS.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastlb.facts.server import Model
from fastlb.master.errors import Exit, StartError
from fastlb.tls.handles import TlsHandles
from fastlb.tls.pass_phrases import PassPhrases

if TYPE_CHECKING:
    from fastlb.tls.contexts import Contexts

FATAL = "AH02312: Fatal error initialising mod_ssl, exiting."


class Certificates:
    """Makes the contexts of each generation, keeping what has not changed."""

    def __init__(
        self, phrases: PassPhrases, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._phrases = phrases
        self._clock_s = clock_s

    def read(self, model: Model, previous: Contexts | None) -> Contexts | None:
        """The model's contexts, None when it speaks no TLS; StartError."""
        if not speaks_tls(model):
            return None
        # Workers import nothing after the fork, and a worker of a server without TLS
        # does without the library: what they need of it is loaded here.
        from fastlb.monitor import stapling  # noqa: F401
        from fastlb.tls import facts, variables  # noqa: F401
        from fastlb.tls.contexts import Contexts
        from fastlb.tls.errors import TlsError

        try:
            return Contexts(model, self._phrases, self._clock_s(), previous)
        except TlsError as failure:
            ending = f"\n{FATAL}" if previous is None else ""
            raise StartError(Exit.REFUSED, f"{failure}{ending}") from None
        except Exception:
            # Whatever a file can provoke: the server that runs is worth more.
            raise StartError(Exit.CANNOT_SERVE, traceback.format_exc()) from None

    @staticmethod
    def handles(contexts: Contexts | None) -> TlsHandles | None:
        """StartError when this library cannot be used."""
        if contexts is None:
            return None
        try:
            return contexts.handles()
        except ValueError as failure:
            raise StartError(Exit.CANNOT_SERVE, str(failure)) from None


def speaks_tls(model: Model) -> bool:
    """True when some virtual host or member needs a context."""
    return any(vhost.tls is not None for vhost in model.vhosts) or any(
        member.tls is not None for member in model.members
    )


def renewed(before: Contexts | None, after: Contexts | None) -> list[str]:
    """name:port of the hosts that show other certificates than before the reload."""
    if before is None or after is None:
        return []
    return [
        host.name
        for vhost_id, host in after.hosts.items()
        if vhost_id in before.hosts
        and before.hosts[vhost_id].certificate.files != host.certificate.files
    ]
