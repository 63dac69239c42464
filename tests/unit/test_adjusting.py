"""What operators change while running: asked for, put on a model, kept."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows
from trees import model_of

from fastlb import _core
from fastlb.facts.adjustments import (
    ANSWER_BYTES_MAX,
    ASKED_BYTES_MAX,
    PARAMS_MAX,
    TEXT_MAX,
    Adjustment,
    AdjustmentError,
    Answer,
    Deed,
    Record,
    number_of,
    read_answer,
    read_asked,
    read_records,
    records_text,
)
from fastlb.facts.said import said_of_balancer, said_of_member
from fastlb.facts.server import Model
from fastlb.master.adjusting import SUFFIX, Adjusting
from fastlb.master.claims import claim
from fastlb.model.adjusted import adjusted, as_written, recorded

ONE, TWO, THREE = (f"http://127.0.0.1:{port}" for port in (81, 82, 83))
KEY = "balancer://pool"
CONF = f"""Listen 80
ServerName one.test
<Proxy balancer://pool>
BalancerMember {ONE} route=a
BalancerMember {TWO} loadfactor=2
ProxySet growth=2
</Proxy>
ProxyPass / balancer://pool/
"""


def written(text: str = CONF) -> Model:
    return model_of(text)


MODEL = written()


def set_(member: str, **params: str) -> Adjustment:
    return Adjustment(Deed.SET, KEY, member, tuple(params.items()), "me")


def members_of(model: Model) -> dict[str, dict[str, str]]:
    return {
        model.members[index].url: said_of_member(model.members[index])
        for index in model.balancers[0].members
    }


def done(*asked: Adjustment, model: Model = MODEL) -> tuple[Record, ...]:
    records: tuple[Record, ...] = ()
    for one in asked:
        records = recorded(model, records, one)
    return records


# what is said of one member or balancer --------------------------------------------


def test_a_change_is_put_on_what_the_file_says() -> None:
    records = done(set_(ONE, loadfactor="3", status="+N"), set_("", timeout="7"))
    model = adjusted(MODEL, records).model
    assert members_of(model)[ONE]["loadfactor"] == "3"
    assert members_of(model)[ONE]["status"] == "N"
    assert members_of(model)[TWO] == members_of(MODEL)[TWO]
    assert said_of_balancer(model.balancers[0])["timeout"] == "7"


def test_flags_add_to_those_before_and_what_is_as_configured_is_no_change() -> None:
    records = done(set_(ONE, status="+N"), set_(ONE, status="+D"))
    assert members_of(adjusted(MODEL, records).model)[ONE]["status"] == "ND"
    assert done(set_(ONE, status="+N"), set_(ONE, status="-N")) == ()
    assert done(set_(TWO, loadfactor="5"), set_(TWO, loadfactor="2")) == ()


@rows(
    ("asked", "why"),
    [
        (set_(ONE, loadfactor="0"), "between 1..100"),
        (set_(ONE, ping="5"), "cannot be changed while running"),
        (set_("http://127.0.0.1:99", lbset="1"), "has no member"),
        (set_("", lbmethod="bynothing"), "there are byrequests, bytraffic,"),
        (set_(ONE, hcmethod="GET", hcexpr="none"), "no ProxyHCExpr none"),
        (replace(set_(ONE, lbset="1"), balancer="balancer://x"), "there is no"),
        (Adjustment(Deed.ADD, KEY, ONE), "is a member of"),
        (Adjustment(Deed.ADD, KEY, "nonsense"), "URL"),
        (Adjustment(Deed.ADD, KEY, "https://127.0.0.1:84"), "SSLProxy"),
        (Adjustment(Deed.ADD, KEY, "unix:/x|http://h/"), "in a file"),
        (Adjustment(Deed.ADD, KEY, THREE, (("lbset", "x"),)), "lbset=x"),
        (Adjustment(Deed.REMOVE, KEY, THREE), "has no member"),
        *(
            (one, "no file can say")
            for one in (
                set_(ONE, route="\u20ac"),
                set_(ONE, redirect="\u20ac" * 21),
                set_(ONE, hcuri="/\u20ac"),
                set_("", stickysession="\u20ac"),
                Adjustment(Deed.ADD, KEY, f"{THREE}/\u20ac"),
            )
        ),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_kept(
    asked: Adjustment, why: str
) -> None:
    records = done(set_(ONE, lbset="2"))
    with pytest.raises(AdjustmentError, match=why):
        recorded(MODEL, records, asked)


def test_members_are_added_up_to_growth() -> None:
    add = [Adjustment(Deed.ADD, KEY, f"http://127.0.0.1:{p}") for p in (83, 84, 85)]
    records = done(*add[:2])
    with pytest.raises(AdjustmentError, match="write growth=3"):
        recorded(MODEL, records, add[2])
    records = recorded(MODEL, records, Adjustment(Deed.REMOVE, KEY, THREE))
    records = recorded(MODEL, records, add[2])
    assert list(members_of(adjusted(MODEL, records).model)) == [
        *(ONE, TWO, "http://127.0.0.1:84", "http://127.0.0.1:85")
    ]


def test_a_member_that_was_taken_out_comes_back_with_what_is_said_of_it() -> None:
    out = (set_(ONE, lbset="4"), Adjustment(Deed.REMOVE, KEY, ONE))
    assert list(members_of(adjusted(MODEL, done(*out)).model)) == [TWO]
    back = Adjustment(Deed.ADD, KEY, ONE, (("loadfactor", "9"),))
    said = members_of(adjusted(MODEL, done(*out, back)).model)[ONE]
    assert (said["loadfactor"], said["lbset"]) == ("9", "4")
    only = (Adjustment(Deed.REMOVE, KEY, ONE), Adjustment(Deed.ADD, KEY, ONE))
    assert done(*only) == ()


def test_reset_is_of_one_of_a_balancer_or_of_all() -> None:
    records = done(set_(ONE, lbset="1"), set_(TWO, lbset="1"), set_("", timeout="3"))
    one = recorded(MODEL, records, Adjustment(Deed.RESET, KEY, ONE))
    assert [record.member for record in one] == [TWO, ""]
    assert recorded(MODEL, records, Adjustment(Deed.RESET, KEY)) == ()
    assert recorded(MODEL, records, Adjustment(Deed.RESET, "")) == ()
    assert recorded(MODEL, records, Adjustment(Deed.RESET, "balancer://x")) == records


def test_a_file_that_says_something_else_by_now_wins() -> None:
    records = done(set_(ONE, lbset="1", route="b"), Adjustment(Deed.ADD, KEY, THREE))
    found = adjusted(written(CONF.replace("route=a", "route=c")), records)
    said = members_of(found.model)[ONE]
    assert (said["route"], said["lbset"]) == ("c", "1")
    assert found.over == [f"{ONE} of {KEY}: the configuration says route=c"]
    line = f"BalancerMember {ONE} route=a"
    found = adjusted(
        written(CONF.replace(line, f"{line}\nBalancerMember {THREE}")), records
    )
    assert "stands in the configuration by now" in found.over[0]
    assert list(members_of(found.model)) == [ONE, THREE, TWO]
    found = adjusted(written(CONF.replace(line, "")), records)
    assert "has no member" in found.over[0]


def test_a_condition_that_is_gone_takes_nothing_else_with_it() -> None:
    with_it = written(f"ProxyHCExpr fine {{%{{REQUEST_STATUS}} =~ /^2/}}\n{CONF}")
    checked = {"hcmethod": "GET", "hcexpr": "fine", "loadfactor": "3"}
    records = done(
        set_(ONE, **checked),
        Adjustment(Deed.ADD, KEY, THREE, tuple(checked.items()), "me"),
        model=with_it,
    )
    found = adjusted(MODEL, records)
    assert found.over == [
        f"{one} of {KEY}: there is no ProxyHCExpr fine" for one in (ONE, THREE)
    ]
    for one in (ONE, THREE):
        said = members_of(found.model)[one]
        assert [said[key] for key in checked] == ["GET", "", "3"]
    assert [one.params for one in found.records] == [
        (("hcmethod", "GET"), ("loadfactor", "3"))
    ] * 2
    assert adjusted(MODEL, found.records).over == []


class Counted(tuple[Any, ...]):
    """walks: how often somebody has gone through it."""

    walks = 0

    def __iter__(self) -> Iterator[Any]:
        type(self).walks += 1
        return super().__iter__()


def test_many_changes_look_once_at_all_members() -> None:
    urls = [f"http://127.0.0.1:{port}" for port in range(1000, 1200)]
    lines = "\n".join(f"BalancerMember {url}" for url in urls)
    model = written(CONF.replace("ProxySet growth=2", f"{lines}\nProxySet growth=40"))
    deeds = [set_(url, lbset="1") for url in urls[:5]]
    deeds += [Adjustment(Deed.REMOVE, KEY, url) for url in urls[5:10]]
    deeds += [Adjustment(Deed.ADD, KEY, f"{url}1") for url in urls[:5]]
    records = done(set_("", timeout="7"), *deeds, model=model)
    expected = adjusted(model, records)
    assert (expected.over, expected.records) == ([], records)
    listed = model.balancers[0]
    counted = replace(
        model,
        members=Counted(model.members),
        balancers=(
            replace(listed, members=Counted(listed.members)),
            *model.balancers[1:],
        ),
    )
    Counted.walks = 0
    assert adjusted(counted, records).model == expected.model
    walks, Counted.walks = Counted.walks, 0
    assert adjusted(counted, records[:1] + records[-1:]).records
    assert Counted.walks == walks


DEEDS = st.one_of(
    st.builds(
        set_,
        st.sampled_from([ONE, TWO, THREE]),
        loadfactor=st.sampled_from(["1", "2", "7.5", "0", "x"]),
        status=st.sampled_from(["+D", "-D", "+N", "-NH", "D", "?"]),
    ),
    st.builds(
        set_,
        st.sampled_from([ONE, TWO, THREE]),
        hcmethod=st.sampled_from(["TCP", "none", "GET"]),
        hcpasses=st.sampled_from(["1", "3"]),
    ),
    st.builds(
        set_,
        st.just(""),
        lbmethod=st.sampled_from(["byrequests", "bytraffic"]),
        stickysession=st.sampled_from(["", "A", "A|b"]),
        maxattempts=st.sampled_from(["", "0", "3"]),
    ),
    st.builds(
        Adjustment,
        st.sampled_from([Deed.ADD, Deed.REMOVE, Deed.RESET]),
        st.sampled_from([KEY, "balancer://x"]),
        st.sampled_from([ONE, THREE, "http://127.0.0.1:84", "http://127.0.0.1:85"]),
    ),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(DEEDS, max_size=12))
def test_any_deeds_leave_what_their_records_say(deeds: list[Adjustment]) -> None:
    records: tuple[Record, ...] = ()
    for one in deeds:
        try:
            after = recorded(MODEL, records, one)
        except AdjustmentError:
            continue
        records = after
        # All of it holds, each place once, and so it does when it was kept in a file.
        found = adjusted(MODEL, records)
        assert (found.over, found.records) == ([], records)
        assert len({record.place for record in records}) == len(records)
        kept = read_records(records_text(records))
        assert kept == records
        assert adjusted(MODEL, kept).model == found.model
        assert as_written(found.model) == MODEL
        added = sum(record.is_added for record in records)
        assert added <= MODEL.balancers[0].growth
    assert adjusted(MODEL, ()).model == MODEL
    assert recorded(MODEL, records, Adjustment(Deed.RESET, "")) == ()


# how it is asked for ---------------------------------------------------------------

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["deed", "balancer", "member", "params", "who", "version", "changes"]
            )
            | st.sampled_from(["was", "added", "gone"]),
            inside,
            max_size=9,
        )
    ),
    max_leaves=20,
)
HOSTILE = st.binary(max_size=200) | ANY_JSON.map(lambda said: json.dumps(said).encode())


@given(HOSTILE)
def test_bytes_that_no_controller_sends_are_refused(data: bytes) -> None:
    for one in (data, b"7 " + data):
        with pytest.raises(AdjustmentError):
            read_asked(one)
        assert number_of(one) >= 0


@given(HOSTILE)
def test_a_file_that_we_did_not_write_is_refused_or_read(data: bytes) -> None:
    try:
        records = read_records(data)
    except AdjustmentError:
        return
    assert all(isinstance(one, Record) for one in records)


def test_depth_and_numbers_without_end_are_refused() -> None:
    for data in (b"[" * 100_000, b'{"deed":' * 90_000, b"1" * 100_000):
        with pytest.raises(AdjustmentError):
            read_asked(b"1 " + data)
        with pytest.raises(AdjustmentError):
            read_records(data)
    assert number_of(b"9" * 100 + b" {}") == 0


def test_a_question_is_read_as_it_was_asked_and_is_bounded() -> None:
    asked = set_(ONE, lbset="1", route="\u00e9")
    assert read_asked(asked.asked(41)) == asked
    assert number_of(asked.asked(41)) == 41
    for wrong in (
        set_(ONE, route="a\nb"),
        set_(ONE, route="x" * (TEXT_MAX + 1)),
        replace(asked, params=(("a", "b"),) * (PARAMS_MAX + 1)),
    ):
        with pytest.raises(AdjustmentError):
            read_asked(wrong.asked(1))
    cut = set_(ONE, route="x" * ASKED_BYTES_MAX).asked(12)[:ASKED_BYTES_MAX]
    assert number_of(cut) == 12


def test_an_answer_of_any_length_fits_its_message() -> None:
    told = Answer(False, "\U0001f600" * 70_000, is_over=True).told(3)
    assert len(told) <= ANSWER_BYTES_MAX
    answer = read_answer(told)
    assert (number_of(told), answer.done, answer.is_over) == (3, False, True)


# what the master does --------------------------------------------------------------


@dataclass
class Seen:
    said: list[str] = field(default_factory=list)

    def __call__(self, level: str, text: str) -> None:
        self.said.append(f"{level}: {text}")


@dataclass
class Current:
    """What the master's generation is to its adjustments."""

    model: Model
    member_slots: tuple[int, ...]
    number: int = 1


class Server:
    """The part of the master that adjusts."""

    def __init__(self, folder: Path, text: str = CONF) -> None:
        self.pid_file = str(folder / "pid")
        self.said = Seen()
        self.table = _core.Table.create(8, 16, 4)
        self.wall_s = 1000.5
        self.adjusting = Adjusting(
            self.table,
            self.said,
            lambda: {"account": {"a": 1}},
            lambda: self.wall_s,
        )
        self.adjusting.recall(self.pid_file)
        self.reload(text)

    def reload(self, text: str = CONF) -> None:
        model = self.adjusting.put_on(written(text))
        slots, _ = claim(self.table, model, 1)
        self.current: Any = Current(model, slots)
        self.adjusting.commit()

    def ask(self, asked: Adjustment) -> Answer:
        """... and let the workers that it takes accept."""
        assert self.adjusting.queue([asked.asked(5)]) == []
        assert self.adjusting.is_asked()
        found = self.adjusting.act(self.current, 2)
        if isinstance(found, Model):
            self.current.model = found
            self.current.member_slots, _ = claim(self.table, found, 1)
            self.adjusting.commit()
            answer, *number = self.adjusting.done(self.current)
            assert number == [5, 2]
            return answer
        answer, question = found
        assert question == 5
        return answer

    @property
    def kept(self) -> tuple[Record, ...]:
        path = Path(self.pid_file + SUFFIX)
        return read_records(path.read_bytes()) if path.exists() else ()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_what_lies_in_the_table_holds_at_once_and_is_told(server: Server) -> None:
    answer = server.ask(set_(ONE, loadfactor="4"))
    assert (answer.done, answer.is_over) == (True, False)
    seen = server.table.snapshot_member(server.current.member_slots[0])
    assert seen["load_factor"] == 400
    (line,) = server.said.said
    assert line.startswith("notice: FB0642: ") and line.endswith(": me")
    assert "loadfactor" in line
    (record,) = server.kept
    assert record.params == (("loadfactor", "4"),)
    mode = Path(server.pid_file + SUFFIX).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_what_takes_workers_is_answered_when_they_accept(server: Server) -> None:
    answer = server.ask(Adjustment(Deed.ADD, KEY, THREE, who="me"))
    assert (answer.done, answer.is_over) == (True, True)
    assert THREE in answer.text
    assert list(members_of(server.current.model)) == [ONE, TWO, THREE]
    assert [record.is_added for record in server.kept] == [True]


def test_names_are_bytes_of_a_file_as_many_as_there_is_room_for(
    server: Server,
) -> None:
    assert server.ask(set_(ONE, route="\xe9" * 63, redirect="\xff" * 63)).done
    seen = server.table.snapshot_member(server.current.member_slots[0])
    assert (seen["route"], seen["redirect"]) == ("\xe9" * 63, "\xff" * 63)


def test_a_change_that_fails_for_what_nobody_knew_ends_no_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        monkeypatch.undo()
        raise ZeroDivisionError

    before = server.current.model
    monkeypatch.setattr(server.adjusting, "_keep", fail)
    answer = server.ask(set_(ONE, lbset="9"))
    assert (answer.done, answer.text) == (False, "it failed: see the error log")
    assert any("FB0646: Traceback" in line for line in server.said.said)
    assert server.current.model is before
    slot = server.current.member_slots[0]
    assert server.table.snapshot_member(slot)["lbset"] == 0
    assert server.ask(set_(TWO, lbset="5")).done


def test_a_file_that_cannot_go_or_be_written_is_told_and_ends_no_server(
    server: Server,
) -> None:
    os.mkdir(server.pid_file + SUFFIX)
    assert server.ask(set_(ONE, lbset="5")).done
    assert server.ask(Adjustment(Deed.RESET, "")).done
    told = [line for line in server.said.said if "cannot be written" in line]
    assert len(told) == 2


def test_a_member_that_goes_or_comes_back_is_told(server: Server) -> None:
    gone = server.ask(Adjustment(Deed.REMOVE, KEY, ONE, who="me"))
    assert gone.text == f"- member {ONE} of {KEY}"
    back = server.ask(Adjustment(Deed.RESET, KEY, ONE, who="me"))
    assert back.text == f"+ member {ONE} of {KEY}"


def test_what_fails_is_not_kept_and_said_to_who_asked(server: Server) -> None:
    asked = Adjustment(Deed.ADD, KEY, THREE, who="me")
    server.adjusting.queue([asked.asked(8)])
    assert isinstance(server.adjusting.act(server.current, 3), Model)
    assert not server.adjusting.is_asked()
    assert server.adjusting.failed("no port") == (Answer(False, "no port"), 8, 3)
    assert server.kept == () and server.adjusting.waiting is None


def test_a_refused_value_leaves_what_was_changed_before(server: Server) -> None:
    server.ask(set_(ONE, loadfactor="4"))
    answer = server.ask(set_(ONE, lbset="100"))
    assert not answer.done and "lbset=100" in answer.text
    answer = server.ask(set_(ONE, loadfactor="4"))
    assert answer == Answer(True, "nothing has changed")
    seen = server.table.snapshot_member(server.current.member_slots[0])
    assert seen["load_factor"] == 400
    assert len(server.kept) == 1


def test_who_has_said_the_last_of_it_and_when_is_kept(server: Server) -> None:
    server.ask(set_(ONE, lbset="3"))
    assert [(one.who, one.at_s) for one in server.kept] == [("me", 1000)]
    server.wall_s = 2000.5
    server.ask(replace(set_(ONE, lbset="3"), who="another"))  # as it is
    server.ask(replace(set_(TWO, lbset="3"), who="another"))
    told = [("me", 1000), ("another", 2000)]
    assert [(one.who, one.at_s) for one in server.kept] == told
    server.ask(Adjustment(Deed.REMOVE, KEY, ONE, who="third"))
    server.ask(Adjustment(Deed.ADD, KEY, ONE, who="fourth"))
    assert {(one.who, one.at_s) for one in server.kept} == {
        *(("fourth", 2000), ("another", 2000))
    }


def test_changes_that_an_older_version_has_kept_hold() -> None:
    words = json.loads(records_text(done(set_(ONE, lbset="3"))))
    for name in ("who", "at"):
        del words["changes"][0][name]
    (record,) = read_records(json.dumps(words).encode())
    assert (dict(record.params), record.who, record.at_s) == ({"lbset": "3"}, "", 0)
    words["changes"][0] |= {"at": 1 << 70}
    assert read_records(json.dumps(words).encode())[0].at_s == 0


def test_the_last_change_that_is_taken_back_takes_the_file_along(
    server: Server,
) -> None:
    server.ask(set_(ONE, loadfactor="4"))
    server.ask(Adjustment(Deed.RESET, ""))
    assert not Path(server.pid_file + SUFFIX).exists()


def test_it_outlives_reload_and_start_but_not_what_the_file_says_by_now(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path)
    server.ask(set_(ONE, loadfactor="4"))
    server.reload()
    assert members_of(server.current.model)[ONE]["loadfactor"] == "4"
    server = Server(tmp_path)
    assert members_of(server.current.model)[ONE]["loadfactor"] == "4"
    server.reload(CONF.replace("route=a", "route=a loadfactor=6"))
    assert members_of(server.current.model)[ONE]["loadfactor"] == "6"
    assert [line for line in server.said.said if "FB0643" in line]
    assert server.kept == ()


def test_without_balancerpersist_it_ends_with_a_reload_and_a_start(
    tmp_path: Path,
) -> None:
    text = CONF + "BalancerPersist Off\n"
    server = Server(tmp_path, text)
    server.ask(set_(ONE, loadfactor="4"))
    assert members_of(server.current.model)[ONE]["loadfactor"] == "4"
    assert server.kept == ()
    server.reload(text)
    assert members_of(server.current.model)[ONE]["loadfactor"] == "1"
    # ... also when it was kept before somebody wrote Off
    Server(tmp_path).ask(set_(ONE, loadfactor="4"))
    server = Server(tmp_path, text)
    assert members_of(server.current.model)[ONE]["loadfactor"] == "1"
    assert server.ask(Adjustment(Deed.TELL, "")).holds["records"] == []


def test_a_file_that_cannot_be_read_is_told_and_does_not_stop_the_server(
    tmp_path: Path,
) -> None:
    Path(tmp_path, "pid" + SUFFIX).write_bytes(b"{")
    server = Server(tmp_path)
    assert "error: FB0644" in server.said.said[0]
    assert members_of(server.current.model) == members_of(MODEL)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away")
@rows(("owner", "lbset"), [(0, "3"), (65534, "0")])
def test_changes_that_another_user_has_put_there_are_nobodys(
    tmp_path: Path, owner: int, lbset: str
) -> None:
    path = Path(tmp_path, "pid" + SUFFIX)
    path.write_bytes(records_text(done(set_(ONE, lbset="3"))))
    os.chown(path, owner, owner)
    server = Server(tmp_path)
    assert members_of(server.current.model)[ONE]["lbset"] == lbset
    told = [line for line in server.said.said if "FB0644" in line]
    assert all("it is another user's" in line for line in told)
    assert bool(told) == (owner != 0)
    server.ask(set_(TWO, lbset="5"))
    assert path.stat().st_uid == 0


def test_a_fifo_in_place_of_the_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"pid{SUFFIX}")
    server = Server(tmp_path)
    assert "FB0644" in server.said.said[0]
    assert "not a regular file" in server.said.said[0]


@rows(
    "words",
    [
        {"params": {"later": "5"}, "was": {"later": "4"}},
        {"params": {"retry": "5"}, "was": {"retry": "4"}},
        {"params": {"route": "x"}, "was": {}},
        {"member": "", "params": {"lbset": "5"}, "was": {"lbset": "0"}},
    ],
)
def test_what_this_version_would_not_have_kept_is_over_and_all_else_holds(
    tmp_path: Path, words: dict[str, Any]
) -> None:
    kept = json.loads(records_text(done(set_(ONE, lbset="3"), set_(TWO, lbset="4"))))
    first = kept["changes"][0]
    first |= words
    if first["member"]:
        first["params"] = {"lbset": "3", **words["params"]}
        first["was"] = {"lbset": "0", **words["was"]}
    Path(tmp_path, "pid" + SUFFIX).write_text(json.dumps(kept))
    server = Server(tmp_path)
    key = next(key for key in words["params"])
    told = [line for line in server.said.said if "FB0643" in line]
    assert len(told) == 1 and f"{key} cannot be changed" in told[0]
    said = members_of(server.current.model)
    assert said[ONE]["lbset"] == ("3" if first["member"] else "0")
    assert said[TWO]["lbset"] == "4"


def test_errors_are_cleared(server: Server) -> None:
    slot = server.current.member_slots[0]
    up = Adjustment(Deed.UP, KEY, ONE, who="me")
    assert server.ask(up).text == "nothing has changed"
    server.table.set_flag(slot, "E", True)
    assert "errors are cleared" in server.ask(up).text
    assert "E" not in server.table.snapshot_member(slot)["flags"]


def test_records_are_told_in_as_many_messages_as_they_take(tmp_path: Path) -> None:
    count = 40
    server = Server(tmp_path)
    wide = "\u20ac" * 600
    server.adjusting._records = tuple(
        Record(KEY, f"http://127.0.0.1:{n}", (("route", wide),), (("route", ""),))
        for n in range(1, count)
    )
    found: list[str] = []
    begin, turns = 0, 0
    while True:
        asked = Adjustment(Deed.TELL, "", params=(("from", str(begin)),))
        answer = server.ask(asked)
        assert len(answer.told(10**17)) <= ANSWER_BYTES_MAX
        assert answer.holds["account"] == {"a": 1}
        found += [one["member"] for one in answer.holds["records"]]
        begin, turns = answer.holds["next"], turns + 1
        if not begin:
            break
    assert found == [f"http://127.0.0.1:{n}" for n in range(1, count)]
    assert turns > 1


def test_too_many_wait_for_a_reload(server: Server) -> None:
    asked = [set_(ONE, lbset="1").asked(number) for number in range(1, 260)]
    refused = server.adjusting.queue(asked)
    assert [number for _, number in refused] == [257, 258, 259]
    assert not any(answer.done for answer, _ in refused)
    server.adjusting.forget_queue()
    assert not server.adjusting.is_asked()


def test_nothing_is_changed_of_what_this_program_has_not_read(tmp_path: Path) -> None:
    """After an upgrade whose workers could not start, those of before serve."""
    server = Server(tmp_path)
    before = server.current
    server.adjusting = Adjusting(server.table, server.said)
    server.adjusting.queue(
        [Adjustment(Deed.SET, "balancer://b", "", (("timeout", "5"),)).asked(5)]
    )
    answer, question = server.adjusting.act(before, 2)
    assert (answer.done, question) == (False, 5)
    assert "reload first" in answer.text


def test_what_no_controller_asks_is_answered(server: Server) -> None:
    server.adjusting.queue([b"6 nonsense"])
    answer, number = server.adjusting.act(server.current, 1)
    assert (answer.done, number) == (False, 6)
