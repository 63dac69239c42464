"""The words of `fastlb ctl`: each is one request to the control socket, or a few."""

from __future__ import annotations

import argparse
import errno
import json
import os
import shlex
import stat
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastlb.base.errors import printable
from fastlb.cli.arguments import (
    add_configuration,
    command_parser,
    source_told,
    words_told,
)
from fastlb.cli.ctl.client import Control, RefusedError, UnreachableError
from fastlb.cli.ctl.members import (
    Member,
    UnclearError,
    chosen,
    full_name,
    names_of,
    of_balancer,
    table,
)
from fastlb.cli.ctl.trace import trace_lines
from fastlb.controller.api_words import BALANCER_WORDS, MEMBER_WORDS
from fastlb.facts.controller import CONTROL_SUFFIX
from fastlb.facts.said import told as said_beside
from fastlb.master.loading import process_of

DONE, FAILED, UNCLEAR = range(3)
UNREADABLE: Final = (400, 404, 422)
"""Statuses of answers to words that mean nothing to the server."""
DRAIN_S: Final = 60.0
PAUSE_S: Final = 0.2
PURPOSE = "Look at members and change them while the server runs."
EXAMPLES = """\
  fastlb ctl status                      the server, its reloads and balancers
  fastlb ctl members app                 members of balancer://app
  fastlb ctl drain 10.0.0.7:8080 --wait  until it has nothing under way
  fastlb ctl weight app/a 2              the member of app with route=a
  fastlb ctl set app/a lbset=1 spare=true
  fastlb ctl add app http://10.0.0.9:8080 weight=2
  fastlb ctl trace --match path=/api --count 5   which way the next ones take
  fastlb ctl reset                       back to what the configuration says
MEMBER is a URL, host:port, or balancer/route; balancer/URL where several have it.

exit status: 0 done, 1 the server refuses it or is not there, 2 the words cannot be
read, or name no member or several"""

FLAGS: Final[Mapping[str, tuple[dict[str, bool], str, str]]] = {
    "drain": ({"drain": True}, "undrain", "serve only the sessions that it has"),
    "undrain": ({"drain": False}, "drain", "serve new sessions again"),
    "disable": ({"disabled": True}, "enable", "give it no requests"),
    "stop": ({"stopped": True}, "enable", "give it none, whatever its agent says"),
    "enable": (
        {"drain": False, "disabled": False, "stopped": False},
        "disable",
        "take all of these back",
    ),
}
"""What a word sets, the one that undoes it, and what it does."""

OF_CONFIGURATION: Final = {
    word.key: key
    for words in (MEMBER_WORDS, BALANCER_WORDS)
    for key, word in words.items()
    if word.key != "status"
}
"""The API's names by those of the configuration, as an operator has them in mind."""

FLAG_KEYS: Final = tuple(
    key for key, word in MEMBER_WORDS.items() if word.key == "status"
)


class UsageError(Exception):
    """The words cannot be read."""


def _shared() -> argparse.ArgumentParser:
    """What every word takes."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="answer with JSON")
    shared.add_argument(
        "--socket", metavar="PATH", help="the control socket (beside the PidFile)"
    )
    add_configuration(shared)
    return shared


def ctl_parser() -> argparse.ArgumentParser:
    parser = command_parser("ctl", PURPOSE, EXAMPLES)
    shared = _shared()
    words = parser.add_subparsers(dest="word", metavar="COMMAND", required=True)

    def add(name: str, help_: str, *arguments: str, many: str = "") -> Any:
        one = words.add_parser(
            name, help=help_, parents=[shared], allow_abbrev=False, description=help_
        )
        for argument in arguments:
            plain = argument.strip("[]").lower()
            one.add_argument(
                plain,
                metavar=argument.strip("[]"),
                nargs="?" if argument[0] == "[" else None,
            )
        if many:
            one.add_argument("params", metavar="key=value", nargs=many)
        return one

    add("status", "the server, its reloads and balancers")
    add("members", "a table of members", "[BALANCER]")
    for name, (_, _, help_) in FLAGS.items():
        one = add(name, help_, "MEMBER")
        if name == "drain":
            one.add_argument(
                *("--wait",),
                nargs="?",
                type=float,
                const=DRAIN_S,
                metavar="SECONDS",
                help=f"until it has nothing under way, {DRAIN_S:g} seconds at most",
            )
    add("weight", "its share beside the others", "MEMBER", "NUMBER")
    add("set", "change a member, or balancer://NAME", "MEMBER", many="+")
    add("add", "a member to a balancer", "BALANCER", "URL", many="*")
    add("remove", "take a member out of its balancer", "MEMBER")
    add("up", "clear the errors of a member", "MEMBER")
    add("changes", "what was changed while running, and holds")
    add("reset", "back to the configuration", "[MEMBER]")
    add("events", "what happens to members, as it happens")
    one = add("trace", "the way of requests, as they end")
    one.add_argument(
        "--match",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of which, as often as you like: method, host (with * and ?), path (what"
        " it begins with), from (address or network), status (502, 5xx), member,"
        " balancer, slower (200ms, 1.5s)",
    )
    one.add_argument(
        "--count", type=int, default=0, metavar="N", help="of so many, then end"
    )
    return parser


def word_first(arguments: Sequence[str]) -> list[str]:
    """What says which server stands before COMMAND with many programs: so it may."""
    shared = _shared()
    takes = {
        option: action.nargs != 0
        for action in shared._actions
        for option in action.option_strings
    }
    at = 0
    while at < len(arguments) and arguments[at].partition("=")[0] in takes:
        option, is_joined, _ = arguments[at].partition("=")
        at += 2 if takes[option] and not is_joined else 1
    return [*arguments[at : at + 1], *arguments[:at], *arguments[at + 1 :]]


def run(arguments: Sequence[str]) -> int:
    told = ctl_parser().parse_args(word_first(arguments))
    path = ""
    try:
        path = told.socket or socket_of(told)
        return WORDS[told.word](Control(path), told)
    except (UnclearError, UsageError) as why:
        return _complain(str(why), UNCLEAR)
    except RefusedError as why:
        return _complain(str(why), UNCLEAR if why.status in UNREADABLE else FAILED)
    except UnreachableError as error:
        return _complain(unreachable(path, error), FAILED)
    except KeyError as key:
        text = f"the answer at {path} has no {key}: another version's, or no fastlb's"
        return _complain(text, FAILED)
    except KeyboardInterrupt:
        return DONE


CURES: Final[Mapping[int, str]] = {
    errno.ENOENT: "start the server; or say with -f the configuration that it was"
    " started with, or its socket with --socket",
    errno.ECONNREFUSED: "the server has ended: start it",
    errno.EACCES: "only the account that has started the server may ask it: root as a"
    " rule",
    errno.ETIMEDOUT: "its error log says what it is busy with, or why it cannot answer",
}


def unreachable(path: str, error: OSError) -> str:
    """Why nobody answers, and what to do."""
    cure = CURES.get(error.errno or 0)
    if error.errno == errno.ECONNREFUSED and _is_other(path):
        cure = "it is no socket: the one beside the PidFile ends in .control"
    why = f"no server answers at {path}: {error.strerror or error}"
    return f"{why}\n    {cure}" if cure else why


def _is_other(path: str) -> bool:
    """Something stands there, and is no socket."""
    try:
        return not stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def where(told: argparse.Namespace) -> str:
    """What leads another command to the same server."""
    if told.socket:
        return f" --socket {shlex.quote(told.socket)}"
    return words_told(told)


def socket_of(told: argparse.Namespace) -> str:
    """As the configuration says it, which may be in the middle of being edited."""
    source = source_told(told)
    try:
        with open(source.config_file, "rb"):
            pass
    except OSError as error:
        raise UsageError(
            f"{source.config_file}: {error.strerror}: say with -f the configuration"
            " that the server was started with, or its socket with --socket"
        ) from None
    process = process_of(source)
    if process.control_socket == "":
        raise UsageError(
            "there is no control socket: ControlSocket Off. Take that line out, then"
            " stop and start the server"
        )
    return process.control_socket or process.pid_file + CONTROL_SUFFIX


# words ----------------------------------------------------------------------------


def status(control: Control, told: argparse.Namespace) -> int:
    live, state = control.get("/generation"), control.get("/state")
    if told.json:
        return _say_json({"generation": live, "state": state})
    server, totals = state["server"], state["totals"]
    since = moment(live["since_unix_seconds"])
    _say(
        f"fastlb {live['version']} (pid {live['pid']}) since {since},"
        f" generation {live['generation']}"
    )
    _say(f"configuration: {live['config_file']}")
    if live["last_reload"]:
        word = "" if live["last_reload_succeeded"] else "refused: "
        text = live["last_reload"].removeprefix("refused ")
        _say(f"last {live['last_reload_kind']}: {word}{text}")
    _say(
        f"{len(server['workers'])} workers, {totals['requests']} requests,"
        f" {totals['in_flight']} in flight, {totals['connections_open']} connections"
    )
    for balancer in state["balancers"]:
        members = balancer["members"]
        usable = sum(one["usable"] for one in members)
        host = f" of {balancer['host']}" if balancer["host"] else ""
        _say(
            f"balancer {balancer['name']}{host}: {usable} of {len(members)} members"
            f" serve, {balancer['method']}"
        )
    return DONE


def members(control: Control, told: argparse.Namespace) -> int:
    everyone = found = control.get("/members")["members"]
    if told.balancer is not None:
        found = of_balancer(told.balancer, everyone)
    if told.json:
        return _say_json(found)
    for line in table(found):
        _say(line)
    return DONE


def flag(control: Control, told: argparse.Namespace) -> int:
    said, _, _ = FLAGS[told.word]
    member = _member(control, told)
    code = _change(control, told, member, said, _flag_undone(told.word, member))
    wait_s = getattr(told, "wait", None)
    return code if wait_s is None else _wait(control, told, member, wait_s)


def _flag_undone(word: str, member: Member) -> str:
    """The word that takes it back, where one leads to all that was before."""
    said, undo, _ = FLAGS[word]
    before = dict.fromkeys(FLAGS["enable"][0], False) | _flags_of(member)
    after = {**before, **said}
    name = _named(member)
    for other in (undo, *FLAGS):
        if {**after, **FLAGS[other][0]} == before:
            return f"{other} {name}"
    was = {key: value for key, value in before.items() if value != after[key]}
    return f"set {name} {_words_of(was)}"


def _flags_of(member: Member) -> dict[str, bool]:
    """Those that it has, by the API's names."""
    return {
        key: True
        for key, word in MEMBER_WORDS.items()
        if word.key == "status" and word.text(True).strip("+") in member["flags"]
    }


def _checks_of(member: Member) -> dict[str, Any]:
    """How it is checked; a server of a version before tells nothing of that."""
    if member.get("health_method", "NONE") == "NONE":
        return {}
    keys = (key for key in MEMBER_WORDS if key.startswith("health_"))
    return {key: member[key] for key in keys if member[key] is not None}


def _words_of(said: Mapping[str, Any]) -> str:
    """... as words of the command line."""
    return " ".join(
        f"{key}={shlex.quote(value) if isinstance(value, str) else json.dumps(value)}"
        for key, value in said.items()
    )


def _wait(
    control: Control, told: argparse.Namespace, member: Member, wait_s: float
) -> int:
    """Until it has nothing under way."""
    ends_s = time.monotonic() + wait_s
    while count := _again(control, member)["in_flight"]:
        if time.monotonic() > ends_s:
            text = f"{count} requests are under way after {wait_s:g} seconds"
            return _complain(text, FAILED)
        time.sleep(PAUSE_S)
    if not told.json:
        _say("nothing is under way")
    return DONE


def _again(control: Control, member: Member) -> Member:
    told = control.get("/members", balancer=member["balancer"], host=member["host"])
    return chosen(full_name(member), told["members"])


def weight(control: Control, told: argparse.Namespace) -> int:
    member = _member(control, told)
    undo = f"weight {_named(member)} {member['weight']:g}"
    return _change(control, told, member, {"weight": value_of(told.number)}, undo)


def set_(control: Control, told: argparse.Namespace) -> int:
    said = params_of(told.params)
    if told.member.startswith("balancer://"):
        name, _, host = told.member.removeprefix("balancer://").partition("@")
        query = {"balancer": name, **({"host": host} if host else {})}
        undo = _balancer_undone(control, told.member, query)
        return _ask(control, told, "PATCH", "/balancers", query, said, undo)
    member = _member(control, told)
    return _change(control, told, member, said, _set_undone(member, said))


def _set_undone(member: Member, said: Mapping[str, Any]) -> str:
    """`reset` takes back what was changed before, too, and one that was added; nothing:
    no word leads to all that was before."""
    name = _named(member)
    if not (member.get("added") or member.get("adjusted")):
        return f"reset {name}"
    flags = {**dict.fromkeys(FLAG_KEYS, False), **_flags_of(member)}
    was = {key: flags.get(key, member.get(key)) for key in said}
    return "" if None in was.values() else f"set {name} {_words_of(was)}"


def _balancer_undone(control: Control, name: str, query: Mapping[str, str]) -> str:
    """... likewise of its settings and of all its members."""
    has_changed = any(
        one["balancer"] == query["balancer"]
        and one["host"] == query.get("host", one["host"])
        for one in control.get("/changes")["changes"]
    )
    return "" if has_changed else f"reset {name}"


def add(control: Control, told: argparse.Namespace) -> int:
    name, _, host = told.balancer.removeprefix("balancer://").partition("@")
    query = {"balancer": name, **({"host": host} if host else {})}
    said = {"url": told.url, **params_of(told.params)}
    undo = f"remove {told.balancer.removeprefix('balancer://')}/{told.url}"
    return _ask(control, told, "POST", "/members", query, said, undo)


def remove(control: Control, told: argparse.Namespace) -> int:
    member = _member(control, told)
    at = f"@{member['host']}" if member["host"] else ""
    undo = f"add {member['balancer']}{at} {member['url']}"
    if member["added"]:  # one of the configuration comes back as it was
        usual = {"weight": 1, "lbset": 0, "route": "", "redirect": ""}
        said = {key: member[key] for key in usual if member[key] != usual[key]}
        said |= {**_flags_of(member), **_checks_of(member)}
        undo = f"{undo} {_words_of(said)}".rstrip()
    return _ask(control, told, "DELETE", "/members", _query(member), None, undo)


def up(control: Control, told: argparse.Namespace) -> int:
    member = _member(control, told)
    return _ask(control, told, "POST", "/members/up", _query(member), {}, "")


def changes(control: Control, told: argparse.Namespace) -> int:
    found = control.get("/changes")["changes"]
    if told.json:
        return _say_json(found)
    for one in found:
        _say(_change_told(one))
    if not found:
        _say("nothing: all is as configured")
    return DONE


def _change_told(one: Mapping[str, Any]) -> str:
    at = f"@{one['host']}" if one["host"] else ""
    about = f"{one['balancer']}{at}" + (f"/{one['member']}" if one["member"] else "")
    was = one["configured"]
    said = [
        said_beside(key, value, was[key]) if key in was else f"{key}={value}"
        for key, value in one["set"].items()
    ]
    how = ["added"] * one["added"] + ["removed"] * one["removed"]
    return f"{about}: {', '.join(how + said)}{_by(one)}"


def _by(one: Mapping[str, Any]) -> str:
    """Who has changed it last, and when; a version before kept neither."""
    if one["unix_seconds"] is None:
        return ""
    return f"; {moment(one['unix_seconds'])} by {one['who']}"


def moment(unix_seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_seconds))


def reset(control: Control, told: argparse.Namespace) -> int:
    """A member that was taken out is no member: its balancer tells of it."""
    if told.member is None:
        return _ask(control, told, "DELETE", "/changes", {}, None, "")
    if told.member.startswith("balancer://"):
        name, _, host = told.member.removeprefix("balancer://").partition("@")
        query = {"balancer": name, **({"host": host} if host else {})}
        return _ask(control, told, "DELETE", "/changes", query, None, "")
    out = [
        {"balancer": one["name"], "host": one["host"], **member}
        for one in control.get("/balancers")["balancers"]
        for member in one["removed"]
    ]
    there = control.get("/members")["members"]
    member = chosen(told.member, [*there, *out])
    return _ask(control, told, "DELETE", "/changes", _query(member), None, "")


def events(control: Control, told: argparse.Namespace) -> int:
    """Each as a line. A reload ends the answer: it goes on where that was."""
    since: float | None = None
    while True:
        began = time.monotonic()
        for one in control.events(since):
            since = one["at_seconds"]
            _say(json.dumps(one) if told.json else event_told(one))
        since = began if since is None else since


def event_told(one: Mapping[str, Any]) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(one["unix_seconds"]))
    if one["kind"] == "adjusted":
        return f"{at} changed {one['text']} ({one['who']})"
    name = f"{one['balancer']}/" if one["balancer"] else ""
    return f"{at} {one['kind']} {name}{one['member']}: {one['text']} ({one['who']})"


def trace(control: Control, told: argparse.Namespace) -> int:
    """Each when it has ended. A reload ends an answer: it goes on with what is left."""
    query = _sought(control, params_text(told.match))
    left = told.count
    while True:
        for one in control.trace({**query, **({"count": left} if left else {})}):
            if told.json:
                _say(json.dumps(one))
            else:
                for line in trace_lines(one):
                    _say(line)
            left -= bool(told.count) and one["kind"] == "request"
            if told.count and left <= 0:
                return DONE


def _sought(control: Control, query: dict[str, str]) -> dict[str, str]:
    """With names that there are: nobody waits for a request of another one."""
    if not {"member", "balancer"} & {*query}:
        return query
    everyone = control.get("/members")["members"]
    if "balancer" in query:
        of_balancer(query["balancer"], everyone)
    if "member" in query:
        text = query["member"]
        urls = {one["url"] for one in everyone if text in names_of(one)}
        url = urls.pop() if len(urls) == 1 else chosen(text, everyone)["url"]
        return {**query, "member": url}
    return query


WORDS: Final[Mapping[str, Callable[[Control, argparse.Namespace], int]]] = {
    "status": status,
    "members": members,
    **dict.fromkeys(FLAGS, flag),
    "weight": weight,
    "set": set_,
    "add": add,
    "remove": remove,
    "up": up,
    "changes": changes,
    "reset": reset,
    "events": events,
    "trace": trace,
}


# what they share ------------------------------------------------------------------


def _member(control: Control, told: argparse.Namespace) -> Member:
    return chosen(told.member, control.get("/members")["members"])


def _query(member: Member) -> dict[str, str]:
    return {
        "balancer": member["balancer"],
        "host": member["host"],
        "member": member["url"],
    }


def _change(
    control: Control,
    told: argparse.Namespace,
    member: Member,
    said: Mapping[str, Any],
    undo: str,
) -> int:
    return _ask(control, told, "PATCH", "/members", _query(member), said, undo)


def _ask(  # noqa: PLR0917 - a request, and how to undo it
    control: Control,
    told: argparse.Namespace,
    method: str,
    path: str,
    query: Mapping[str, str],
    said: Mapping[str, Any] | None,
    undo: str,
) -> int:
    answer = control.ask(method, path, query, said)
    if told.json:
        return _say_json(answer)
    _say(answer["done"])
    if undo and answer["done"] != "nothing has changed":
        _say(f"undo: fastlb ctl {undo}{where(told)}")
    return DONE


def params_of(words: Sequence[str]) -> dict[str, Any]:
    """... with names and values as the API wants them."""
    found: dict[str, Any] = {}
    for said, text in params_text(words).items():
        key = OF_CONFIGURATION.get(said.lower(), said)
        if key in found:
            raise UsageError(f"{key} comes twice, as {said} as well")
        found[key] = _value(key, text)
    return found


def params_text(words: Sequence[str]) -> dict[str, str]:
    """key=value, each once."""
    found: dict[str, str] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not (key and equals):
            raise UsageError(f"{word}: write key=value")
        if key in found:
            raise UsageError(f"{key} comes twice")
        found[key] = text
    return found


def _value(key: str, text: str) -> Any:
    """Of the kind that the API wants of that key."""
    word = MEMBER_WORDS.get(key) or BALANCER_WORDS.get(key)
    kind = word.schema["type"] if word is not None else ""
    if kind == "array":
        return [value_of(one) for one in text.split(",") if one]
    return text if kind == "string" else value_of(text)


def value_of(text: str) -> Any:
    """true, false, null and numbers as in JSON; anything else is text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float | None) else text


def _say_json(value: object) -> int:
    _say(json.dumps(value, indent=1))
    return DONE


def _say(text: str) -> None:
    sys.stdout.write(f"{_shown(text)}\n")
    sys.stdout.flush()


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"fastlb ctl: {_shown(text)}\n")
    sys.stderr.flush()
    return code


def _shown(text: str) -> str:
    """Who answers is no operator: what it says must not drive the terminal of one."""
    return "\n".join(map(printable, text.split("\n")))


def _named(member: Member) -> str:
    """As a word for a shell."""
    return shlex.quote(full_name(member))
