"""The steps of an upgrade that need no server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from pools import Pool, member
from test_generation import generation, worker
from test_heirloom import heirloom_of

from fastlb.logs.files import OpenLogs
from fastlb.logs.piped import PipedLoggers
from fastlb.master import estate, rehearsal, roll, takeover, upgrade
from fastlb.master.heirloom import GenerationLeft
from fastlb.master.keep import Keep
from fastlb.master.program import Program, started_as
from fastlb.master.reap import from_status
from fastlb.master.rehearsal import Answer
from fastlb.master.upgrade import Trial, Upgrade
from fastlb.tls import stamps

ROOT = Path(__file__).parents[2]
LEFT = replace(heirloom_of([-1] * 6), is_trial=True, kept=-1)
SAYS = "import os; from fastlb.master.program import started_as; print(started_as())"


# the table's descriptors


def test_kept_descriptors_come_back_once() -> None:
    reader, writer = os.pipe()
    keep = Keep()
    assert (keep.fd, keep.take()) == (-1, ())
    keep.put([reader, writer])
    for fd in (reader, writer):
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(fd)
    assert keep.fd >= 0
    reader, writer = keep.take()
    assert not os.get_inheritable(reader)
    os.write(writer, b"x")
    assert os.read(reader, 1) == b"x"
    assert (keep.fd, keep.take()) == (-1, ())
    os.close(reader)
    os.close(writer)


def test_no_forked_process_has_them() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    keep = Keep()
    keep.put([reader])
    pid = os.fork()
    if pid == 0:
        os._exit(keep.fd != -1 or bool(keep.take()))
    assert os.waitpid(pid, 0)[1] == 0
    assert keep.fd != -1
    keep.close()


# how the program was started


def test_a_script_is_executed_as_such(tmp_path: Path) -> None:
    script = tmp_path / "fastlb"
    script.write_text(f"#!{sys.executable}\n{SAYS}\n")
    script.chmod(0o755)
    link = tmp_path / "link"
    link.symlink_to(script)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.check_output([link, "-f", "x y"], text=True, env=environ)
    assert said.strip() == str(Program(str(link), (str(link), "-f", "x y")))


def test_a_module_is_executed_by_the_python_that_was_named(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    words = (str(python), "-P", "-c", SAYS, "-X")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    said = subprocess.check_output(words, text=True, env=environ)
    assert said.strip() == str(Program(str(python), words))


def test_this_process_knows_how_it_was_started() -> None:
    program = started_as()
    assert os.access(program.path, os.X_OK)
    assert program.words[0] == program.path


# the trial


def tried(code: str, clock_s: Callable[[], float] = time.monotonic) -> Trial:
    """How the trial of a program of these lines ends."""
    words = (sys.executable, "-c", code)
    one = Upgrade(Program(sys.executable, words), clock_s)
    one.is_wanted = True
    one.try_out(LEFT, asked=3)
    assert (one.is_wanted, one.is_under_way, one.reading) == (False, True, 3)
    one.act()
    assert one.pid is not None
    pid, status = os.waitpid(one.pid, 0)
    assert not one.bury(from_status(pid + 1, status))
    assert one.bury(from_status(pid, status))
    assert one.tried is not None
    return one.tried


def test_a_program_that_answers_may_come() -> None:
    answer = f'print({rehearsal.ANSWER!r} + \'{{"version": "2"}}\')'
    assert tried(answer) == Trial(Answer("2"), "")
    assert tried(f"print('a note'); {answer}") == Trial(Answer("2"), "a note")
    # The files of a large program are more than it may say.
    files = tuple((f"/{'x' * 200}/{n}", n, n, n) for n in range(200))
    long = f"{rehearsal.ANSWER}{json.dumps(asdict(Answer('3', files)))}"
    assert len(long) > 2 * upgrade.SAID_MAX
    assert tried(f"print('a note'); print({long!r})").answer == Answer("3", files)


def test_one_that_fails_says_why() -> None:
    assert tried("raise SystemExit('no such thing')") == Trial(None, "no such thing")
    assert tried("import os; os._exit(3)").said.endswith("ended with exit code 3")
    assert "Killed" in tried("import os; os.kill(os.getpid(), 9)").said
    # What it answered before it failed does not count.
    answer = f'print({rehearsal.ANSWER!r} + \'{{"version": "2"}}\')'
    assert tried(f"{answer}; raise SystemExit(1)").answer is None


def test_one_that_does_not_know_is_none() -> None:
    assert tried("print('httpd (pid 1) already running')") == Trial(
        None, "httpd (pid 1) already running\nit knows of no upgrade"
    )
    for said in ("[]", "{}", '{"version": "2", "files": 7}', '{"files": [[]]}'):
        assert tried(f"print({rehearsal.ANSWER!r} + {said!r})").answer is None


def test_a_program_whose_files_change_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("one")
    files = stamps.of_paths([str(path)])
    assert rehearsal.first_changed(files) == ""
    other = tmp_path / "other"
    other.write_text("two")
    other.rename(path)
    assert rehearsal.first_changed(files) == str(path)
    path.unlink()
    assert rehearsal.first_changed(files) == str(path)
    known = {one[0] for one in rehearsal.module_files()}
    assert rehearsal.__file__ in known


def test_one_that_takes_too_long_is_ended() -> None:
    moments = iter([0.0, upgrade.TRIAL_S])
    trial = tried("import time; time.sleep(60)", lambda: next(moments))
    assert trial == Trial(None, "it has not ended within 60s")


def test_it_is_given_the_heirloom_and_nothing_more() -> None:
    code = (
        "import os; from fastlb.master import heirloom; "
        "left = heirloom.from_environment(os.environ); print(left.version); "
        "print(*os.listdir('/proc/self/fd'))"
    )
    known = {fd for fd in map(int, os.listdir("/proc/self/fd")) if is_inherited(fd)}
    said = tried(code).said.splitlines()
    assert said[0] == LEFT.version
    listing = 3  # has the lowest number that is free
    assert {*map(int, said[1].split())} <= {0, 1, 2, listing} | known


def is_inherited(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:
        return False


@pytest.mark.parametrize("program", [None, Program("/nowhere", ("/nowhere",))])
def test_what_cannot_be_executed_is_told(program: Program | None) -> None:
    before = len(os.listdir("/proc/self/fd"))
    one = Upgrade(program, time.monotonic)
    why = r"how this server was started|No such file"
    with pytest.raises(OSError, match=why):
        one.try_out(LEFT, asked=1)
    with pytest.raises(OSError, match=why):
        one.become(LEFT, {})
    assert not one.is_under_way
    assert len(os.listdir("/proc/self/fd")) == before


# what is taken over


def test_workers_are_left_as_they_are() -> None:
    one = generation()
    one.logs = OpenLogs((), (), PipedLoggers(lambda *_: None))
    one.seats[0].holder, one.seats[0].successor = worker(3), worker(4)
    one.leaving[5] = worker(5)
    one.leaving[5].lone = True
    left = GenerationLeft(
        number=one.number,
        seats=1,
        is_in_force=False,
        member_slots=(),
        workers=estate.workers_left(one),
        keepers=(),
        loggers=(),
    )
    for has_table in (True, False):
        found = estate.generation_taken(left, one.model, one.logs, has_table=has_table)
        assert found.is_inherited
        assert found.seats[0].holder is not None
        assert found.seats[0].successor is not None
        assert [w.pid for w in found.workers()] == [3, 4, 5]
        assert found.leaving[5].lone
        slot = one.leaving[5].slot if has_table else estate.NO_SLOT
        assert found.leaving[5].slot == slot


def test_settings_of_the_first_start_stay() -> None:
    from trees import model_of

    settings = model_of("Listen 1\nUser nobody\nPidFile /a\n").process
    assert takeover.first_settings(settings, None) is settings
    stays = takeover.first_settings(settings, LEFT)
    assert (stays.pid_file, stays.user, stays.group) == (
        LEFT.pid_file,
        "www-data",
        None,
    )


def test_phrases_are_known() -> None:
    assert takeover.phrases_of(LEFT).known == [b"\x00\xff"]


def test_what_is_no_table_is_none() -> None:
    assert takeover.table_of(LEFT) is None
    pool = Pool(member())
    keep = Keep()
    keep.put(pool.table.take_descriptors())
    wrong = replace(
        LEFT, table={**pool.table.told(), "layout": 0}, kept=os.dup(keep.fd)
    )
    assert takeover.table_of(wrong) is None
    assert takeover.table_of(replace(wrong, table={}, kept=os.dup(keep.fd))) is None
    keep.close()


def test_another_table_learns_counts_and_state_but_no_settings() -> None:
    before = Pool(member(), member())
    before.sequence(4)
    before.set(0, "E")
    before.set(0, "D")
    told = roll.members_of(before.table, before.slots)
    after = Pool(member(), member(), member())
    elected = before.all("elected")
    takeover.learn(after.table, after.slots, [*told, {}])
    assert after.all("elected") == [*elected, 0]
    assert after.status(0) == "Init Err "
    assert after.all("load_factor") == [100, 100, 100]
