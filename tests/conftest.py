"""What all tests share: what a test needs of the machine, and who is not collected."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes is a matter of what else the machine does.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


NODE_MODULES = (
    "e2e/applications/registry/node_modules"  # `npm install` there brings them
)

# Files of few tests that take long. pytest -n begins files in the order of how many
# tests they have: these would be left to one process when the others have ended.
LONG = {
    *("test_adding.py", "test_served.py", "test_advice.py", "test_loading.py"),
    *("test_stock_trees.py", "test_simulation.py", "test_own_words.py"),
    *("test_replacement.py", "test_idle.py", "test_chaos.py", "test_torture.py"),
    *("test_attack.py", "test_wiki.py", "test_storm.py", "test_many_reloads.py"),
}

_bytecode: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """The processes that tests start compile what they import only once.

    Where nothing may be kept beside the sources that is half of what a start costs.
    """
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # see LONG
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        folder = tempfile.mkdtemp(prefix="fastlb-bytecode-")
        os.chmod(folder, 0o755)  # a worker may be another user
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        _bytecode.append(folder)


def pytest_unconfigure() -> None:
    while _bytecode:
        shutil.rmtree(_bytecode.pop(), ignore_errors=True)


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _knows_localhost() -> bool:
    try:
        return socket.gethostbyaddr("127.0.0.1")[0] == "localhost"
    except OSError:
        return False


def _lacks(need: str) -> bool:
    if need == "ipv6":
        return not _has_ipv6()
    if need == "localhost":
        return not _knows_localhost()
    if need.startswith("python:"):
        return find_spec(need.removeprefix("python:")) is None
    if need == "wheel":  # one that was built, for what is made of it
        return "FASTLB_WHEEL" not in os.environ
    if need == "tomcat10":
        return not (
            Path("/usr/share/tomcat10/bin/bootstrap.jar").exists()
            and shutil.which("java")
        )
    if need == "dokuwiki":
        return not Path("/usr/share/dokuwiki/doku.php").exists()
    if need == "verdaccio":
        return not (Path(__file__).parent / NODE_MODULES / need).is_dir()
    if need == "django":  # in Debian's Python, behind uWSGI
        return not (
            Path("/usr/lib/python3/dist-packages/django").is_dir()
            and Path("/usr/lib/uwsgi/plugins/python3_plugin.so").exists()
            and shutil.which("uwsgi")
        )
    return not shutil.which(need)


_missing: Counter[str] = Counter()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    needed = {
        n for item in items for mark in item.iter_markers("needs") for n in mark.args
    }
    lacking = {need for need in needed if _lacks(need)}
    kept, left_out = [], []
    for item in items:
        needs = {need for mark in item.iter_markers("needs") for need in mark.args}
        _missing.update(needs & lacking)
        (left_out if needs & lacking else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
    if hasattr(config, "workerinput"):
        count = Counter(item.path for item in items)
        items.sort(key=lambda item: (item.path.name not in LONG, -count[item.path]))


def pytest_collection_finish() -> None:
    """What is there now stays: neither we nor what tests fork look at it again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes: what it lacked is told by the one that began them."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["missing"] = dict(_missing)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for need, count in node.workeroutput.get("missing", {}).items():
        _missing[need] = count  # each of them has looked at every test


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for need, count in sorted(_missing.items()):
        terminalreporter.write_line(f"{count} tests need {need}, which is not here")
