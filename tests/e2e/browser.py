"""A real browser for tests: headless Chromium, driven through its DevTools protocol.

    browser = Browser(folder, authority, ["chat.test"])
    page = browser.visitor()                    # cookies and connections of its own
    arrival = page.open("https://chat.test:8443/")
    page.evaluate("await chat.next()")          # the value that the promise brings

It trusts what the authority signed, by a certificate database of its own, and finds
the named hosts on the loopback interface and no other host at all.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from harness import HOST, DeadlineError, wait_for
from websockets.sync.client import connect

START_DEADLINE_S = 20.0
PAGE_DEADLINE_S = 20.0

# Nothing that a new profile does by itself, and nothing from the machine's settings.
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--password-store=basic",
    "--remote-debugging-port=0",
)


class PageError(AssertionError):
    """A page was not loaded, or its script threw."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A page that was loaded: where, over which redirects, by which certificate."""

    url: str
    status: int
    redirects: tuple[tuple[str, int], ...]  # URL and status, in order
    subject: str  # common name of the server's certificate; "" without TLS
    protocol: str  # "TLS 1.3"; "" without TLS


class Browser:
    """One Chromium with a home of its own; every process of it has that home."""

    def __init__(self, folder: Path, authority: Path, hosts: Sequence[str]) -> None:
        self._home = folder / "home"
        self._profile = folder / "profile"
        self._log = folder / "browser.log"
        self._environment = {**os.environ, "HOME": str(self._home)}
        for place in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
            self._environment.pop(place, None)  # they come before the home
        self._trust(authority)
        self._process = self._launch(hosts)
        try:
            port_file = self._profile / "DevToolsActivePort"
            port, path = wait_for(
                lambda: self._address(port_file), "the browser is up", START_DEADLINE_S
            )
            self._wire = Wire(f"ws://{HOST}:{port}{path}")
        except BaseException:
            self._end_processes()
            raise

    def visitor(self) -> Page:
        """An empty page of somebody new: no cookies, no sessions, no connections."""
        made = self._wire.call("Target.createBrowserContext")
        context = str(made["browserContextId"])
        target = self._wire.call(
            "Target.createTarget", url="about:blank", browserContextId=context
        )
        return Page(self._wire, str(target["targetId"]), context)

    def stop(self) -> None:
        """End it; returns when every process of it has gone."""
        self._wire.close()
        self._end_processes()

    def _trust(self, authority: Path) -> None:
        database = self._home / ".pki" / "nssdb"
        database.mkdir(parents=True)
        certutil = needed("certutil", "libnss3-tools")
        for words in (
            ["-N", "--empty-password"],
            ["-A", "-n", "tests", "-t", "C,,", "-i", str(authority)],
        ):
            subprocess.run(
                [certutil, "-d", f"sql:{database}", *words],
                check=True,
                capture_output=True,
                timeout=START_DEADLINE_S,
            )

    def _launch(self, hosts: Sequence[str]) -> subprocess.Popen[bytes]:
        known = [f"MAP {host} {HOST}" for host in hosts]
        rules = ",".join([*known, "MAP * ~NOTFOUND", f"EXCLUDE {HOST}"])
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [
                    needed("chromium", "chromium"),
                    *OPTIONS,
                    f"--user-data-dir={self._profile}",
                    f"--host-resolver-rules={rules}",
                    "about:blank",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )

    def _address(self, port_file: Path) -> list[str] | None:
        if self._process.poll() is not None:
            said = self._log.read_text(errors="replace")[-2000:]
            raise AssertionError(f"the browser ended: {said}")
        with suppress(FileNotFoundError):
            lines = port_file.read_text().split()
            return lines if len(lines) == 2 else None
        return None

    def _end_processes(self) -> None:
        self._kill(self._process.pid)
        self._process.wait(START_DEADLINE_S)
        wait_for(self._is_gone, "every process of the browser has gone")

    def _is_gone(self) -> bool:
        """The crash handler has a session of its own, so that each is looked for."""
        left = [one.pid for one in psutil.process_iter() if self._is_ours(one)]
        for pid in left:
            self._kill(pid)
        return not left

    def _is_ours(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return bool(process.environ().get("HOME") == str(self._home))
        return False

    @staticmethod
    def _kill(pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def needed(command: str, package: str) -> str:
    """Where a command is; the test fails without it."""
    found = shutil.which(command)
    if found is None:
        pytest.fail(
            f"no {command} on this machine: apt-get install {package}", pytrace=False
        )
    return found


class Page:
    """A page in its visitor's context."""

    def __init__(self, wire: Wire, target: str, context: str) -> None:
        self._wire = wire
        self._target = target
        self._context = context
        attached = wire.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def sibling(self) -> Page:
        """Another page of the same visitor."""
        made = self._wire.call(
            "Target.createTarget", url="about:blank", browserContextId=self._context
        )
        return Page(self._wire, str(made["targetId"]), self._context)

    def open(self, url: str) -> Arrival:
        """Go there; returns when the page and its scripts are loaded."""
        self._wire.forget(self._session)  # what the page before did
        navigated = self._call("Page.navigate", url=url)
        if "errorText" in navigated:
            raise PageError(f"{url}: {navigated['errorText']}")
        request = str(navigated["loaderId"])  # a document's request has its name
        self._wire.event(self._session, "Page.loadEventFired", lambda _: True)
        response = self._wire.event(
            self._session,
            "Network.responseReceived",
            lambda event: event["requestId"] == request,
        )["response"]
        redirects = tuple(
            (str(event["redirectResponse"]["url"]), event["redirectResponse"]["status"])
            for event in self._wire.events(self._session, "Network.requestWillBeSent")
            if event["requestId"] == request and "redirectResponse" in event
        )
        security = response.get("securityDetails", {})
        return Arrival(
            url=response["url"],
            status=response["status"],
            redirects=redirects,
            subject=security.get("subjectName", ""),
            protocol=security.get("protocol", ""),
        )

    def evaluate(self, script: str) -> Any:
        """The value of an expression, which may await, in the page."""
        outcome = self._call(
            "Runtime.evaluate",
            expression=f"(async () => ({script}))()",
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in outcome:
            raise PageError(f"{script}: {outcome['exceptionDetails']}")
        return outcome["result"].get("value")

    def run(self, script: str) -> None:
        """A script's statements, which the page's own policy does not concern."""
        outcome = self._call("Runtime.evaluate", expression=script)
        if "exceptionDetails" in outcome:
            raise PageError(str(outcome["exceptionDetails"]))

    def wait_for(self, script: str) -> None:
        """Until an expression holds in the page."""
        wait_for(lambda: self.evaluate(f"!!({script})"), script, PAGE_DEADLINE_S)

    def look(self, *, width: int, is_dark: bool = False) -> None:
        """The window's width, and the colours that its owner likes."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = "dark" if is_dark else "light"
        self._call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    def picture(self, path: Path) -> None:
        """What is seen, as PNG."""
        made = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(made["data"]))

    def complaints(self) -> list[str]:
        """Errors of scripts, and what the browser refused or missed, since open()."""
        self.evaluate("0")  # what was said until now has come
        entries = [
            event["entry"]
            for event in self._wire.events(self._session, "Log.entryAdded")
        ]
        return [
            *(one["text"] for one in entries if one["level"] in ("error", "warning")),
            *(
                str(event)
                for event in self._wire.events(self._session, "Runtime.exceptionThrown")
            ),
            *(
                str(event["args"])
                for event in self._wire.events(
                    self._session, "Runtime.consoleAPICalled"
                )
                if event["type"] in ("error", "warning", "assert")
            ),
        ]

    def leave(self) -> None:
        """The visitor goes, with every page and connection."""
        self._wire.call("Target.disposeBrowserContext", browserContextId=self._context)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._wire.call(method, self._session, **parameters)


class Wire:
    """The DevTools connection: calls in order, and the events that came meanwhile."""

    def __init__(self, url: str) -> None:
        self._leaving = ExitStack()
        self._socket = self._leaving.enter_context(
            connect(url, max_size=None, compression=None, ping_interval=None)
        )
        self._last_id = 0
        self._events: list[dict[str, Any]] = []

    def close(self) -> None:
        self._leaving.close()

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """The result of a method, in the session of a page or of the browser."""
        self._last_id += 1
        order: dict[str, Any] = {
            "id": self._last_id,
            "method": method,
            "params": parameters,
        }
        if session:
            order["sessionId"] = session
        self._socket.send(json.dumps(order))
        ends_s = time.monotonic() + PAGE_DEADLINE_S
        while True:
            got = self._receive(ends_s, f"an answer to {method} {parameters}")
            if got.get("id") == self._last_id:
                break
            self._events.append(got)
        if "error" in got:
            raise PageError(f"{method}: {got['error']}")
        result: dict[str, Any] = got["result"]
        return result

    def event(
        self, session: str, method: str, is_it: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """The first such event of a session, waited for if it is still to come."""
        ends_s = time.monotonic() + PAGE_DEADLINE_S
        while True:
            for found in self.events(session, method):
                if is_it(found):
                    return found
            self._events.append(self._receive(ends_s, method))

    def events(self, session: str, method: str) -> list[dict[str, Any]]:
        """What came so far, in order."""
        return [
            event["params"]
            for event in self._events
            if event.get("sessionId") == session and event["method"] == method
        ]

    def forget(self, session: str) -> None:
        self._events = [e for e in self._events if e.get("sessionId") != session]

    def _receive(self, ends_s: float, what: str) -> dict[str, Any]:
        try:
            text = self._socket.recv(timeout=max(0.0, ends_s - time.monotonic()))
        except TimeoutError:
            raise DeadlineError(f"not within {PAGE_DEADLINE_S}s: {what}") from None
        got: dict[str, Any] = json.loads(text)
        return got
