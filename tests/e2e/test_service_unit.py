"""The units in conf/systemd: systemd understands them, and fastlb does as they say."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import unit_files
from conftest import MemberMaker
from harness import Fastlb
from rights import IS_ROOT
from service_manager import POOL, ServiceManager
from unit_files import SERVICE, SOCKET

from fastlb.cli.options import Options
from fastlb.cli.source import source_of
from fastlb.master.loading import load

ROOT = Path(__file__).parents[2]


def rights_of_the_unit() -> list[str]:
    """What takes away the rights of root that the unit takes away."""
    if not IS_ROOT:
        return []
    values = unit_files.read(SERVICE)
    (names,) = values["Service", "CapabilityBoundingSet"]
    assert values["Service", "NoNewPrivileges"] == ["yes"]
    kept = "".join(f",+{name[4:].lower()}" for name in names.split())
    return ["setpriv", "--no-new-privs", f"--bounding-set=-all{kept}"]


def test_a_server_does_as_its_unit_says(
    server: Fastlb, manager: ServiceManager, make_member: MemberMaker, tmp_path: Path
) -> None:
    variables = {"FASTLB_OPTIONS": f"-f {server.conf}"}
    folder = tmp_path / "bin"
    unit_files.program_in(folder, sys.executable)
    environ = unit_files.environ_with(folder, variables)

    server.write(POOL.format(url=make_member("a").url))
    server.process = subprocess.Popen(
        [*rights_of_the_unit(), *unit_files.command(SERVICE, "ExecStart", variables)],
        env={**environ, **manager.environ},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert manager.wait_for("READY")["MAINPID"] == str(server.process.pid)
    assert server.get().text == "a"

    def reload() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            unit_files.command(SERVICE, "ExecReload", variables),
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    server.write(POOL.format(url=make_member("b").url))
    ended = reload()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert manager.words() == ["READY", "RELOADING", "READY"]
    assert server.get().text == "b"

    # What it can read and the server cannot serve is refused by the server.
    with server.conf.open("a") as conf:
        conf.write("Listen 192.0.2.1:80\n")
    ended = reload()
    assert ended.returncode == 1
    assert "could not bind to address 192.0.2.1:80" in ended.stderr
    assert manager.words() == ["READY", *("RELOADING", "READY") * 2]
    assert "refused while binding its addresses" in manager.told[-1]["STATUS"]
    assert server.get().text == "b"

    (kill_signal,) = unit_files.read(SERVICE)["Service", "KillSignal"]
    assert server.stop(signal.Signals[kill_signal]) == 0
    words = manager.words()
    assert words[:6] == ["READY", *("RELOADING", "READY") * 2, "STOPPING"]
    # No right was missing, to make workers another user or to end them.
    assert "Operation not permitted" not in server.error_log


def test_what_is_written_has_its_place_in_the_unit() -> None:
    values = unit_files.read(SERVICE)
    assert values["Service", "ProtectSystem"] == ["strict"]
    assert values["Service", "RuntimeDirectory"] == ["fastlb"]
    assert values["Service", "LogsDirectory"] == ["fastlb"]
    assert {section for section, _ in values} == {"Unit", "Service", "Install"}


def test_ports_of_the_example_are_those_of_a_web_server() -> None:
    values = unit_files.read(SOCKET)
    assert values["Socket", "ListenStream"] == ["80", "443"]
    assert {section for section, _ in values} == {"Unit", "Socket", "Install"}


@pytest.mark.needs("systemd-analyze")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    program = unit_files.program_in(tmp_path / "bin", sys.executable)
    units = [
        unit_files.with_program(unit, program, tmp_path) for unit in (SERVICE, SOCKET)
    ]
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Of other units that it has read something may be said.
    own = [line for line in ended.stderr.splitlines() if "fastlb" in line]
    assert (ended.returncode, own) == (0, [])


def test_the_configuration_of_the_page_writes_where_the_unit_lets_it(
    tmp_path: Path,
) -> None:
    page = (ROOT / "docs" / "service.md").read_text()
    lines = page.partition("<!-- configuration -->\n```\n")[2].partition("```")[0]
    sed = lines[lines.index("sed ") : lines.index("|")]
    text = subprocess.check_output(sed, shell=True, cwd=ROOT, text=True)
    assert "/tmp" not in text
    path = tmp_path / "fastlb.conf"
    path.write_text(text)
    loaded = load(source_of(Options(config_file=str(path)), "/etc/fastlb", ""))
    assert loaded.model is not None
    process = loaded.model.process
    assert process.pid_file == "/run/fastlb/fastlb.pid"
    assert process.runtime_dir == "/run/fastlb"
    rotated = (ROOT / "conf" / "logrotate" / "fastlb").read_text()
    assert "\n/var/log/fastlb/*.log {" in rotated
    assert text.count("/var/log/fastlb/error.log") == 1
    assert text.count("/var/log/fastlb/access.log") == 1
