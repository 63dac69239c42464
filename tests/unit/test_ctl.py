"""`fastlb ctl`: whom the words mean, what is asked, and what is told."""

from __future__ import annotations

import errno
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rows import rows

from fastlb.cli.ctl import client, command
from fastlb.cli.ctl.client import RefusedError, UnreachableError
from fastlb.cli.ctl.members import UnclearError, chosen, full_name, table

ONE, TWO, THREE = (f"http://10.0.0.{n}:80" for n in (1, 2, 3))


def member(url: str, balancer: str | None = "app", **said: Any) -> dict[str, Any]:
    return {
        "balancer": balancer,
        "host": "",
        "url": url,
        "route": "",
        "redirect": "",
        "lbset": 0,
        "flags": "",
        "state": "serving",
        "out_for_seconds": None,
        "out_reason": None,
        "weight": 1.0,
        "added": False,
        "adjusted": [],
        "in_flight": 0,
        "outcomes": {"none": 1, "2xx": 90, "5xx": 2},
        "answer_p50_seconds": 0.0042,
        "answer_p99_seconds": 1.25,
        **said,
    }


MEMBERS = [
    member(ONE, route="a", weight=2.5),
    member(TWO, route="b"),
    member(TWO, balancer="other"),
    member(THREE, balancer="app", host="*:80/two.test"),
    member("http://10.0.0.9/", balancer=None),
]


class Server:
    """What answers at the control socket."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.refuses: RefusedError | UnreachableError | None = None
        self.in_flight: list[int] = []
        self.done = "~ it is done"
        self.told: dict[str, Any] = {
            "/changes": {"changes": []},
            "/balancers": {"balancers": [{"name": "app", "host": "", "removed": []}]},
            "/generation": {
                "version": "1",
                "pid": 7,
                "generation": 2,
                "config_file": "/etc/f.conf",
                "since_unix_seconds": 0,
                "last_reload": "refused while reading: x",
                "last_reload_succeeded": False,
                "last_reload_kind": "upgrade",
            },
            "/state": {
                "server": {"workers": [{}, {}]},
                "totals": {"requests": 9, "in_flight": 1, "connections_open": 3},
                "balancers": [
                    {
                        "name": "app",
                        "host": "",
                        "method": "byrequests",
                        "members": [{"usable": True}, {"usable": False}],
                    }
                ],
            },
        }
        self.batches: list[list[dict[str, Any]]] = []
        self.since: list[float | None] = []

    def __call__(self, path: str) -> Server:
        self.path = path
        return self

    def get(self, path: str, **query: str) -> Any:
        if self.refuses is not None:
            raise self.refuses
        if path != "/members":
            return self.told[path]
        busy = self.in_flight.pop(0) if query and self.in_flight else 0
        return {"members": [{**one, "in_flight": busy} for one in MEMBERS]}

    def ask(self, method: str, path: str, query: Any = None, said: Any = None) -> Any:
        self.asked.append((method, path, query, said))
        if self.refuses is not None:
            raise self.refuses
        return {"done": self.done}

    def events(self, since: float | None) -> Iterator[Any]:
        self.since.append(since)
        if not self.batches:
            raise UnreachableError(2, "No such file or directory")
        yield from self.batches.pop(0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(command, "Control", made)
    monkeypatch.setattr(command, "PAUSE_S", 0)
    return made


def run(*words: str) -> int:
    word, *rest = words
    return command.run([word, "--socket", "/s", *rest])


@rows(
    ("text", "url", "balancer"),
    [
        (ONE, ONE, "app"),
        ("10.0.0.1:80", ONE, "app"),
        ("app/a", ONE, "app"),
        ("app/10.0.0.2:80", TWO, "app"),
        (f"other/{TWO}", TWO, "other"),
        ("app@*:80/two.test/10.0.0.3:80", THREE, "app"),
    ],
)
def test_a_member_is_named_in_several_ways(text: str, url: str, balancer: str) -> None:
    found = chosen(text, MEMBERS)
    assert (found["url"], found["balancer"]) == (url, balancer)
    assert chosen(full_name(found), MEMBERS) == found


@rows(
    ("text", "told"),
    [
        (TWO, f"{TWO} is more than one:\n  app/{TWO}\n  other/{TWO}"),
        ("http://10.0.0.9/", "no member is http://10.0.0.9/; there are:"),
        ("x", "no member is x; there are:"),
    ],
)
def test_who_could_be_meant_is_listed(text: str, told: str) -> None:
    with pytest.raises(UnclearError) as found:
        chosen(text, MEMBERS)
    assert str(found.value).startswith(told)


QUERY = {"balancer": "app", "host": "", "member": ONE}


@rows(
    ("words", "method", "path", "query", "said", "undo"),
    [
        ("drain app/a", "PATCH", "/members", QUERY, {"drain": True}, "undrain app/"),
        ("undrain app/a", "PATCH", "/members", QUERY, {"drain": False}, "drain app/"),
        (
            "disable app/a",
            "PATCH",
            "/members",
            QUERY,
            {"disabled": True},
            "enable app/",
        ),
        ("stop app/a", "PATCH", "/members", QUERY, {"stopped": True}, "enable app/"),
        ("weight app/a 4", "PATCH", "/members", QUERY, {"weight": 4}, f"{ONE} 2.5"),
        (
            "set app/a lbset=1 route=7 spare=true",
            *("PATCH", "/members", QUERY),
            *({"lbset": 1, "route": "7", "spare": True}, "reset app/"),
        ),
        (
            "set app/a loadfactor=4 hcmethod=GET hcinterval=2.5",
            *("PATCH", "/members", QUERY),
            {"weight": 4, "health_method": "GET", "health_interval_seconds": 2.5},
            "reset app/",
        ),
        (
            "set balancer://app fail_on_status=500,503 sticky=null",
            *("PATCH", "/balancers", {"balancer": "app"}),
            *({"fail_on_status": [500, 503], "sticky": None}, "reset balancer://app"),
        ),
        (
            f"add app@h {THREE} weight=2",
            *("POST", "/members", {"balancer": "app", "host": "h"}),
            *({"url": THREE, "weight": 2}, f"remove app@h/{THREE}"),
        ),
        ("remove app/a", "DELETE", "/members", QUERY, None, f"add app {ONE}"),
        ("up app/a", "POST", "/members/up", QUERY, {}, ""),
        ("reset", "DELETE", "/changes", {}, None, ""),
        ("reset app/a", "DELETE", "/changes", QUERY, None, ""),
        ("reset balancer://app", "DELETE", "/changes", {"balancer": "app"}, None, ""),
    ],
)
def test_words_ask_for_one_change_and_say_how_to_undo_it(  # noqa: PLR0917
    words: str,
    method: str,
    path: str,
    query: Any,
    said: Any,
    undo: str,
    server: Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.asked.clear()
    assert run(*words.split()) == 0
    assert server.asked == [(method, path, query, said)]
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "~ it is done"
    if undo:
        assert len(rest) == 1 and rest[0].startswith("undo: fastlb ctl ")
        assert undo in rest[0] and rest[0].endswith(" --socket /s")
    else:
        assert rest == []
    assert run(*words.split(), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"done": "~ it is done"}


def test_nothing_is_said_to_undo_what_goes_with_earlier_changes(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.told["/changes"] = {"changes": [{"balancer": "app", "host": "h"}]}
    for words, undo in (("app@h", False), ("app@i", True), ("app", False)):
        assert run("set", f"balancer://{words}", "method=bytraffic") == 0
        assert ("undo:" in capsys.readouterr().out) == undo


def test_an_output_that_fails_is_not_the_servers_fault(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, "_say", full)
    with pytest.raises(OSError, match="No space"):
        run("members")


def test_a_server_that_does_not_answer_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_S", 0.05)
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with pytest.raises(UnreachableError) as found:
            client.Control(path).get("/members")
    assert found.value.errno == errno.ETIMEDOUT


@rows(
    ("answer", "told"),
    [
        (
            b"200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
            "at PATH has no 'members'",
        ),
        (
            b"200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
            "at PATH: no answer",
        ),
        (
            b'200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{"',
            "at PATH: no answer",
        ),
        (
            b"404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
            "one: '404 Not Found'",
        ),
        (
            b"404 Not Found\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{}",
            "one: '404 Not Found'",
        ),
    ],
)
def test_who_answers_otherwise_is_no_traceback(
    answer: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "s")
    Path(path).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            with listener.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 " + answer)

        thread = threading.Thread(target=serve)
        thread.start()
        assert command.run(["members", "--socket", path]) == 1
        thread.join()
    assert told.replace("PATH", path) in capsys.readouterr().err


def test_only_who_is_there_can_be_traced(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, Any]] = []

    def trace(query: dict[str, Any]) -> Iterator[Any]:
        asked.append(query)
        raise KeyboardInterrupt
        yield

    server.trace = trace  # type: ignore[attr-defined]
    for text, url in (
        ("app/a", ONE),
        (TWO, TWO),  # of two balancers
        ("10.0.0.9", "http://10.0.0.9/"),  # of none
    ):
        assert run("trace", "--match", f"member={text}", "--match", "path=/") == 0
        assert asked.pop() == {"member": url, "path": "/"}
    assert run("trace", "--match", "balancer=balancer://app") == 0
    assert asked.pop() == {"balancer": "balancer://app"}
    for text, told in (
        ("member=app/z", "no member is app/z; there are:"),
        ("balancer=ap", "no balancer ap has members; there are: app, other"),
    ):
        assert run("trace", "--match", text) == 2
        assert told in capsys.readouterr().err
    assert asked == []


def test_a_file_is_told_from_a_server_that_has_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s"
    path.write_text("")
    assert command.run(["members", "--socket", str(path)]) == 1
    assert "it is no socket: the one beside the PidFile" in capsys.readouterr().err
    path.unlink()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert command.run(["members", "--socket", str(path)]) == 1
    assert "the server has ended: start it" in capsys.readouterr().err


def test_members_are_listed_with_what_else_names_them() -> None:
    with pytest.raises(UnclearError) as found:
        chosen("app/z", MEMBERS[:2])
    assert str(found.value) == (
        f"no member is app/z; there are:\n  app/{ONE} (app/a)\n  app/{TWO} (app/b)"
    )


@rows(
    ("words", "found", "undo"),
    [
        ("disable app/x", {"flags": "N"}, f"set app/{ONE} disabled=false"),
        ("enable app/x", {"flags": "N"}, f"drain app/{ONE}"),
        ("enable app/x", {"flags": "HS"}, f"stop app/{ONE}"),
        ("enable app/x", {"flags": "DN"}, f"set app/{ONE} drain=true disabled=true"),
        ("set app/x lbset=2", {}, f"reset app/{ONE}"),
        (
            "set app/x lbset=2 route=y spare=true",
            {"adjusted": [{"key": "loadfactor"}], "lbset": 1},
            f"set app/{ONE} lbset=1 route=x spare=false",
        ),
        ("set app/x lbset=2", {"added": True}, f"set app/{ONE} lbset=0"),
        ("remove app/x", {"host": "h"}, f"add app@h {ONE}"),
        (
            "remove app/x",
            {"added": True, "weight": 2.5, "lbset": 1, "flags": "DR"},
            f"add app {ONE} weight=2.5 lbset=1 route=x disabled=true spare=true",
        ),
        (
            "remove app/x",
            {
                "added": True,
                "weight": 1,
                "health_method": "GET",
                "health_interval_seconds": 2.5,
                "health_passes": 1,
                "health_fails": 3,
                "health_uri": "/up",
                "health_expression": None,
            },
            f"add app {ONE} route=x health_method=GET health_interval_seconds=2.5"
            " health_passes=1 health_fails=3 health_uri=/up",
        ),
    ],
)
def test_what_undoes_it_leads_to_what_was_before(  # noqa: PLR0917
    words: str,
    found: dict[str, Any],
    undo: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = [member(ONE, **{"route": "x", **found})]
    monkeypatch.setattr(server, "get", lambda _: {"members": there})
    assert run(*words.split()) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert told == f"undo: fastlb ctl {undo} --socket /s"


def test_a_member_that_was_taken_out_can_be_reset(server: Server) -> None:
    gone = {"url": "http://10.0.0.7", "route": "g"}
    server.told["/balancers"]["balancers"][0]["removed"].append(gone)
    query = {"balancer": "app", "host": "", "member": gone["url"]}
    for name in ("http://10.0.0.7", "app/g"):
        assert run("reset", name) == 0
        assert server.asked.pop() == ("DELETE", "/changes", query, None)


def test_drain_waits_until_nothing_is_under_way(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.in_flight = [3, 2, 0]
    assert run("drain", "app/a", "--wait") == 0
    assert capsys.readouterr().out.endswith("nothing is under way\n")
    server.in_flight = [3] * 2000
    assert run("drain", "app/a", "--wait", "0") == 1
    assert "3 requests are under way after 0 seconds" in capsys.readouterr().err


@rows(
    ("words", "code", "told"),
    [
        ("set app/a weight", 2, "write key=value"),
        ("set app/a lbset=1 lbset=2", 2, "comes twice"),
        ("set app/a weight=1 LoadFactor=2", 2, "weight comes twice, as LoadFactor"),
        ("members nobody", 2, "no balancer nobody"),
        ("drain nobody", 2, "no member is nobody"),
    ],
)
def test_words_that_mean_nothing(
    words: str,
    code: int,
    told: str,
    server: Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*words.split()) == code
    assert told in capsys.readouterr().err
    assert server.asked == []


@rows(
    ("error", "code", "told"),
    [
        (RefusedError(409, "no more than 5"), 1, "no more than 5"),
        (RefusedError(422, "weight: not from"), 2, "weight: not from"),
        (RefusedError(404, "there is no balancer app"), 2, "there is no balancer"),
        (
            UnreachableError(111, "Connection refused"),
            1,
            "at /s: Connection refused\n    the",
        ),
        (
            UnreachableError(2, "No such file"),
            1,
            "at /s: No such file\n    start the server",
        ),
        (
            UnreachableError(13, "Permission"),
            1,
            "at /s: Permission\n    only the account",
        ),
        (UnreachableError(5, "I/O"), 1, "at /s: I/O\n"),
        (UnreachableError(110, "timed out"), 1, "at /s: timed out\n    its error log"),
    ],
)
def test_refusals(
    error: RefusedError | OSError,
    code: int,
    told: str,
    server: Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.refuses = error
    assert run("add", "app", THREE) == code
    assert told in capsys.readouterr().err


def test_a_command_that_undoes_leads_to_the_same_server(
    server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    conf = tmp_path / "a b.conf"
    conf.write_text(f"Listen 80\nPidFile {tmp_path}/pid\n")
    assert command.run(["drain", "app/a", "-f", str(conf), "-D", "X"]) == 0
    undo = f"undo: fastlb ctl undrain app/{ONE} -f '{conf}' -D X\n"
    assert capsys.readouterr().out.endswith(undo)
    assert command.run(["members", "-f", f"{tmp_path}/none"]) == 2
    assert "No such file or directory: say with -f" in capsys.readouterr().err


def test_what_a_server_says_drives_no_terminal_and_no_shell(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """The controller is a process without rights, which others may have taken over."""
    server.done = "~ \x1b]0;title\x07\x9b31m"
    MEMBERS.append(member("http://10.0.0.8/a;$(id)\x1b[2J"))
    try:
        assert command.run(["disable", "10.0.0.8", "--socket", "/s"]) == 0
    finally:
        MEMBERS.pop()
    told = capsys.readouterr().out
    assert told.replace("\n", "").isprintable()
    assert "'app/http://10.0.0.8/a;$(id)\\x1b[2J'" in told
    server.refuses = RefusedError(409, "no\x1b[1m")
    assert command.run(["disable", ONE, "--socket", "/s"])
    assert "no\\x1b[1m" in capsys.readouterr().err


def test_the_table_of_members(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = table(
        [
            *MEMBERS[:1],
            member(
                TWO,
                state="agent_down",
                out_for_seconds=7300.5,
                out_reason="it says: down",
                answer_p50_seconds=None,
            ),
            member(THREE, added=True),
        ]
    )
    head, first, _, third = (line.split(maxsplit=10) for line in lines)
    assert "CHANGED" in head[-1] and third[-1] == "added"
    assert head[:4] == ["BALANCER", "MEMBER", "STATE", "SINCE"]
    assert first == [
        "app",
        ONE,
        "serving",
        "-",
        "2.5",
        "0",
        "93",
        "3",
        "4.2ms",
        "1.25s",
    ]
    assert lines[2].split()[2:5] == ["agent", "down", "2h"]
    assert lines[2].endswith("it says: down")
    weighed = {"key": "loadfactor", "value": "2.5", "configured": "1"}
    (head, line) = table([member(ONE, adjusted=[weighed])])
    assert line.endswith("  loadfactor=2.5 (configured 1)")
    assert "CHANGED" not in table(MEMBERS)[0]
    assert run("members", "other") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert run("members", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == len(MEMBERS)


def test_status_and_changes_in_words(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("status") == 0
    told = capsys.readouterr().out
    assert "fastlb 1 (pid 7) since" in told and "generation 2" in told
    assert "last upgrade: refused: while reading: x" in told
    assert "balancer app: 1 of 2 members serve, byrequests" in told
    assert run("changes") == 0
    assert "all is as configured" in capsys.readouterr().out
    server.told["/changes"]["changes"] = [
        {
            "balancer": "app",
            "host": "",
            "member": ONE,
            "set": {"loadfactor": "4", "route": "x"},
            "configured": {"loadfactor": "1", "route": ""},
            "added": False,
            "removed": False,
            "who": None,
            "unix_seconds": None,
        }
    ]
    assert run("changes") == 0
    told = capsys.readouterr().out
    said = f"app/{ONE}: loadfactor=4 (configured 1), route=x (configured none)"
    assert told == f"{said}\n"
    server.told["/changes"]["changes"][0] |= {"who": "ada", "unix_seconds": 86400}
    assert run("changes") == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{said}; 1970-01-0") and told.endswith(" by ada\n")


def test_events_go_on_over_a_reload(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {
        "at_seconds": 5.5,
        "unix_seconds": 0,
        "kind": "out",
        "balancer": "app",
        "member": ONE,
        "text": "connection refused",
        "who": "process 7",
    }
    changed = {**event, "kind": "adjusted", "text": "~ x", "who": "root"}
    server.batches = [[event], [changed]]
    assert run("events") == 1  # the server has ended
    assert server.since == [None, 5.5, 5.5]
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(f"out app/{ONE}: connection refused (process 7)")
    assert second.endswith("changed ~ x (root)")


@rows(
    ("line", "path", "code"),
    [
        ("", "{0}/run/f.pid.control", 0),
        ("ControlSocket mine", "{0}/mine", 0),
        ("ControlSocket Off", "", 2),
        ("Nonsense", "{0}/run/f.pid.control", 0),  # it is being edited
        ("<Location /x>\nProxyPass / balancer://none/", "{0}/run/f.pid.control", 0),
    ],
)
def test_the_socket_is_found_by_the_configuration(
    line: str, path: str, code: int, server: Server, tmp_path: Path
) -> None:
    conf = tmp_path / "f.conf"
    conf.write_text(f"ServerRoot {tmp_path}\nListen 80\nPidFile run/f.pid\n{line}\n")
    server.path = ""
    assert command.run(["changes", "-f", str(conf)]) == code
    assert server.path == path.format(tmp_path)


@rows(
    ("words", "ordered"),
    [
        ("", ""),
        ("status", "status"),
        ("status -f a", "status -f a"),
        ("-f a status", "status -f a"),
        (
            "-f a --json --socket=s -D X members app",
            "members -f a --json --socket=s -D X app",
        ),
        ("-h", "-h"),
        ("-f", "-f"),
        ("--match x trace", "--match x trace"),
    ],
)
def test_which_server_may_be_said_before_the_word(words: str, ordered: str) -> None:
    assert " ".join(command.word_first(words.split())) == ordered


def test_it_is_obeyed_there(server: Server, tmp_path: Path) -> None:
    conf = tmp_path / "f.conf"
    conf.write_text(f"ServerRoot {tmp_path}\nListen 80\nPidFile run/f.pid\n")
    server.path = ""
    assert command.run(["-f", str(conf), "changes"]) == 0
    assert server.path == f"{tmp_path}/run/f.pid.control"
