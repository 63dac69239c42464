"""The control socket, from the operator's side: HTTP over a unix socket."""

from __future__ import annotations

import errno
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

ANSWER_S: Final = 90.0
"""The master may be in the middle of a reload, and the controller then says so."""

Said = Mapping[str, Any]


class RefusedError(Exception):
    """The server answers that it will not; in its words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class UnreachableError(OSError):
    """There is no server with this control socket, or it is not ours to ask."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(self.timeout)
        try:
            sock.connect(self._path)
        except OSError:
            sock.close()
            raise
        self.sock = sock


class Control:
    """What a server with this control socket does and answers; UnreachableError."""

    def __init__(self, path: str) -> None:
        self._path = path

    def get(self, path: str, **query: str) -> Any:
        return self.ask("GET", path, query)

    def ask(
        self,
        method: str,
        path: str,
        query: Said | None = None,
        said: Said | None = None,
    ) -> Any:
        """The document that is answered; RefusedError."""
        answer = self._send(method, path, query or {}, said)
        try:
            return json.loads(answer.read())
        except (http.client.HTTPException, ValueError) as error:
            raise _no_answer(error) from None
        except OSError as error:
            raise _unreachable(error) from None
        finally:
            answer.close()

    def events(self, since: float | None) -> Iterator[Any]:
        """As they come, until the server ends them: another model, another controller.
        since: of the last that was seen."""
        return self._lines("/events", {} if since is None else {"since": repr(since)})

    def trace(self, query: Said) -> Iterator[Any]:
        """Requests as they end (docs/ctl.md), likewise."""
        return self._lines("/trace", query)

    def _lines(self, path: str, query: Said) -> Iterator[Any]:
        answer = self._send("GET", path, query, None)
        try:
            while line := _next_line(answer):
                if line.strip():
                    yield json.loads(line)
        finally:
            answer.close()

    def _send(
        self, method: str, path: str, query: Said, said: Said | None
    ) -> http.client.HTTPResponse:
        connection = _Connection(self._path, ANSWER_S)
        body = None if said is None else json.dumps(said).encode()
        fields = {} if body is None else {"Content-Type": "application/json"}
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            connection.request(method, target, body, fields)
            answer = connection.getresponse()
        except http.client.HTTPException as error:
            connection.close()
            raise _no_answer(error) from None
        except OSError as error:
            connection.close()
            raise _unreachable(error) from None
        if answer.status >= 400:
            try:
                detail = json.loads(answer.read())["detail"]
            except (OSError, http.client.HTTPException, ValueError, LookupError):
                raise _no_answer(f"{answer.status} {answer.reason}") from None
            finally:
                answer.close()
            raise RefusedError(answer.status, str(detail))
        return answer


def _next_line(answer: http.client.HTTPResponse) -> bytes:
    """Nothing: it has ended, or was cut off."""
    try:
        return answer.readline()
    except http.client.HTTPException:
        return b""
    except OSError as error:
        raise _unreachable(error) from None


def _no_answer(what: object) -> UnreachableError:
    return UnreachableError(0, f"no answer that is one: {what!r}")


def _unreachable(error: OSError) -> UnreachableError:
    number = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno
    return UnreachableError(number, error.strerror or str(error))
