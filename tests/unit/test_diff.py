from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from trees import model_of

from fastlb.facts.diff import diff, log_line
from fastlb.facts.server import Model


def model(members: list[str], *, listen: str = "Listen 80\n", extra: str = "") -> Model:
    lines = "\n".join(f"BalancerMember http://{name}" for name in members)
    return model_of(
        listen + f"<Proxy balancer://b>\n{lines}\n</Proxy>\n"
        "ProxyPass / balancer://b/\n" + extra
    )


def test_members_stay_come_and_go_by_url() -> None:
    found = diff(model(["a", "b", "c"]), model(["c", "d", "a"]))
    prefix = "balancer://b http://"
    assert found.members.stay == (prefix + "c", prefix + "a")
    assert found.members.come == (prefix + "d",)
    assert found.members.go == (prefix + "b",)
    assert not found.balancers and not found.listeners and not found.vhosts


def test_moving_a_line_changes_nothing() -> None:
    found = diff(model(["a"]), model(["a"], extra="# end\n", listen="\n\nListen 80\n"))
    assert not found
    assert log_line(found) == "nothing changed"


def test_a_changed_parameter_is_named() -> None:
    found = diff(model(["a loadfactor=1", "b"]), model(["a loadfactor=3", "b"]))
    assert found.changed == (("balancer://b http://a", ("load_factor",)),)
    assert log_line(found) == "changed http://a (load_factor)"


def test_listeners_are_known_by_address_and_port() -> None:
    old = model(["a"], listen="Listen 80\nListen 127.0.0.1:81\n")
    new = model(["a"], listen="Listen [::1]:82\nListen 127.0.0.1:81\nListen 80\n")
    assert log_line(diff(old, new)) == "listeners +[::1]:82, 2 kept"


def test_the_log_line_is_bounded() -> None:
    line = log_line(diff(model(["a"]), model([f"m{i}" for i in range(9)])))
    assert "and +4 more" in line
    assert line.count("http://m") == 5


def test_hosts_and_balancers_are_told() -> None:
    host = (
        "<VirtualHost *:80>\nServerName v\nProxyPass /v balancer://v/\n</VirtualHost>\n"
    )
    line = log_line(diff(model(["a"]), model(["a"], extra=host)))
    assert "vhosts +*:80/v" in line
    assert "balancers +balancer://v@*:80/v, 1 kept" in line


NAMES = st.lists(st.sampled_from("abcdefg"), unique=True, min_size=1)


@settings(max_examples=25)
@given(NAMES, NAMES)
def test_every_member_is_in_one_group(old: list[str], new: list[str]) -> None:
    found = diff(model(old), model(new)).members
    assert len(found.stay) + len(found.come) == len(new)
    assert len(found.stay) + len(found.go) == len(old)
    assert not set(found.come) & set(found.go)
