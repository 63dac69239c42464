"""The API of balancers: what is asked, what is answered, and what openapi.json says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows
from trees import model_of

from fastlb import _core
from fastlb.admin.reading import ServerFacts
from fastlb.controller import http, scgi
from fastlb.controller.api import BODY_BYTES_MAX, PATHS, api
from fastlb.controller.api_words import (
    BALANCER_WORDS,
    MEMBER_WORDS,
    MalformedError,
    UnsoundError,
    balancer_params,
    member_params,
    read_object,
)
from fastlb.controller.asked import Asked
from fastlb.controller.desk import Desk
from fastlb.controller.openapi import document
from fastlb.facts.adjustments import (
    BALANCER_KEYS,
    MEMBER_KEYS,
    Adjustment,
    Answer,
    Deed,
)
from fastlb.master.claims import claim

ROOT = Path(__file__).parents[2]
OPENAPI: dict[str, Any] = json.loads(
    (ROOT / "fastlb/controller/openapi.json").read_text("utf-8")
)
ONE, TWO, OTHER = (f"http://127.0.0.1:{port}" for port in (81, 82, 91))
CONF = f"""Listen 80
ServerName one.test
<Proxy balancer://main>
BalancerMember http://127.0.0.1:60
</Proxy>
ProxyPass /direct/ http://127.0.0.1:70/
ProxyPass / balancer://main/
<VirtualHost *:80>
ServerName one.test
<Proxy balancer://pool>
BalancerMember {ONE} route=a
BalancerMember {TWO}
</Proxy>
ProxyPass / balancer://pool/
</VirtualHost>
<VirtualHost *:80>
ServerName two.test
<Proxy balancer://pool>
BalancerMember {OTHER}
</Proxy>
<Proxy balancer://own>
BalancerMember {OTHER}
</Proxy>
ProxyPass /own/ balancer://own/
ProxyPass / balancer://pool/
</VirtualHost>
"""
FIRST, HOST = "*:80/one.test", "*:80/two.test"
KEY = f"balancer://pool@{FIRST}"


@dataclass
class Master:
    """Whoever is asked for adjustments."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[Adjustment] = field(default_factory=list)

    async def adjust(self, asked: Adjustment) -> Answer:
        self.asked.append(asked)
        return self.answers.pop(0) if self.answers else Answer(True, "it is done")


class Server:
    def __init__(self) -> None:
        self.model = model_of(CONF)
        self.table = _core.Table.create(8, 16, 4)
        slots, balancer_slots = claim(self.table, self.model, 1)
        self.master = Master()
        facts = ServerFacts(3, 1_795_262_400_000_000, "", slots, balancer_slots)
        self.desk = Desk(
            self.table,
            self.model,
            facts,
            b"",
            self.master.adjust,
            lambda level, module, text: None,
        )

    def ask(
        self,
        method: str,
        rest: str,
        query: str = "",
        said: Any = None,
        *,
        vhost: int = -1,
        **headers: str,
    ) -> tuple[int, Any]:
        """The status, and what is answered; said: an object, or bytes as they are."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = Asked(
            handler="balancer-api",
            method=method,
            path=rest,
            query=query,
            headers={"host": "h", "content-type": "application/json", **fields},
            body=b"" if said is None else body,
            vhost_index=vhost,
            host_name="h",
            host_port=80,
            script="",
            rest=rest,
            client="",
            user="root",
        )
        status, kind, told, self.fields = asyncio.run(api(asked, self.desk))
        is_problem = status >= 400
        assert kind == f"application/{'problem+' if is_problem else ''}json"
        answer = json.loads(told)
        if is_problem:
            assert answer["status"] == status and answer["detail"]
        check(PATHS_OF[rest], method, status, answer)
        return status, answer


PATHS_OF = {path: path for path in PATHS} | {"": "/", "/nope": None}


def check(path: str | None, method: str, status: int, answer: Any) -> None:
    """An answer is one that openapi.json tells of."""
    told = OPENAPI["paths"].get(path, {}).get(method.replace("HEAD", "GET").lower(), {})
    responses = told.get("responses", {})
    if str(status) in responses:
        schema = responses[str(status)]["content"]["application/json"]["schema"]
    else:
        assert status >= 400
        schema = {"$ref": "#/components/schemas/Problem"}
    whole = {**schema, "components": OPENAPI["components"]}
    jsonschema.Draft202012Validator(whole).validate(answer)


@pytest.fixture
def server() -> Server:
    return Server()


ASKED = f"balancer=pool&host={FIRST}&member={ONE}"


def test_the_document_is_told_whole_or_of_a_host(server: Server) -> None:
    status, told = server.ask("GET", "/")
    assert status == 200 and server.ask("GET", "")[1].keys() == told.keys()
    assert [one["name"] for one in told["balancers"]] == [
        *("main", "pool", "pool", "own")
    ]
    _, told = server.ask("GET", "/state", vhost=0)
    assert [one["host"] for one in told["balancers"]] == [""]
    assert server.fields[0] == ("Cache-Control", "no-store")


def test_members_are_told_with_their_balancer(server: Server) -> None:
    _, told = server.ask("GET", "/members")
    assert [(one["balancer"], one["host"], one["url"]) for one in told["members"]] == [
        ("main", "", "http://127.0.0.1:60"),
        ("pool", FIRST, ONE),
        ("pool", FIRST, TWO),
        ("pool", HOST, OTHER),
        ("own", HOST, OTHER),
        (None, None, "http://127.0.0.1:70/"),
    ]
    _, told = server.ask("GET", "/members", f"balancer=pool&host={HOST}")
    assert [one["url"] for one in told["members"]] == [OTHER]
    _, told = server.ask("GET", "/members", "host=")
    assert [one["url"] for one in told["members"]] == ["http://127.0.0.1:60"]
    _, told = server.ask("GET", "/balancers", vhost=2)
    assert [one["name"] for one in told["balancers"]] == ["main", "pool", "own"]


def test_a_change_of_a_member_is_asked_of_the_master(server: Server) -> None:
    said = {"weight": 2.5, "drain": True, "standby": False, "lbset": 3.0}
    status, told = server.ask("PATCH", "/members", ASKED, said)
    assert (status, told) == (200, {"done": "it is done"})
    assert server.master.asked == [
        Adjustment(
            Deed.SET,
            KEY,
            ONE,
            (("loadfactor", "2.5"), ("status", "+N-H"), ("lbset", "3")),
            "root at the control socket",
        )
    ]


@rows(
    ("method", "path", "said", "deed", "params"),
    [
        ("DELETE", "/members", None, Deed.REMOVE, ()),
        ("POST", "/members/up", {}, Deed.UP, ()),
        ("DELETE", "/changes", None, Deed.RESET, ()),
    ],
)
def test_deeds_of_a_member(
    method: str, path: str, said: Any, deed: Deed, params: tuple[()]
) -> None:
    server = Server()
    assert server.ask(method, path, ASKED, said)[0] == 200
    (asked,) = server.master.asked
    assert (asked.deed, asked.balancer, asked.member) == (deed, KEY, ONE)
    assert asked.params == params


def test_a_member_is_added_under_the_name_that_it_will_have(server: Server) -> None:
    said = {"url": "HTTP://127.0.0.1:80", "weight": 2}
    status, _ = server.ask("POST", "/members", "balancer=own", said)
    (asked,) = server.master.asked
    assert (status, asked.member) == (201, "http://127.0.0.1")
    assert (asked.balancer, asked.params) == (
        f"balancer://own@{HOST}",
        (("loadfactor", "2"),),
    )


def test_settings_of_a_balancer(server: Server) -> None:
    said = {
        "method": "bytraffic",
        "sticky": None,
        "timeout_seconds": 0,
        "max_attempts": None,
        "nofailover": True,
        "fail_on_status": [500, 503],
    }
    assert server.ask("PATCH", "/balancers", "balancer=own", said)[0] == 200
    assert dict(server.master.asked[0].params) == {
        "lbmethod": "bytraffic",
        "stickysession": "",
        "timeout": "0",
        "maxattempts": "",
        "nofailover": "On",
        "failonstatus": "500,503",
    }


def test_every_key_that_can_be_changed_has_a_word_and_a_reader() -> None:
    assert {one.key for one in MEMBER_WORDS.values()} == set(MEMBER_KEYS)
    assert {one.key for one in BALANCER_WORDS.values()} == set(BALANCER_KEYS)
    for words, read_ in (
        (MEMBER_WORDS, member_params),
        (BALANCER_WORDS, balancer_params),
    ):
        for name, word in words.items():
            bounds = [word.schema.get(bound) for bound in ("minimum", "maximum")]
            for value in (*bounds, *word.schema.get("enum", ())):
                assert value is None or read_({name: value}), name


@rows(
    ("said", "status", "word"),
    [
        (b"{", 400, "no JSON"),
        (b"[]", 400, "no object"),
        (b"\xff", 400, "no JSON"),
        (b'{"weight":1,"weight":2}', 400, "twice"),
        (b'{"weight":NaN}', 400, "NaN"),
        (b'{"weight":' + b"[" * 50_00, 400, "deep"),
        (b'{"weight":' + b"9" * 5000 + b"}", 400, "no JSON"),
        (b" " * (BODY_BYTES_MAX + 1), 413, "bytes"),
        ({}, 422, "what is to change"),
        ({"weigth": 1}, 422, "weigth"),
        ({"weight": 101}, 422, "not from 1 to 100"),
        ({"weight": "2"}, 422, "not a number"),
        ({"weight": True}, 422, "not a number"),
        ({"drain": 1}, 422, "not true or false"),
        ({"lbset": 1.5}, 422, "not a whole number"),
        ({"route": "a\nb"}, 422, "one line of ASCII"),
        ({"route": "x" * 64}, 422, "characters"),
        ({"health_method": "PROVIDER"}, 422, "one of"),
    ],
)
def test_a_change_that_is_none_is_refused(said: Any, status: int, word: str) -> None:
    server = Server()
    found, told = server.ask("PATCH", "/members", ASKED, said)
    assert (found, word in told["detail"]) == (status, True), told
    assert server.master.asked == []


@rows(
    ("method", "path", "query", "status"),
    [
        ("GET", "/nope", "", 404),
        ("PUT", "/members", "", 405),
        ("PATCH", "/members", "balancer=pool", 400),
        ("PATCH", "/members", "balancer=pool&balancer=own&member=x", 400),
        ("PATCH", "/members", "balancer=own&member=x&more=1", 400),
        ("PATCH", "/members", "balancer=own&member=x", 404),
        ("PATCH", "/members", "balancer=pool&member=x", 400),  # of which host
        ("PATCH", "/members", "balancer=pool&host=x&member=x", 404),
        ("PATCH", "/members", "balancer=%ff&member=x", 400),
        ("PATCH", "/members", "&".join("abcdefghijk"), 400),
        ("GET", "/history", "balancer=own&member=" + OTHER + "&span=1y", 400),
        ("GET", "/history", "balancer=own&member=" + OTHER, 200),
        ("DELETE", "/changes", "balancer=x", 404),
        ("GET", "/events", "since=1", 404),
        ("GET", "/events", "after=1", 400),
    ],
)
def test_questions_that_have_no_answer(
    method: str, path: str, query: str, status: int
) -> None:
    server = Server()
    said = {"weight": 2} if method == "PATCH" else None
    assert server.ask(method, path, query, said)[0] == status
    assert server.master.asked == []


def test_a_method_that_a_path_has_not_is_told_those_that_it_has(server: Server) -> None:
    server.ask("PUT", "/members")
    allowed = {"GET", "HEAD", "PATCH", "POST", "DELETE"}
    assert set(dict(server.fields)["Allow"].split(", ")) == allowed


def test_who_names_no_balancer_is_told_which_there_are(server: Server) -> None:
    _, told = server.ask("GET", "/members", "balancer=x")
    assert told["detail"].startswith("there is no balancer x; there are: main, ")
    _, told = server.ask("DELETE", "/changes", "balancer=x", vhost=1)
    assert told["detail"] == "there is no balancer x; there are: main, pool"


def test_what_the_master_refuses_is_told_in_its_words(server: Server) -> None:
    server.master.answers.append(Answer(False, "no more than 5"))
    status, told = server.ask("POST", "/members", "balancer=own", {"url": ONE})
    assert (status, told["detail"]) == (409, "no more than 5")
    assert told["title"] == "Conflict"


@rows(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": ""}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": "Application/JSON; charset=utf-8"}, 200),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "same-origin", "origin": "http://H"}, 200),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://[h"}, 403),
    ],
)
def test_pages_of_other_sites_change_nothing(
    headers: dict[str, str], status: int
) -> None:
    server = Server()
    assert server.ask("PATCH", "/members", ASKED, {"lbset": 1}, **headers)[0] == status
    assert len(server.master.asked) == (status == 200)


def test_a_host_changes_its_own_balancers_alone(server: Server) -> None:
    said = {"weight": 2}
    query = f"balancer=own&member={OTHER}"
    assert server.ask("PATCH", "/members", query, said, vhost=0)[0] == 404
    assert server.ask("PATCH", "/members", query, said, vhost=2)[0] == 200
    server.master.asked.clear()
    same = Answer(True, "nothing has changed")
    server.master.answers = [same, Answer(True, "b"), same]
    assert server.ask("DELETE", "/changes", vhost=2)[1] == {"done": "b"}
    keys = [asked.balancer for asked in server.master.asked]
    assert sorted(keys) == [
        *("balancer://main", f"balancer://own@{HOST}", f"balancer://pool@{HOST}")
    ]
    server.master.asked.clear()
    server.ask("DELETE", "/changes", f"host={HOST}&member={OTHER}")
    assert {(one.balancer, one.member) for one in server.master.asked} == {
        (f"balancer://own@{HOST}", OTHER),
        (f"balancer://pool@{HOST}", OTHER),
    }


def record(balancer: str, member: str = "") -> dict[str, Any]:
    return {
        "balancer": balancer,
        "member": member,
        "params": {"lbset": "1"},
        "was": {"lbset": "0"},
        "added": False,
        "gone": False,
        "who": "root at the control socket",
        "at": 1000,
    }


ACCOUNT = {
    "pid": 7,
    "generation": 2,
    "config_file": "/etc/x.conf",
    "since_s": 1000.5,
    "asked": 2,
    "answered": 2,
    "is_sound": False,
    "answered_for": "upgrade",
    "text": "refused while reading",
}


def holds(*records: dict[str, Any], after: int = 0) -> Answer:
    said = {"records": [*records], "next": after, "account": ACCOUNT}
    return Answer(True, "", holds=said)


def test_changes_in_force_are_told_of_all_messages(server: Server) -> None:
    own = f"balancer://own@{HOST}"
    server.master.answers = [holds(record(KEY, ONE), after=1), holds(record(own))]
    _, told = server.ask("GET", "/changes")
    found = [(one["balancer"], one["host"], one["member"]) for one in told["changes"]]
    assert found == [("pool", FIRST, ONE), ("own", HOST, None)]
    one = told["changes"][0]
    assert (one["who"], one["unix_seconds"]) == ("root at the control socket", 1000)
    assert [asked.params for asked in server.master.asked] == [
        (("from", "0"),),
        (("from", "1"),),
    ]
    server.master.answers = [holds(record(KEY, ONE), record(own))]
    _, told = server.ask("GET", "/changes", vhost=1)
    assert [one["balancer"] for one in told["changes"]] == ["pool"]


def test_what_files_say_is_told_to_operators_alone(server: Server) -> None:
    server.master.answers = [holds(), holds(), Answer(False, "no answer")]
    _, told = server.ask("GET", "/generation")
    assert (told["config_file"], told["last_reload"]) == (
        "/etc/x.conf",
        "refused while reading",
    )
    assert (told["generation"], told["last_reload_succeeded"]) == (2, False)
    assert told["last_reload_kind"] == "upgrade"
    _, told = server.ask("GET", "/generation", vhost=0)
    assert told["config_file"] is told["last_reload"] is None
    assert server.ask("GET", "/generation")[0] == 503


def test_openapi_json_is_what_the_code_says() -> None:
    page = (ROOT / "docs/state.md").read_text("utf-8")
    assert document(page) == OPENAPI, (
        "python -m fastlb.controller.openapi docs/state.md > the file"
    )
    assert {
        (path, method.upper())
        for path, methods in OPENAPI["paths"].items()
        for method in methods
    } == {(path, method) for path, methods in PATHS.items() for method in methods}
    assert Server().ask("GET", "/openapi.json") == (200, OPENAPI)


# bytes of anybody -------------------------------------------------------------------

T = TypeVar("T")


def read(data: bytes, reading: Callable[[asyncio.StreamReader], Awaitable[T]]) -> T:
    async def run() -> T:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await reading(reader)

    return asyncio.run(run())


SCGI_WORDS = st.sampled_from(
    (
        *(b"SCRIPT_FILENAME", b"proxy:scgi://h/0/balancer-api", b"REQUEST_URI"),
        *(b"/a?b", b"CONTENT_LENGTH", b"5", b"-1", b"9" * 30, b"", b"SERVER_PORT"),
        *(b"\xb2", b"[x", b"HTTP_HOST", b"REQUEST_METHOD", b"CONTENT_TYPE"),
        b"proxy:scgi://[/1/x",
    )
)


def netstring(words: list[bytes]) -> bytes:
    head = b"".join(word + b"\0" for word in words)
    return b"%d:%b," % (len(head), head)


@settings(deadline=None)
@given(
    st.binary(max_size=100)
    | st.builds(
        lambda words, rest: netstring(words) + rest,
        st.lists(SCGI_WORDS | st.binary(max_size=9), max_size=12),
        st.binary(max_size=20),
    )
)
def test_no_bytes_at_the_workers_door_raise_anything_else(data: bytes) -> None:
    try:
        asked = read(data, scgi.read_request)
    except (scgi.ScgiError, scgi.TooLargeError, asyncio.IncompleteReadError):
        return
    assert isinstance(asked, Asked) and asked.vhost_index >= 0


def test_a_page_sees_what_was_decided_upon() -> None:
    """... and not what the client had sent, before rules made something else of it."""
    words = {
        "CONTENT_LENGTH": "0",
        "SCRIPT_FILENAME": "proxy:scgi://fastlb-controller:4000/3/server-status",
        "REQUEST_URI": "/old%20one?old",
        "QUERY_STRING": "auto",
        "SCRIPT_NAME": "/s\xc3\xa4",
        "PATH_INFO": "/rest",
        "SERVER_NAME": "[::1]",
        "SERVER_PORT": "8080",
        "SERVER_ADDR": "::2",
    }
    parts = [word.encode("latin-1") for pair in words.items() for word in pair]
    asked = read(netstring(parts), scgi.read_request)
    assert (asked.handler, asked.vhost_index) == ("server-status", 3)
    assert (asked.path, asked.query) == ("/old one", "auto")
    page = asked.page_request
    assert (page.path, page.query) == ("/s\xe4/rest", "auto")
    assert (page.host_name, page.host_port, page.local_host) == ("::1", 8080, "::2")


HTTP_WORDS = st.sampled_from(
    (
        *(b"GET ", b"PATCH ", b"/members?a=b ", b"HTTP/1.1\r\n", b"Host: h\r\n"),
        *(b"\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"),
        *(b"3\r\nabc\r\n", b"0\r\n\r\n", b"Connection: Upgrade\r\nUpgrade: x\r\n"),
        *(b"\xff", b"%ff", b" ", b"PRI * HTTP/2.0\r\n\r\n", b"CONNECT h:1 "),
        *(b"X: \x00\r\n", b"http://[x "),
    )
)


@settings(deadline=None)
@given(st.lists(HTTP_WORDS | st.binary(max_size=5), max_size=12).map(b"".join))
def test_no_bytes_at_the_control_socket_raise_anything_else(data: bytes) -> None:
    try:
        asked = read(data, lambda reader: http.read_request(reader, "root"))
    except (http.HttpError, asyncio.IncompleteReadError):
        return
    assert asked.vhost_index == -1
    status, *_ = asyncio.run(api(asked, Server_.desk))
    assert 200 <= status < 500


Server_ = Server()


def test_requests_without_end_are_cut(server: Server) -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"
    with pytest.raises(http.HttpError) as found:
        read(head + b"x" * 200_000, lambda reader: http.read_request(reader, "root"))
    assert found.value.status == 413
    long = netstring([b"CONTENT_LENGTH", b"65537"])
    with pytest.raises(scgi.TooLargeError):
        read(long, scgi.read_request)
    with pytest.raises(scgi.ScgiError):
        read(b"9999999:", scgi.read_request)


@given(st.binary(max_size=60) | st.text('[]{}",:0n', max_size=60).map(str.encode))
def test_a_body_is_read_or_refused(data: bytes) -> None:
    try:
        said = read_object(data)
    except MalformedError:
        return
    for params in (member_params, balancer_params):
        try:
            params(said)
        except UnsoundError:
            continue


def test_head_is_answered_without_a_body() -> None:
    told = http.answer_bytes(200, "a/b", b"body", (), is_head=True)
    assert b"Content-Length: 4" in told and told.endswith(b"\r\n\r\n")
