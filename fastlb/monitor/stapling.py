"""Answers for our own certificates: asked for in time, and written for the workers.

The last good answer stays until it ends. A responder that fails is asked again soon,
then ever later, up to SSLStaplingErrorCacheTimeout.

Differs from Apache: nothing is asked in a client's handshake; and the failure of a
responder is not stapled, unless `Compat apache` is written: a client that gets it
refuses a certificate that may be sound.
"""

from __future__ import annotations

import asyncio
import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastlb._core import STAPLE_ANSWER_MAX
from fastlb.facts.words import Compat
from fastlb.tls import ocsp
from fastlb.tls.ocsp import Answer, OcspError
from fastlb.tls.stapling import Stapled

FIRST_RETRY_S = 5.0
REFRESH_MIN_S = 10.0
READ_SIZE = 16384
REQUEST_FIELDS = {
    "Content-Type": "application/ocsp-request",
    "Connection": "close",
    "User-Agent": "fastlb",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to log. level: of the error log."""

    level: str
    text: str


class StapleWatch:
    """The watch over one certificate. due_s: when to ask, by the loop's clock."""

    def __init__(self, stapled: Stapled, compat: Compat, now_s: float) -> None:
        self.stapled = stapled
        self.running = False
        self.due_s = now_s
        self._fails_openly = compat is Compat.APACHE
        self._misses = 0
        self._is_fresh = False  # an answer of this process is in the handshakes

    def is_due(self, now_s: float) -> bool:
        return not self.running and not self.stapled.trouble and now_s >= self.due_s

    def begin(self, now_s: float) -> None:
        """Take on what an earlier monitor, or context, has left."""
        stapled = self.stapled
        wall_s = time.time()
        answer = stapled.staples.get(stapled.index, int(wall_s))
        if answer is None or answer == ocsp.TRY_LATER or stapled.issuer is None:
            return
        try:
            judged = ocsp.judge(
                answer,
                stapled.certificate,
                stapled.issuer,
                wall_s,
                stapled.settings.response_skew_s,
            )
        except OcspError:
            return
        self.due_s = now_s + self._take(judged, wall_s)

    async def attempt(self, loop: asyncio.AbstractEventLoop) -> Report | None:
        """Ask once; what there is to say."""
        self.running = True
        # Of a fault of ours: else it would be due again with the next turn.
        self.due_s = loop.time() + FIRST_RETRY_S
        try:
            return await self._attempt(loop)
        finally:
            self.running = False

    async def _attempt(self, loop: asyncio.AbstractEventLoop) -> Report | None:
        stapled, settings = self.stapled, self.stapled.settings
        assert stapled.issuer is not None  # else there is trouble, and it is never due
        request = ocsp.request_for(stapled.certificate, stapled.issuer)
        der = b""
        try:
            der = await loop.run_in_executor(
                None, fetch, stapled.url, request, settings.responder_timeout_s
            )
            now_s = time.time()
            answer = ocsp.judge(
                der,
                stapled.certificate,
                stapled.issuer,
                now_s,
                settings.response_skew_s,
            )
        except OcspError as failure:
            delay_s = min(
                float(settings.error_cache_timeout_s), FIRST_RETRY_S * 2**self._misses
            )
            self._misses = min(self._misses + 1, 20)
            self.due_s = loop.time() + delay_s
            self._fail_openly(der)
            return Report(
                "error",
                f"AH01941: stapling_renew_response: responder error: {stapled.name}: "
                f"{stapled.url}: {failure}",
            )
        self._misses = 0
        was_fresh = self._is_fresh
        self.due_s = loop.time() + self._take(answer, now_s)
        if not answer.is_good:
            return Report(
                "error",
                "AH02969: stapling_check_response: response has certificate status "
                f"{answer.status} for serial number "
                f"{stapled.certificate.serial_number:X}: {stapled.name}",
            )
        if not was_fresh:
            return Report(
                "info",
                f"FB0506: {stapled.name}: OCSP answer of {stapled.url} is stapled",
            )
        return None

    def _take(self, answer: Answer, now_s: float) -> float:
        """Let handshakes have the answer; seconds until the next is to be asked for."""
        stapled, settings = self.stapled, self.stapled.settings
        kept_s = float(settings.standard_cache_timeout_s)
        ends_s = answer.next_update_s
        if ends_s is None:
            ends_s = now_s + 2 * kept_s
        if settings.response_max_age_s >= 0:
            ends_s = min(ends_s, answer.this_update_s + settings.response_max_age_s)
        if answer.is_good or settings.return_responder_errors:
            stapled.staples.put(stapled.index, answer.der, int(ends_s))
            self._is_fresh = True
        else:
            stapled.staples.put(stapled.index, b"", 0)
        return max(REFRESH_MIN_S, min(kept_s, (ends_s - now_s) / 2))

    def _fail_openly(self, der: bytes) -> None:
        """Compat apache: a responder's error, or tryLater, where nothing better is."""
        stapled, settings = self.stapled, self.stapled.settings
        now_s = int(time.time())
        kept = stapled.staples.get(stapled.index, now_s)
        if not (self._fails_openly and settings.return_responder_errors):
            return
        if kept is not None and kept != ocsp.TRY_LATER:
            return
        if not der and settings.fake_try_later:
            der = ocsp.TRY_LATER
        if der:
            ends_s = now_s + settings.error_cache_timeout_s
            stapled.staples.put(stapled.index, der, ends_s)


def fetch(url: str, request: bytes, timeout_s: float) -> bytes:
    """POST to a responder (RFC 6960 A.1); OcspError. Blocks, for timeout_s at most.

    Looking up its name may take longer: that is the system's own limit.
    """
    ends_s = time.monotonic() + timeout_s
    try:
        parts = urlsplit(url)
        path = parts.path or "/"
        if parts.query:
            path += f"?{parts.query}"
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=timeout_s
        )
        try:
            connection.request("POST", path, request, REQUEST_FIELDS)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise OcspError(f"it answers {response.status} {response.reason}")
            return read(response, ends_s)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as failure:
        raise OcspError(str(failure) or type(failure).__name__) from None


def read(response: http.client.HTTPResponse, ends_s: float) -> bytes:
    """The body, of bounded size, until a moment of the monotonic clock."""
    body = bytearray()
    while True:
        piece = response.read1(READ_SIZE)
        if not piece:
            return bytes(body)
        body += piece
        if len(body) > STAPLE_ANSWER_MAX:
            raise OcspError(f"its answer has more than {STAPLE_ANSWER_MAX} bytes")
        if time.monotonic() > ends_s:
            raise OcspError("it is too slow")
