"""Fixtures of the end-to-end tests; each one leaves nothing behind, or fails."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from harness import HOST, Answerer, Fastlb, Member, is_listening, wait_for
from ldap_site import sha
from peers import Handler, ScriptedMember
from ports import free_port
from rig import Rig, RigServer
from service_manager import ServiceManager
from slapd import Slapd

# The text of a line of the error log, behind time, level, process, error and client.
LINE = re.compile(
    r"\[[^]]*\] \[\w+:\w+\] \[pid [^]]*\] (?:\(\d+\)[^:]*: )?"
    r"(?:\[(?:client|remote) \S*\] )?(.*)"
)
NUMBERED = re.compile(r"(?:AH\d{5}|FB0\d{3}): |    ")


def unnumbered(log: str) -> list[str]:
    """Lines without a number; what goes on from the line before is indented."""
    told = (LINE.fullmatch(line) for line in log.splitlines())
    lines = [m[0] for m in told if m is not None and not NUMBERED.match(m[1])]
    return [line for line in lines if ":trace" not in line]  # httpd's have none either


MemberMaker = Callable[..., Member]


@pytest.fixture
def make_member() -> Iterator[MemberMaker]:
    """make_member(name, answer=None): a member that listens."""
    made: list[Member] = []

    def make(
        name: str, answer: Answerer | None = None, host: str = HOST, port: int = 0
    ) -> Member:
        member = Member(name, answer, host, port)
        made.append(member)
        member.start()
        return member

    yield make
    for member in made:
        member.stop()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Whoever a worker runs as, it finds its way there, as to sockets of the server."""
    with tempfile.TemporaryDirectory(prefix="fastlb-", dir="/tmp") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Fastlb]:
    """A fastlb on a free port, not started; ended and looked after at the end."""
    # A worker may run as another user than the one who tests.
    tmp_path.chmod(0o755)
    made = Fastlb(tmp_path, free_port())
    yield made
    made.stop()
    assert unnumbered(made.error_log) == []
    try:
        wait_for(lambda: not made.left_over(), "every process has ended")
        assert not is_listening(made.port)
        assert not (tmp_path / "fastlb.pid").exists()
    finally:
        for pid in made.left_over():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceManager]:
    """A manager of services that hears what a server tells it."""
    made = ServiceManager(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def rig_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RigServer]:
    made = RigServer(tmp_path_factory.mktemp("rig"))
    yield made
    made.stop()


@pytest.fixture
def rig(rig_server: RigServer, tmp_path: Path) -> Iterator[Rig]:
    """One worker without a master, not started; at the end nothing is left in it."""
    made = Rig(rig_server, tmp_path)
    yield made
    made.end()


@pytest.fixture
def scripted() -> Iterator[Callable[[Handler], ScriptedMember]]:
    """scripted(handler): a member whose connections the handler lives through."""
    made: list[ScriptedMember] = []

    def make(handler: Handler) -> ScriptedMember:
        made.append(ScriptedMember(handler))
        return made[-1]

    yield make
    for member in made:
        member.stop()
    assert [error for member in made for error in member.errors] == []


@pytest.fixture(scope="module")
def ldap_folder() -> Iterator[Path]:
    """Whoever a worker runs as, he may look into it."""
    with tempfile.TemporaryDirectory(prefix="fastlb-ldap-", dir="/tmp") as made:
        Path(made).chmod(0o755)
        in_a_file = sha("kept in a file")
        text = "".join(f"{name}:{in_a_file}\n" for name in ("bob", "local"))
        (Path(made) / "users").write_text(text)
        yield Path(made)


@pytest.fixture(scope="module")
def directory(ldap_folder: Path) -> Iterator[Slapd]:
    made = Slapd(ldap_folder)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def own_directory(tmp_path: Path) -> Iterator[Slapd]:
    """One that a test may stop."""
    made = Slapd(tmp_path)
    made.start()
    yield made
    made.stop()
