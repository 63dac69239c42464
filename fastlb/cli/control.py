"""The -k verbs: find the running master by its pid file and tell it.

Outputs are Apache's, its name for itself included, because scripts match them. What is
asked for has been done when the command ends, or it says why not: httpd's ends with the
signal, and whoever starts anew behind it finds the old server still there.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Callable

from fastlb.master import account, pidfile
from fastlb.master.account import Account

DONE = 0
FAILED = 1
NOT_RUNNING = 3  # of status, as init scripts have it

SIGNALS = {
    "stop": signal.SIGTERM,
    "restart": signal.SIGHUP,
    "graceful": signal.SIGUSR1,
    "graceful-stop": signal.SIGWINCH,
    "upgrade": signal.SIGUSR2,
}
STARTS_WHEN_MISSING = ("restart", "graceful")
RELOAD_S = 60.0  # a new generation has half of it to accept
UPGRADE_S = (
    150.0  # ... after the program was tried (master/upgrade.py), and has started
)
STOP_S = 15.0  # the master ends others after 10 (master/stop.py)
PAUSE_S = 0.02


def obey(verb: str | None, pid_file: str) -> int | None:
    """Do what verb asks of a server that may be running; the exit code.

    A process that only has the pid of one is none: it is neither signalled nor taken
    for a server that runs already. None: this process has to start the server.
    StartError when the pid file cannot be read.
    """
    pid = pidfile.read(pid_file)
    running = pid if pid is not None and pidfile.is_held(pid_file, pid) else None
    if verb == "status":
        return _status(pid_file, running)
    if verb in (None, "start"):
        if running is None:
            return None
        _say(f"httpd (pid {running}) already running")
        return DONE
    assert verb is not None
    if running is not None:
        if verb in STARTS_WHEN_MISSING:
            return _change(verb, pid_file, running, RELOAD_S, ("reload", "reloaded"))
        if verb == "upgrade":
            words = ("upgrade", "upgraded")
            return _change(verb, pid_file, running, UPGRADE_S, words)
        return _stop(verb, pid_file, running)
    if verb in STARTS_WHEN_MISSING:
        _say("httpd not running, trying to start")
        return None
    known = "no pid file" if pid is None else f"pid {pid}?"
    if verb == "upgrade":
        return _fail(f"there is no server to upgrade ({known})")
    _say(f"httpd ({known}) not running")
    return DONE


def _change(
    verb: str, pid_file: str, pid: int, patience_s: float, words: tuple[str, str]
) -> int:
    """Wait until the new configuration, or program, serves, or is refused.

    words: what is asked for, and what is done then.
    """
    what, done = words
    before = account.read(pid_file, pid)
    if not _send(pid, verb):
        return FAILED
    if before is None:
        return DONE  # nothing will tell how it ends but the error log
    answer: Account | None = None

    def is_answered() -> bool:
        nonlocal answer
        answer = account.read(pid_file, pid)
        return answer is not None and answer.answered > before.asked

    if not _wait(lambda: is_answered() or not _is_there(pid_file, pid), patience_s):
        return _fail(f"no answer from pid {pid}: see its error log")
    if answer is None or answer.answered <= before.asked:
        return _fail(f"the server (pid {pid}) has ended: see its error log")
    if not answer.is_sound:
        return _fail(f"{what} {answer.text}\nthe server goes on as before")
    _say(f"fastlb: {done}: {answer.text}")
    return DONE


def _stop(verb: str, pid_file: str, pid: int) -> int:
    """Wait until another server may take the place."""
    if not _send(pid, verb):
        return FAILED
    if _wait(lambda: not _is_there(pid_file, pid), STOP_S):
        return DONE
    return _fail(f"the server (pid {pid}) has not ended yet")


def _status(pid_file: str, pid: int | None) -> int:
    if pid is None:
        _say("fastlb: not running")
        return NOT_RUNNING
    told = account.read(pid_file, pid)
    if told is None:
        _say(f"fastlb: running (pid {pid})")
        return DONE
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(told.since_s))
    _say(f"fastlb: running (pid {pid}) since {since}, generation {told.generation}")
    if told.asked > told.answered:
        article = "an" if told.asked_for == account.UPGRADE else "a"
        _say(f"{article} {told.asked_for} is under way")
    if told.answered:
        _say(f"last {told.answered_for}: {told.text}")
    return DONE


def _is_there(pid_file: str, pid: int) -> bool:
    return pidfile.is_held(pid_file, pid)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    ends_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends_s:
            return False
        time.sleep(PAUSE_S)
    return True


def _send(pid: int, verb: str) -> bool:
    try:
        os.kill(pid, SIGNALS[verb])
    except OSError as error:
        _say(f"sending signal to server: {error.strerror}")
        if error.errno == errno.EPERM:
            _fail(f"pid {pid} is another account's: root, or that one, may ask it")
        return False
    return True


def _fail(text: str) -> int:
    sys.stderr.write(f"fastlb: {text}\n")
    sys.stderr.flush()
    return FAILED


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
