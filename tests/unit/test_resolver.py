"""names/: what the system's files say, what name servers say, and how long it holds."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import name_server
import pytest
from hypothesis import given
from hypothesis import strategies as st
from name_server import NameServer

from fastlb.names import answer, resolver
from fastlb.names.answer import (
    NAME_PERIOD_S,
    NAME_TTL_MAX_S,
    NAME_TTL_MIN_S,
    Answer,
    State,
    ordered,
)
from fastlb.names.resolver import Resolver, candidates
from fastlb.names.settings import (
    Asking,
    System,
    Watched,
    read_hosts,
    read_nsswitch,
    read_resolv_conf,
)

QUICK = "options timeout:1 attempts:1\n"


@pytest.fixture
def dns_server() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


class Files:
    """A system of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.hosts = folder / "hosts"
        self.resolv_conf = folder / "resolv.conf"
        self.nsswitch = folder / "nsswitch.conf"
        self.hosts.write_text("")
        self.resolv_conf.write_text(QUICK)
        self.nsswitch.write_text("hosts: files dns\n")
        self.system = System(
            Watched(str(self.hosts), read_hosts),
            Watched(str(self.resolv_conf), lambda text: read_resolv_conf(text, {})),
            Watched(str(self.nsswitch), read_nsswitch),
        )


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def look_up(
    server: NameServer | None,
    files: Files,
    host: str,
    known: tuple[str, ...] = (),
    timeout_s: float = 20,
) -> Answer:
    servers = [server.address] if server is not None else []
    asks = Resolver(servers, files.system).look_up(host, known, timeout_s)
    return asyncio.run(asks)


# files


def test_resolv_conf_is_read_as_the_c_library_reads_it() -> None:
    text = """
# a comment
nameserver 192.0.2.53
nameserver 2001:db8::53  ; another
nameserver fe80::1%lo
nameserver 192.0.2.54
nameserver name.test
domain old.test
search one.test two.test.
options ndots:3 timeout:2 attempts:4 rotate no-aaaa use-vc edns0 nonsense:x
"""
    found = read_resolv_conf(text, {})
    assert found == Asking(
        servers=(("192.0.2.53", 53), ("2001:db8::53", 53), ("fe80::1%lo", 53)),
        search=("one.test", "two.test"),
        ndots=3,
        timeout_s=2,
        attempts=4,
        rotates=True,
        by_tcp=True,
        asks_for_v6=False,
        edns=True,
    )
    assert read_resolv_conf("", {}) == Asking()
    changed = {"LOCALDOMAIN": "a.test b.test", "RES_OPTIONS": "ndots:2"}
    assert read_resolv_conf(text, changed).search == ("a.test", "b.test")
    assert read_resolv_conf(text, changed).ndots == 2


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_whatever_stands_in_the_files_has_bounds(text: str) -> None:
    found = read_resolv_conf(f"options {text}\nsearch {text}\nnameserver {text}", {})
    assert 0 <= found.ndots <= 15
    assert 1 <= found.timeout_s <= 30
    assert 1 <= found.attempts <= 5
    assert found.servers
    assert all(read_hosts(text).values())
    assert all(read_nsswitch(f"hosts: {text}")) or True


def test_hosts_may_stand_on_several_lines() -> None:
    text = "192.0.2.1 App.test app # x y\n2001:db8::1\tapp.test\nnonsense app.test\n"
    assert read_hosts(text) == {
        "app.test": ("192.0.2.1", "2001:db8::1"),
        "app": ("192.0.2.1",),
    }


@pytest.mark.parametrize(
    ("line", "sources"),
    [
        ("hosts: files dns", ("files", "dns")),
        (
            "hosts:\tfiles mdns4_minimal [NOTFOUND=return] dns myhostname",
            ("files", "mdns4_minimal", "dns", "myhostname"),
        ),
        ("hosts: resolve [!UNAVAIL = return] dns # x", ("resolve", "dns")),
        ("passwd: files", ("files", "dns")),
    ],
)
def test_the_order_of_sources_is_read(line: str, sources: tuple[str, ...]) -> None:
    assert read_nsswitch(f"passwd: files\n{line}\n") == sources


@pytest.mark.parametrize(
    ("host", "ndots", "names"),
    [
        ("app", 1, ["app.one.test.", "app.two.test.", "app."]),
        ("app.x", 1, ["app.x.", "app.x.one.test.", "app.x.two.test."]),
        ("app.x", 2, ["app.x.one.test.", "app.x.two.test.", "app.x."]),
        ("app.x.", 5, ["app.x."]),
    ],
)
def test_names_are_completed(host: str, ndots: int, names: list[str]) -> None:
    asking = Asking(search=("one.test", "two.test"), ndots=ndots)
    assert candidates(host, asking) == names


def test_a_file_that_changes_is_read_again(files: Files) -> None:
    files.hosts.write_text("192.0.2.1 app.test\n")
    asks = Resolver((), files.system)

    async def work() -> None:
        assert (await asks.look_up("app.test")).addresses == ("192.0.2.1",)
        files.hosts.write_text("192.0.2.22 app.test\n")
        assert (await asks.look_up("app.test")).addresses == ("192.0.2.22",)

    asyncio.run(work())


# order of sources


def test_hosts_come_first(dns_server: NameServer, files: Files) -> None:
    files.hosts.write_text("192.0.2.1 app.test\n")
    dns_server.tell("app.test", "192.0.2.2")
    found = look_up(dns_server, files, "APP.test")
    assert found == Answer(State.FOUND, ("192.0.2.1",), resolver.HOSTS_PERIOD_S)
    assert dns_server.questions == []


@pytest.mark.parametrize(
    ("sources", "host", "asked"),
    [
        ("files dns", "a.test", ["files", "dns"]),
        ("dns files", "a.test", ["dns", "files"]),
        ("files", "a.test", ["files"]),
        ("files resolve [!UNAVAIL=return] dns", "a.test", ["files", "dns"]),
        ("files myhostname dns", "a.test", ["files", "dns", "system"]),
        (
            "files mdns4_minimal [NOTFOUND=return] dns",
            "a.test",
            ["files", "dns", "system"],
        ),
        ("files mdns4_minimal [NOTFOUND=return] dns", "printer.local", ["system"]),
        ("files sss dns", "a.test", ["system"]),
        ("files dns wins", "a.test", ["files", "dns", "system"]),
    ],
)
def test_who_is_asked(files: Files, sources: str, host: str, asked: list[str]) -> None:
    files.nsswitch.write_text(f"hosts: {sources}\n")
    assert Resolver((), files.system)._sources(host) == asked
    assert Resolver((("192.0.2.53", 53),), files.system)._sources(host) == [
        "files",
        "dns",
    ]


def test_what_only_the_c_library_knows_holds_for_a_while(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.nsswitch.write_text("hosts: files sss dns\n")

    def getaddrinfo(host: str, *_: object, **__: object) -> list[object]:
        assert host == "only.test"
        return [(2, 1, 6, "", ("192.0.2.9", 0)), (2, 1, 6, "", ("192.0.2.9", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    found = look_up(None, files, "only.test")
    assert found == Answer(State.FOUND, ("192.0.2.9",), NAME_PERIOD_S)


def test_a_slow_name_of_the_c_library_takes_no_other_s_thread(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.nsswitch.write_text("hosts: files sss dns\n")
    goes_on = threading.Event()
    asked = []

    def getaddrinfo(host: str, *_: object, **__: object) -> list[object]:
        if host.endswith(".test"):  # others of this process may ask for theirs
            asked.append(host)
        if host.startswith("slow"):
            goes_on.wait(30)
        return [(2, 1, 6, "", ("192.0.2.9", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    asks = Resolver((), files.system)
    names = [f"slow{n}.test" for n in range(40)]

    async def work() -> None:
        for _ in range(3):
            slow = await asyncio.gather(*(asks.look_up(one, (), 0.2) for one in names))
            assert {one.state for one in slow} == {State.SILENT}
        assert (await asks.look_up("fast.test", (), 10)).state is State.FOUND
        assert sorted(asked) == sorted([*names, "fast.test"])
        goes_on.set()
        assert (await asks.look_up(names[0], (), 10)).state is State.FOUND

    try:
        asyncio.run(work())
    finally:
        goes_on.set()


# name servers


def test_addresses_of_both_kinds_and_the_least_time(
    dns_server: NameServer, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "has_way", lambda _: True)
    dns_server.tell("app.test", "192.0.2.1", "192.0.2.2", "2001:db8::1", ttl=42)
    found = look_up(dns_server, files, "app.test")
    assert found.state is State.FOUND
    first, *others = found.addresses
    assert first == "2001:db8::1"
    assert set(others) == {"192.0.2.1", "192.0.2.2"}  # a server turns its list
    assert found.ttl_s == 42


@pytest.mark.parametrize(
    ("ttl", "holds_s"), [(0, NAME_TTL_MIN_S), (7, 7), (10**6, NAME_TTL_MAX_S)]
)
def test_times_have_bounds(
    dns_server: NameServer, files: Files, ttl: int, holds_s: float
) -> None:
    dns_server.tell("app.test", "192.0.2.1", ttl=ttl)
    assert look_up(dns_server, files, "app.test").ttl_s == holds_s


def test_a_chain_is_followed_and_its_shortest_time_holds(
    dns_server: NameServer, files: Files
) -> None:
    dns_server.tell("app.test", "blue.test.", ttl=5)
    dns_server.tell("blue.test", "end.test.", ttl=90)
    dns_server.tell("end.test", "192.0.2.1", ttl=60)
    found = look_up(dns_server, files, "app.test")
    assert (found.addresses, found.ttl_s) == (("192.0.2.1",), 5)


def test_a_chain_in_a_circle_is_no_answer(dns_server: NameServer, files: Files) -> None:
    dns_server.tell("app.test", "blue.test.")
    dns_server.tell("blue.test", "app.test.")
    assert look_up(dns_server, files, "app.test").state is State.SILENT


@pytest.mark.parametrize(
    "host", ["nobody.test", "a" * 64 + ".test", "x..test", "a" * 300]
)
def test_what_nobody_can_know_is_unknown(
    dns_server: NameServer, files: Files, host: str
) -> None:
    found = look_up(dns_server, files, host)
    assert (found.state, found.addresses) == (State.UNKNOWN, ())


def test_a_name_of_another_kind_only_is_unknown(
    dns_server: NameServer, files: Files
) -> None:
    dns_server.tell("other.app.test", "192.0.2.1")
    dns_server.tell("app.test", "nowhere.test.")
    assert look_up(dns_server, files, "app.test").state is State.UNKNOWN


@pytest.mark.parametrize(
    "manner",
    [
        name_server.not_at_all,
        name_server.with_code(dns.rcode.SERVFAIL),
        name_server.with_code(dns.rcode.REFUSED),
        name_server.to_other_numbers,
        name_server.to_another_question,
        name_server.as_questions,
        name_server.without_a_question,
        name_server.with_too_many,
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(
    dns_server: NameServer, files: Files, manner: name_server.Manner
) -> None:
    dns_server.tell("app.test", "192.0.2.1")
    dns_server.manner = manner
    found = look_up(dns_server, files, "app.test")
    assert (found.state, found.addresses) == (State.SILENT, ())
    assert found.why.startswith("127.0.0.1: ")


def test_the_right_answer_is_waited_for(dns_server: NameServer, files: Files) -> None:
    dns_server.tell("app.test", "192.0.2.1")
    dns_server.manner = name_server.in_noise
    assert look_up(dns_server, files, "app.test").addresses == ("192.0.2.1",)


def test_what_does_not_fit_is_fetched_over_tcp(
    dns_server: NameServer, files: Files
) -> None:
    many = [f"192.0.2.{n}" for n in range(250)]
    dns_server.tell("app.test", *many)
    dns_server.by_tcp_only = True
    found = look_up(dns_server, files, "app.test", known=("192.0.2.77",))
    assert found.addresses[0] == "192.0.2.77"
    assert len(found.addresses) == 8
    assert set(found.addresses) < set(many)


def test_an_answer_that_is_cut_within_a_record_is_fetched_over_tcp(
    dns_server: NameServer, files: Files
) -> None:
    dns_server.tell("app.test", "192.0.2.1")
    dns_server.cuts_records = True
    assert look_up(dns_server, files, "app.test").addresses == ("192.0.2.1",)


class Flooded(asyncio.SelectorEventLoop):
    """There is always another datagram, for three seconds."""

    async def sock_recv(self, sock: socket.socket, nbytes: int) -> bytes:
        if not hasattr(self, "ends_s"):
            self.ends_s = self.time() + 3
        if self.time() < self.ends_s:
            return b"x" * 100
        return await super().sock_recv(sock, nbytes)


def test_a_flood_holds_up_nobody(dns_server: NameServer, files: Files) -> None:
    """Whatever comes as fast as it is read: others have their turn, and time ends."""
    turns = []

    def turn() -> None:
        turns.append(time.monotonic())
        asyncio.get_running_loop().call_later(0.01, turn)

    async def look() -> Answer:
        turn()
        return await Resolver([dns_server.address], files.system).look_up("app.test")

    with asyncio.Runner(loop_factory=Flooded) as runner:
        assert runner.run(look()).state is State.SILENT
    waits = [after - before for before, after in itertools.pairwise(turns)]
    assert max(waits) < 0.9
    assert turns[-1] - turns[0] < 2.9


def test_who_answers_rightly_and_says_nonsense_is_given_up(
    dns_server: NameServer, files: Files
) -> None:
    files.resolv_conf.write_text("options timeout:20 attempts:1\n")
    dns_server.tell("app.test", "192.0.2.1")
    dns_server.manner = lambda _, right: [right.to_wire() + b"x"] * 20
    found = look_up(dns_server, files, "app.test", timeout_s=15)
    assert found.why == "127.0.0.1: it goes on behind its last record"


def test_a_dead_server_is_passed_over_at_once(
    dns_server: NameServer, files: Files
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        dead = free.getsockname()
    dns_server.tell("app.test", "192.0.2.1")
    asks = Resolver([dead, dns_server.address], files.system)
    began_s = time.monotonic()
    assert asyncio.run(asks.look_up("app.test")).addresses == ("192.0.2.1",)
    assert time.monotonic() - began_s < 0.9
    assert asks._order(Asking())[0] == dns_server.address


def test_one_kind_that_nobody_answers_does_not_hold_up_the_other(
    dns_server: NameServer, files: Files
) -> None:
    files.resolv_conf.write_text("options timeout:9\n")
    dns_server.tell("app.test", "192.0.2.1", "2001:db8::1")

    def manner(
        question: dns.message.Message, right: dns.message.Message
    ) -> list[bytes]:
        is_v6 = question.question[0].rdtype == dns.rdatatype.AAAA
        return [] if is_v6 else [right.to_wire()]

    dns_server.manner = manner
    began_s = time.monotonic()
    known = ("2001:db8::7", "192.0.2.7")
    found = look_up(dns_server, files, "app.test", known)
    assert time.monotonic() - began_s < 6
    # of the other kind nothing is known anew: what there was stays
    assert found.addresses == ("2001:db8::7", "192.0.2.1")


def test_a_search_list_does_not_go_on_where_nobody_answers(
    dns_server: NameServer, files: Files
) -> None:
    files.resolv_conf.write_text(f"search one.test two.test\n{QUICK}")
    dns_server.tell("app.two.test", "192.0.2.2")
    assert look_up(dns_server, files, "app").addresses == ("192.0.2.2",)
    dns_server.manner = lambda question, right: (
        [] if "one" in str(question.question[0].name) else [right.to_wire()]
    )
    assert look_up(dns_server, files, "app").state is State.SILENT


def test_a_look_up_ends(dns_server: NameServer, files: Files) -> None:
    files.resolv_conf.write_text("options timeout:30 attempts:5\n")
    dns_server.manner = name_server.not_at_all
    found = look_up(dns_server, files, "app.test", timeout_s=0.3)
    assert found.state is State.SILENT


# the order in which they are tried


def test_known_addresses_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "has_way", lambda address: address != "2001:db8::9")
    there = ["192.0.2.3", "192.0.2.1", "2001:db8::1", "2001:db8::9", "192.0.2.2"]
    assert ordered(there, ["192.0.2.2", "192.0.2.9", "192.0.2.1"]) == (
        *("192.0.2.2", "192.0.2.1"),
        *("2001:db8::1", "192.0.2.3", "2001:db8::9"),
    )


@given(
    st.lists(st.integers(0, 20), max_size=30),
    st.lists(st.integers(0, 20), max_size=8, unique=True),
)
def test_the_order_does_not_turn(there: list[int], known: list[int]) -> None:
    addresses = [f"127.0.0.{n}" for n in there]
    before = [f"127.0.0.{n}" for n in known]
    first = ordered(addresses, before)
    assert len(first) == len(set(first)) <= 8
    assert set(first) <= set(addresses)
    assert ordered(reversed(addresses), first) == first or len(set(addresses)) > 8


def test_few_of_many_are_tried_for_a_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket for each of thousands would stop everything else."""
    tried = []

    def has_way(address: str) -> bool:
        tried.append(address)
        return ":" not in address

    monkeypatch.setattr(answer, "has_way", has_way)
    many = [f"2001:db8::{n:x}" for n in range(2000)]
    found = ordered([*many, "192.0.2.1"], [many[1999]])
    assert found[:2] == (many[1999], "192.0.2.1")
    assert len(tried) == answer.WAYS_MAX + 1


def test_a_fault_of_ours_is_no_answer_and_no_end(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(resolver, "ask", ask)
    found = asyncio.run(Resolver([("192.0.2.53", 53)], files.system).look_up("a.test"))
    assert (found.state, found.why) == (State.SILENT, "KeyError: 'x'")
