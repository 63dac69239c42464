"""The bench: what counts as a failure, and beside whom fastlb is set."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"
SCENARIO = """
import scenarios
one = next(one for one in scenarios.SCENARIOS if one.key == words[0])
print(json.dumps({
    "options": one.options,
    "nginx": [e.label for e in one.entrants if e.proxy == "nginx"],
    "beside": [e.label for e in one.bars[0].others],
}))
"""
LOAD = """
import load
result = load.run(min(os.sched_getaffinity(0)), words[0], words[1:])
print(json.dumps([result.ok, result.failures]))
"""
APACHE = """
import peers, members
named = "RUN PORT WORKERS THREADS RECYCLE GENERATION FIRST SCHEME MODULES USER GROUP"
values = dict.fromkeys(named.split(), "1")
setup = peers.Setup((members.Member("r1", "127.0.0.1:1"),), frozenset(words))
print(json.dumps(peers.render(open("peers/apache.conf.in").read(), values, setup)))
"""

ACCEPTED = """
import http.client, members
served = members.make_members(2)
process = members.MemberProcess(min(os.sched_getaffinity(0)), served)
kept = http.client.HTTPConnection(served[1].address)
counts = [members.accepted(served)]
for _ in range(5):
    kept.request("GET", "/small")
    kept.getresponse().read()
counts.append(members.accepted(served))
process.stop()
print(json.dumps(counts))
"""
ON_THEIR_OWN = """
import compare, types
entrant = types.SimpleNamespace(label="it", flags=frozenset(words[1:]))
result = types.SimpleNamespace(window_requests=1000)
try:
    compare.check_connections(entrant, result, int(words[0]))
    print(json.dumps(True))
except RuntimeError as error:
    print(json.dumps(str(error)))
"""


def bench(code: str, *words: str) -> Any:
    """What code prints, run as the bench's own programs are: it is no package."""
    head = "import json, os, sys\nwords = sys.argv[1:]\n"
    done = subprocess.run(
        [sys.executable, "-c", head + code, *words],
        cwd=BENCH,
        capture_output=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


class Answers(BaseHTTPRequestHandler):
    """The last part of the path is the coding that it says; "-": none."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        coding = self.path.rpartition("/")[2]
        self.send_response(200)
        if coding != "-":
            self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.skipif(not shutil.which("gcc"), reason="load.c is compiled")
@pytest.mark.parametrize(
    ("said", "failures"),
    [("gzip", {}), *((said, {"uncoded": 5}) for said in ("-", "br", "gzipx"))],
)
def test_an_answer_that_is_not_coded_is_a_failure(
    said: str, failures: dict[str, int]
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"127.0.0.1:{server.server_address[1]}"
            words = ["--path", f"/{said}", "--requests", "5"]
            result = bench(LOAD, address, *words, "--expect-coding", "gzip")
        finally:
            server.shutdown()
            thread.join()
    assert result == [5 - sum(failures.values()), failures]


def test_what_is_compressed_must_be() -> None:
    assert bench(SCENARIO, "gzip")["options"][-2:] == ["--expect-coding", "gzip"]


@pytest.mark.parametrize("key", ["file1k", "file1m"])
def test_files_are_set_beside_the_better_nginx(key: str) -> None:
    found = bench(SCENARIO, key)
    assert sorted(found["beside"]) == sorted(found["nginx"])
    assert len(found["nginx"]) == 2


@pytest.mark.parametrize(("flags", "count"), [((), 1), (("ajp",), 0), (("fcgi",), 0)])
def test_apache_takes_no_large_buffer_for_each_packet_or_record(
    flags: tuple[str, ...], count: int
) -> None:
    assert bench(APACHE, *flags).count("\nProxyIOBufferSize") == count


@pytest.mark.skipif(not shutil.which("gcc"), reason="member.c is compiled")
def test_members_count_connections() -> None:
    first, then = bench(ACCEPTED)
    assert then - first == 2  # the one that is kept, and who asks


def test_applications_must_be_called_on_kept_connections() -> None:
    assert bench(ON_THEIR_OWN, "64", "fcgi") is True
    assert bench(ON_THEIR_OWN, "1000") is True
    assert "1000 connections to members" in bench(ON_THEIR_OWN, "1000", "fcgi")


# failover

ROUND = """
import failures, failover, math, clients, faults
def asked(at_s, end_s, name, failure=""):
    return clients.Asked(at_s, end_s, faults.body_of(name) if name else b"", failure)
def played(*all_asked, fault_s=1.0, over_s=math.nan):
    return failures.Round(all_asked, "r2", fault_s, over_s, 0.01)
def scenario(key):
    return next(one for one in failures.SCENARIOS if one.key == key)
def judged(key, *rounds):
    return [(v.figure, v.word) for v in failover.judge(scenario(key), rounds)]
"""


def test_errors_are_counted_by_kind_and_for_how_long_they_came() -> None:
    found = bench(
        ROUND + "one = played(asked(0.5, 0.51, 'r2'), asked(1.1, 1.2, '', 'end'),"
        "asked(1.4, 2.4, '', '504'), asked(1.5, 1.6, 'r1'), asked(2, 2.1, '', 'end'))\n"
        "print(json.dumps([one.errors, one.erring_s,"
        " failover.cell([one, one], scenario('stopped')),"
        " judged('stopped', one), judged('stopped')]))"
    )
    assert found == [
        {"end": 2, "504": 1},
        1.0,
        "6 of 10 failed (end 4, 504 2) for 1.0 s",
        [["3 errors", "MISSED"]],
        [["-", "not measured"]],
    ]


def test_a_member_is_back_with_its_first_good_answer() -> None:
    found = bench(
        ROUND + "late = played(asked(2.9, 3.1, '', '502'), asked(3, 3.2, 'r1'),"
        "asked(3.2, 3.21, 'r2'), asked(4, 4.01, 'r2'), over_s=3)\n"
        "never = played(asked(2, 2.9, 'r2'), asked(3, 3.2, 'r1'), over_s=3)\n"
        "print(json.dumps([round(late.back_s, 6), never.back_s,"
        " judged('back', late), judged('back', late, never)]))"
    )
    assert found == [
        0.2,
        None,
        [["0.20 s", "met"]],
        [["not in 1 of 2 rounds", "MISSED"]],
    ]


def test_slowness_is_told_by_the_99th_percentile_within_and_before() -> None:
    found = bench(
        ROUND + "before = [asked(0, 0.01, 'r1')] * 200\n"
        "within = [asked(2, 2.01, 'r1')] * 198 + [asked(2, 2.1, 'r2')]\n"
        "slow = within[-1:]\n"
        "print(json.dumps([judged('slow', played(*before, *within, *slow * more))"
        " for more in (0, 2)]))"
    )
    assert found == [
        [["1.00 x the p99 before", "met"]],
        [["10.00 x the p99 before", "MISSED"]],
    ]


MEMBER_LINES = """
import members, peers, re
values = dict.fromkeys("RUN PORT WORKERS THREADS RECYCLE GENERATION FIRST SCHEME "
                       "MODULES USER GROUP".split(), "1")
served = tuple(members.Member(f"r{n}", f"127.0.0.1:{n}") for n in (7, 8))
found = {}
for kind in peers.KINDS.values():
    for flags in words if kind.template else ():
        setup = peers.Setup(served, frozenset(flags.split("+")))
        text = peers.render(open(f"peers/{kind.template}").read(), values, setup)
        found[f"{kind.name} {flags}"] = re.findall(r"127.0.0.1:([78])\\b", text)
print(json.dumps(found))
"""


def test_every_proxy_has_each_member_once_however_they_fail() -> None:
    more = ("", "+checked", "+impatient", "+checked+failon", "+quickest")
    found = bench(MEMBER_LINES, *(f"failover{one}" for one in more))
    assert len(found) == 4 * len(more)
    assert {name: once for name, once in found.items() if once != ["7", "8"]} == {}
