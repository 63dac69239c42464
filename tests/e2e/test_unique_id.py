"""UNIQUE_ID: no two requests have the same, whoever serves them."""

from __future__ import annotations

import base64

from conftest import MemberMaker
from harness import Fastlb, wait_for
from peers import answering, request, response
from rig import Rig

LETTERS = str.maketrans("-_", "+/")
NAMED = (
    'LogFormat "%{UNIQUE_ID}e %{early}e %U" id\nCustomLog id.log id\n'
    "SetEnvIf UNIQUE_ID (.+) early=$1\n"
    "RequestHeader set X-Id %{UNIQUE_ID}e\nHeader always set X-Id %{UNIQUE_ID}e\n"
    'Header always set X-Expr "expr=%{reqenv:UNIQUE_ID}"\nProxyPass /none !\n'
)


def raw(written: str) -> bytes:
    """Its 20 bytes: second, random, count."""
    assert len(written) == 27
    return base64.b64decode(written.translate(LETTERS) + "=", validate=True)


def test_rules_logs_members_and_clients_are_told_the_same(rig: Rig) -> None:
    seen = []

    def shown(message: object) -> bytes:
        seen.append(dict(message.fields)["X-Id"])  # type: ignore[attr-defined]
        return response(b"x")

    member = rig.member(answering(shown))
    (rig.folder / "none").write_text("a file")
    rig.start(f"{NAMED}DocumentRoot {rig.folder}\nProxyPass / {member.url}/\n")
    client = rig.client()
    ids = []
    # The third is decided twice: where its file ends is known the second time.
    for target in ("/", "/a", "/none/more", "/"):
        client.send(request(target))
        fields = dict(client.take_response().fields)
        assert fields["X-Id"] == fields["X-Expr"]
        ids.append(fields["X-Id"])
    assert seen == [ids[0], ids[1], ids[3]]
    log = rig.folder / "id.log"
    wait_for(lambda: log.exists() and log.read_text().count("\n") == 4, "the log")
    lines = [line.split() for line in log.read_text().splitlines()]
    assert [line[0] for line in lines] == [line[1] for line in lines] == ids
    parts = [raw(one) for one in ids]
    assert len({one[4:14] for one in parts}) == 1  # one worker
    assert len({one[14:] for one in parts}) == 4
    assert all(int.from_bytes(one[:4], "big") > 1_700_000_000 for one in parts)


def test_workers_and_generations_give_their_own(
    server: Fastlb, make_member: MemberMaker
) -> None:
    """Over a reload too, where the count begins anew."""
    server.write(f"{NAMED}ProxyPass / {make_member('a').url}/\n")
    server.start()
    ids = [server.get().field("X-Id") or "" for _ in range(60)]
    server.reload()
    ids += [server.get().field("X-Id") or "" for _ in range(60)]
    assert len(set(ids)) == 120
    assert len({raw(one)[4:14] for one in ids}) >= 2
