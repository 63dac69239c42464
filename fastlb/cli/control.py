"""The -k verbs: find the running master by its pid file and tell it.

Outputs and exit codes are Apache's, its name for itself included: scripts match them.
"""

from __future__ import annotations

import os
import signal
import sys

from fastlb.master import pidfile

SIGNALS = {
    "stop": signal.SIGTERM,
    "restart": signal.SIGHUP,
    "graceful": signal.SIGUSR1,
    "graceful-stop": signal.SIGWINCH,
}
STARTS_WHEN_MISSING = ("restart", "graceful")


def is_served(verb: str | None, pid_file: str) -> bool:
    """Do what verb asks of a server that may be running.

    A process that only has the pid of one is none: it is neither signalled nor taken
    for a server that runs already.
    True: done, exit with 0. False: this process has to start the server.
    StartError when the pid file cannot be read.
    """
    pid = pidfile.read(pid_file)
    is_running = pid is not None and pidfile.is_held(pid_file, pid)
    if verb in (None, "start"):
        if is_running:
            _say(f"httpd (pid {pid}) already running")
        return is_running
    assert verb is not None
    if pid is not None and is_running:
        _send(pid, verb)
        return True
    if verb in STARTS_WHEN_MISSING:
        _say("httpd not running, trying to start")
        return False
    known = "no pid file" if pid is None else f"pid {pid}?"
    _say(f"httpd ({known}) not running")
    return True


def _send(pid: int, verb: str) -> None:
    try:
        os.kill(pid, SIGNALS[verb])
    except OSError as error:
        _say(f"sending signal to server: {error.strerror}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
