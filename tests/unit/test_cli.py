"""The command line: httpd's flags, outputs and exit codes."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from name_server import NameServer, not_at_all
from rights import AS_ROOT

from fastlb.base.errors import PLAIN, Diagnostic, Severity, Style
from fastlb.cli import control, member_names
from fastlb.cli.dumps import system_id
from fastlb.cli.entry import INTERRUPTED, entry
from fastlb.cli.main import run
from fastlb.cli.options import Options, UsageError, parse
from fastlb.cli.saying import in_background, style_of
from fastlb.lint.logs import UNREAD_IN_BACKGROUND

MINIMAL = f"""\
ServerName test.example
Listen 127.0.0.1:1
PidFile pid
{AS_ROOT}"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "httpd.conf"
    path.write_text(f'ServerRoot "{tmp_path}"\n{MINIMAL}')
    return path


def call(*arguments: object) -> int:
    return run([str(argument) for argument in arguments], "fastlb")


def entered(*arguments: object, redirect: str) -> subprocess.CompletedProcess[str]:
    """The command as the shell starts it, with a redirection of its output."""
    command = shlex.join([sys.executable, "-m", "fastlb", *map(str, arguments)])
    return subprocess.run(
        ["sh", "-c", f"{command} {redirect}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", ["-L", "--help", "explain -f CONF /x"])
def test_a_full_disk_is_named(words: str, conf: Path) -> None:
    told = entered(*words.replace("CONF", str(conf)).split(), redirect=">/dev/full")
    assert told.returncode == 1
    assert told.stderr == (
        "fastlb: the output cannot be written: No space left on device\n"
    )


def test_outputs_may_be_closed(conf: Path) -> None:
    told = entered("-t", "-f", conf, redirect=">&- <&-")
    assert (told.returncode, told.stderr) == (0, "Syntax OK\n")
    assert entered("-t", "-f", conf, redirect=">&- 2>&- <&-").returncode == 0


def test_an_interrupt_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("fastlb.cli.main.run", interrupted)
    monkeypatch.setattr("fastlb.cli.entry._give_up_output", lambda: None)
    assert entry() == INTERRUPTED


INTERRUPTED_EARLY = """\
import sys

class Finder:
    def find_spec(self, name, *_):
        if name == "fastlb.cli.main":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Finder())
from fastlb.cli.entry import entry
sys.exit(entry())
"""


def test_nor_is_one_before_all_is_loaded() -> None:
    told = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_EARLY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, told.stderr) == (INTERRUPTED, "")


def test_status_is_told_of_a_file_that_has_become_wrong(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(conf.read_text() + "ProxyPas / http://10.0.0.1/\n")
    assert call("-f", conf, "-k", "status") == control.NOT_RUNNING
    told = capsys.readouterr()
    assert told.out == "fastlb: not running\n"
    assert "Invalid command 'ProxyPas'" in told.err
    assert call("-f", conf, "-k", "stop") == 1
    assert call("-f", conf.with_name("none"), "-k", "status") == 1


# words


def test_no_words_mean_no_options() -> None:
    assert parse([]) == Options()


def test_a_value_may_follow_its_letter_or_stand_alone() -> None:
    assert parse(["-f", "a.conf"]) == parse(["-fa.conf"])
    assert parse(["-f", "a.conf"]).config_file == "a.conf"


def test_letters_may_be_joined() -> None:
    options = parse(["-tD", "DUMP_VHOSTS"])
    assert options.test
    assert options.dumps == ("DUMP_VHOSTS",)


def test_some_flags_may_be_repeated_and_keep_their_order() -> None:
    options = parse(["-C", "A 1", "-D", "x", "-c", "B", "-C", "A 2", "-D", "y"])
    assert options.before == ("A 1", "A 2")
    assert options.after == ("B",)
    assert options.defines == ("x", "y")


def test_short_forms_of_the_dumps() -> None:
    assert parse(["-S"]).dumps == ("DUMP_VHOSTS", "DUMP_RUN_CFG")
    assert parse(["-M"]).dumps == ("DUMP_MODULES",)
    assert parse(["-S"]).test
    assert parse(["-M"]).test


@pytest.mark.parametrize("word", ["FOREGROUND", "NO_DETACH", "ONE_PROCESS", "DEBUG"])
def test_defines_that_keep_the_server_in_the_foreground(word: str) -> None:
    assert parse(["-D", word]).is_foreground
    assert not parse(["-D", "OTHER"]).is_foreground


def test_x_means_one_worker_in_the_foreground() -> None:
    options = parse(["-X"])
    assert options.is_foreground
    assert options.is_one_process
    assert options.defines == ("DEBUG",)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["-z"], "illegal option -- z"),
        (
            ["-k", "reload"],
            "illegal option -- k reload: there are start, restart, graceful,"
            " graceful-stop, stop, upgrade, status",
        ),
        (["-f"], "option requires an argument -- f"),
        (["stray"], "unknown word 'stray'"),
        (["--halp"], "unknown word '--halp'"),
        (["-"], "unknown word '-'"),
    ],
)
def test_words_that_mean_nothing_are_refused(words: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert str(caught.value) == text


# outputs and exit codes


def test_a_wrong_flag_ends_with_one_and_three_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("-k", "reload") == 1
    out, err = capsys.readouterr()
    assert out == ""
    first, *hint = err.splitlines()
    assert first.startswith("fastlb: illegal option -- k reload: there are start,")
    assert len(hint) == 3
    assert hint[0].startswith("Usage: fastlb [-t] [-f file]")
    assert hint[2].endswith("fastlb -h lists all options.")


def test_a_command_behind_the_options_is_told_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("-f", "x.conf", "ctl", "status") == 1
    first = capsys.readouterr().err.splitlines()[0]
    assert first == "fastlb: ctl comes first: fastlb ctl ..."
    # ... but not where it is the value of an option
    assert call("-f", "top", "stray") == 1
    assert "unknown word 'stray'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "of which URL?"),
        (("GET", "/x"), "one URL, not GET /x: -X says the method"),
        (("--nonsense", "/x"), "unknown option --nonsense"),
        (("/x", "--from"), "--from wants a value"),
    ],
)
def test_explain_says_what_it_cannot_read(
    words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("explain", *words) == 1
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first == f"fastlb explain: {why}"
    assert second.startswith("Usage: fastlb explain")


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("-h", "--help"):
        assert call(word) == 0
        out, err = capsys.readouterr()
        assert out.startswith("Usage: fastlb" if word == "-h" else "fastlb: load")
        assert err == ""


def test_version_may_be_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out.startswith("Server version: fastlb/")


def test_the_name_alone_says_what_could_be_done(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("fastlb.cli.version.HTTPD_ROOT", str(tmp_path))
    assert call() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"no configuration at {tmp_path}/fastlb.conf" in err
    assert "fastlb demo " in err
    assert "fastlb --help " in err


def test_notes_are_folded_shown_or_hidden(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "XBitHack Full\nSSIETag On\nSSIETag Off\nSetEnv A=B\n"
    conf.write_text(conf.read_text() + lines)

    def told(*words: str) -> list[str]:
        assert call("-f", conf, *words) == 0
        return [line for line in capsys.readouterr().err.splitlines() if "FB0" in line]

    warning, note = told("-t")
    assert "warning FB0271" in warning
    assert note.startswith("note FB0118: ")
    assert "XBitHack, SSIETag" in note
    each = told("-t", "-v")
    assert [line.partition("note FB0118: ")[2][:7] for line in each[:3]] == [
        *("XBitHac", "SSIETag", "SSIETag")
    ]
    assert told("-t", "-e", "warn") == [warning]
    assert told("-t", "-e", "error") == []
    assert told("-tv", "-e", "info") == each


def test_width_and_colour_follow_the_terminal() -> None:
    controller, terminal = os.openpty()
    try:
        with os.fdopen(terminal, "w") as stream:
            said = {"TERM": "xterm", "COLUMNS": "70"}
            assert style_of(stream, said) == Style(70, True)
            assert style_of(stream, said | {"NO_COLOR": "1"}) == Style(70, False)
            assert style_of(stream, said | {"TERM": "dumb"}) == Style(70, False)
            assert style_of(stream, {}).colour is False
        with open(os.devnull, "w") as stream:
            assert style_of(stream, said) == PLAIN
    finally:
        os.close(controller)


def test_the_version_has_httpds_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("-v") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Server version: fastlb/")
    assert second.startswith("Server built:   20")


def test_the_settings_name_root_and_file(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("-f", conf, "-V", "-C", "Compat apache") == 0
    lines = capsys.readouterr().out.splitlines()
    assert ' -D HTTPD_ROOT="/etc/fastlb"' in lines
    assert ' -D SERVER_CONFIG_FILE="fastlb.conf"' in lines
    assert "Compat:         apache" in lines


def test_every_directive_is_listed_with_module_and_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("-L") == 0
    text = capsys.readouterr().out
    assert "\nProxyPass (mod_proxy.c)\n\t" in text
    assert (
        "\tAllowed in *.conf only outside <Directory>, <Files>, <Location>, or <If>\n"
        in text
    )


def test_modules_are_listed_by_file_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("-l") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Compiled in modules:"
    assert "  core.c" in lines
    assert "  mod_proxy.c" in lines


def test_a_sound_file_is_said_to_be_so_on_stderr(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("-f", conf, "-t") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == "Syntax OK"


def test_an_error_is_told_in_apaches_form_and_ends_with_one(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(conf.read_text() + "Bogus yes\n")
    assert call("-f", conf, "-t") == 1
    err = capsys.readouterr().err
    assert err.startswith(f"AH00526: Syntax error on line 6 of {conf}:\n")
    assert "Invalid command 'Bogus'" in err


def test_a_missing_file_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "nope.conf"
    assert call("-f", path, "-t") == 1
    assert f"Could not open configuration file {path}" in capsys.readouterr().err


def test_strict_refuses_what_draws_a_warning(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(conf.read_text() + "ProxyPass / balancer://nobody/\n")
    assert call("-f", conf, "-t") == 0
    assert "warning" in capsys.readouterr().err
    assert call("-f", conf, "-t", "--strict") == 1


def test_startup_messages_go_where_e_says(conf: Path, tmp_path: Path) -> None:
    log = tmp_path / "start.log"
    conf.write_text(conf.read_text() + "Bogus yes\n")
    code = subprocess.run(
        [sys.executable, "-m", "fastlb", "-f", conf, "-t", "-E", log],
        capture_output=True,
        check=False,
    )
    assert (code.returncode, code.stdout, code.stderr) == (1, b"", b"")
    assert "Invalid command 'Bogus'" in log.read_text()


def test_an_unknown_user_is_an_error_of_the_configuration(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(conf.read_text() + "User none-such\n")
    assert call("-f", conf, "-t") == 1
    assert "AH00543: fastlb: bad user name none-such" in capsys.readouterr().err


def test_an_unknown_user_of_a_map_is_one_too(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "RewriteMap m prg:/bin/cat none-such\nRewriteRule ^/x(.*) /${m:$1} [PT]\n"
    conf.write_text(f"{conf.read_text()}RewriteEngine On\n{lines}")
    assert call("-f", conf, "-t") == 1
    told = "RewriteMap m: AH00543: fastlb: bad user name none-such"
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "lines",
    ["", "Group #64998\n", "User root\n", "User #0\nGroup #64998\n", "User #-1\n"],
)
def test_root_must_name_a_user_that_is_not_root(
    lines: str,
    conf: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    conf.write_text(conf.read_text().replace(AS_ROOT, lines))
    assert call("-f", conf, "-t") == 1
    err = capsys.readouterr().err
    assert "must not run as root" in err or "bad user name #-1" in err
    assert "Syntax OK" not in err


# -k


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that every signal ends, even where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        signal.signal(signal.SIGHUP, before)
        yield process
        process.kill()


SERVER = """\
import os, sys, time
from fastlb.master import pidfile
pidfile.write(sys.argv[1], os.getpid(), print)
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has written the pid file, as a server does; signals end it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, tmp_path / "pid"], stdout=subprocess.PIPE
    ) as process:
        signal.signal(signal.SIGHUP, before)
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.mark.parametrize("verb", ["stop", "graceful-stop"])
def test_a_stranger_with_the_pid_of_a_server_is_left_alone(
    conf: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sleeper: subprocess.Popen[bytes],
    verb: str,
) -> None:
    (tmp_path / "pid").write_text(f"{sleeper.pid}\n")
    assert call("-f", conf, "-k", verb) == 0
    assert capsys.readouterr().out == f"httpd (pid {sleeper.pid}?) not running\n"
    assert sleeper.poll() is None
    for start in (None, "start"):
        assert control.obey(start, str(tmp_path / "pid")) is None


def test_who_may_not_is_told_who_may(
    conf: Path,
    running: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def kill(_pid: int, number: int) -> None:
        if number:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(control.os, "kill", kill)
    assert call("-f", conf, "-k", "graceful") == control.FAILED
    told = capsys.readouterr()
    assert told.out == "sending signal to server: Operation not permitted\n"
    assert told.err == (
        f"fastlb: pid {running.pid} is another account's: root, or that one, may ask"
        " it\n"
    )


@pytest.mark.parametrize("verb", ["stop", "graceful-stop"])
def test_stopping_what_does_not_run_is_no_error(
    conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert call("-f", conf, "-k", verb) == 0
    assert capsys.readouterr().out == "httpd (no pid file) not running\n"
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    (tmp_path / "pid").write_text(f"{dead.pid}\n")
    assert call("-f", conf, "-k", verb) == 0
    assert capsys.readouterr().out == f"httpd (pid {dead.pid}?) not running\n"


@pytest.mark.parametrize(
    ("verb", "number"),
    [
        ("stop", signal.SIGTERM),
        ("restart", signal.SIGHUP),
        ("graceful", signal.SIGUSR1),
    ],
)
def test_a_verb_is_a_signal_to_the_master(
    conf: Path,
    running: subprocess.Popen[bytes],
    verb: str,
    number: signal.Signals,
) -> None:
    assert call("-f", conf, "-k", verb) == 0
    assert running.wait(10) == -number


def test_starting_what_runs_says_so_and_is_no_error(
    conf: Path,
    capsys: pytest.CaptureFixture[str],
    running: subprocess.Popen[bytes],
) -> None:
    assert call("-f", conf, "-k", "start") == 0
    assert capsys.readouterr().out == f"httpd (pid {running.pid}) already running\n"


@pytest.mark.parametrize("verb", ["restart", "graceful"])
def test_a_bad_file_is_refused_before_the_server_hears_of_it(
    conf: Path, running: subprocess.Popen[bytes], verb: str
) -> None:
    conf.write_text(conf.read_text() + "Bogus yes\n")
    assert call("-f", conf, "-k", verb) == 1
    assert running.poll() is None


def test_an_unreadable_pid_file_is_an_error(
    conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pid").write_text("not a pid\n")
    assert call("-f", conf, "-k", "stop") == 1
    assert "AH00058" in capsys.readouterr().err


def test_restarting_what_does_not_run_starts_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert control.obey("graceful", str(tmp_path / "pid")) is None
    assert capsys.readouterr().out == "httpd not running, trying to start\n"


def test_a_server_does_not_find_itself_running(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    assert control.obey(None, str(tmp_path / "pid")) is None


# dumps


def test_modules_are_static_or_named_by_loadmodule(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text("LoadModule proxy_module modules/mod_proxy.so\n" + conf.read_text())
    assert call("-f", conf, "-M") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Loaded Modules:"
    assert " core_module (static)" in lines
    assert " proxy_module (shared)" in lines
    assert " proxy_module (static)" not in lines


def test_the_configuration_is_shown_as_it_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As httpd's mod_info prints it."""
    other = tmp_path / "other.conf"
    other.write_text("Timeout 10\n")
    conf = tmp_path / "httpd.conf"
    conf.write_text(
        f"Define PORT 1\n{AS_ROOT}Listen 127.0.0.1:${{PORT}}\nServerName x.example\n"
        f'ServerRoot "{tmp_path}"\n<IfModule mod_headers.c>\n<Location "/x">\n'
        f"  Require all granted\n</Location>\n</IfModule>\nInclude {other}\n"
        "<VirtualHost *:1>\nKeepAlive \\\n   On\n</VirtualHost>\n"
    )
    assert call("-f", conf, "-t", "-D", "DUMP_CONFIG") == 0
    out, err = capsys.readouterr()
    assert err.endswith("Syntax OK\n")
    at = 1 + AS_ROOT.count("\n")
    expected = f"""\
#{at + 1:4d}:
Listen 127.0.0.1:1
#{at + 2:4d}:
ServerName x.example
#{at + 5:4d}:
<Location "/x">
  #{at + 6:4d}:
  Require all granted
</Location>
# In file: {other}
#   1:
Timeout 10
# In file: {conf}
#{at + 10:4d}:
<VirtualHost *:1>
  #{at + 12:4d}:
  KeepAlive On
</VirtualHost>
"""
    assert out.endswith(expected)


def test_included_files_are_shown_below_their_line(
    conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "more.conf"
    more.write_text("Timeout 5\n")
    conf.write_text(conf.read_text() + "Include more.conf\n")
    assert call("-f", conf, "-t", "-D", "DUMP_INCLUDES") == 0
    assert capsys.readouterr().out == (
        f"Included configuration files:\n  (*) {conf}\n    (6) {more}\n"
    )


def test_s_shows_hosts_and_settings(
    conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("-f", conf, "-S") == 0
    out, err = capsys.readouterr()
    assert out.startswith(f'VirtualHost configuration:\nServerRoot: "{tmp_path}"\n')
    assert f'PidFile: "{tmp_path}/pid"\n' in out
    assert "Define: DUMP_VHOSTS\nDefine: DUMP_RUN_CFG\n" in out
    assert "Compat: better\n" in out
    assert "Syntax OK" not in err


@pytest.mark.parametrize(
    ("name", "is_group", "number"),
    [
        ("root", False, 0),
        ("root", True, 0),
        ("#12", False, 12),
        ("none-such", False, None),
    ],
)
def test_names_of_users_become_numbers(
    name: str, is_group: bool, number: int | None
) -> None:
    assert system_id(name, is_group) == number


def test_a_start_in_the_background_warns_of_streams_that_nobody_reads() -> None:
    note = Diagnostic(Severity.NOTE, UNREAD_IN_BACKGROUND, "a", 1, 1, "ErrorLog", "x")
    other = replace(note, number="FB0118")
    warned, same = in_background([note, other])
    assert warned.severity is Severity.WARNING
    assert same is other


# names of members


NAMED = """
Resolver {0}
ProxyPass /a/ http://known.test/
ProxyPass /b/ http://unknown.test:81/
ProxyPass /c/ http://unknown.test:82/
ProxyPass /d/ http://192.0.2.1/
"""


def test_a_name_that_nobody_knows_is_a_warning_of_the_check(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with NameServer() as dns:
        dns.tell("known.test", "192.0.2.7")
        text = conf.read_text() + NAMED.format(f"127.0.0.1:{dns.port}")
        conf.write_text(text)
        for more in ((), ("--strict",)):
            assert call("-f", conf, "-t", *more) == 0
            err = capsys.readouterr().err
            assert err.count("FB0701") == 1
            assert "warning FB0701" in err
            assert "member http://unknown.test:81/: unknown.test" in err
            assert err.endswith("Syntax OK\n")
        asked = len(dns.questions)
        assert call("-f", conf, "-t", "-e", "error") == 0
        assert "FB0701" not in capsys.readouterr().err
        assert len(dns.questions) > asked


def test_the_check_does_not_wait_for_name_servers(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with NameServer() as dns:
        dns.manner = not_at_all
        text = conf.read_text() + NAMED.format(f"127.0.0.1:{dns.port}")
        conf.write_text(text)
        began_s = time.monotonic()
        assert call("-f", conf, "-t") == 0
        assert time.monotonic() - began_s < member_names.NAMES_S + 8
    err = capsys.readouterr().err
    assert "FB0701" not in err
    assert "note FB0702" in err
    assert "known.test, unknown.test" in err
