"""stickycookie= and stickykey=: what is read, made, refused and told."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from rows import rows
from trees import model_of, resolve_text, warnings

from fastlb.facts.balancer import OwnCookie
from fastlb.model import changes

LISTEN = "Listen 80\nServerName h\n"
PLAIN = "; Path=/; HttpOnly; SameSite=Lax"


def pool(*settings: str, members: str = "BalancerMember http://h:1") -> str:
    lines = "\n".join(f"ProxySet {one}" for one in settings)
    return (
        f"{LISTEN}<Proxy balancer://b>\n{members}\n{lines}\n</Proxy>\n"
        "ProxyPass / balancer://b/\n"
    )


def cookie_of(said: str) -> OwnCookie:
    found = model_of(pool(f'"stickycookie={said}"')).balancers[0].own_cookie
    assert found is not None
    return found


@rows(
    ("said", "expected"),
    [
        ("LB", OwnCookie("LB", PLAIN, 0, False, True)),
        ("LB; ;", OwnCookie("LB", PLAIN, 0, False, True)),
        ("LB; secure", OwnCookie("LB", PLAIN, 0, True, False)),
        ("LB;Secure=no", OwnCookie("LB", PLAIN, 0, False, False)),
        (
            "LB; httponly=NO; path=/a; domain=.a.test; max-age=60; samesite=strict",
            OwnCookie(
                "LB",
                "; Path=/a; Domain=.a.test; Max-Age=60; SameSite=Strict",
                60,
                False,
                True,
            ),
        ),
        (
            "LB;SameSite=None",
            OwnCookie("LB", "; Path=/; HttpOnly; SameSite=None", 0, True, True),
        ),
        ("LB;Partitioned", OwnCookie("LB", f"{PLAIN}; Partitioned", 0, True, True)),
        ("__Host-LB", OwnCookie("__Host-LB", PLAIN, 0, True, True)),
        ("__Secure-LB", OwnCookie("__Secure-LB", PLAIN, 0, True, True)),
    ],
)
def test_what_is_written_and_what_is_not(said: str, expected: OwnCookie) -> None:
    assert cookie_of(said) == expected


@rows(
    "said",
    [
        *("", ";Path=/", "a b", "a=b", "a,b", "é", "LB;Path", "LB;Path=a"),
        *("LB;Path=/a b", "LB;Domain=", "LB;Domain=a..b", "LB;Domain=a/b"),
        *("LB;Max-Age=0", "LB;Max-Age=-1", "LB;Max-Age=1h", "LB;Max-Age=2147483648"),
        *("LB;SameSite", "LB;SameSite=no", "LB;Secure=yes", "LB;Expires=x"),
        *(
            "LB;Path=/;path=/a",
            "LB;SameSite=None;Secure=no",
            "LB;Partitioned;Secure=no",
        ),
        *("__Host-LB;Path=/a", "__host-LB;Domain=a.test", "__Secure-LB;Secure=no"),
        "LB;Path=/" + "a" * 1024,
    ],
)
def test_what_is_no_cookie_is_refused(said: str) -> None:
    model, found = resolve_text(pool(f'"stickycookie={said}"'))
    assert model is None
    [error] = [one for one in found if one.is_error]
    assert "ProxySet: stickycookie " in error.text


def numbers(text: str) -> list[str]:
    return [one.number for one in resolve_text(text)[1]]


def test_one_session_has_one_cookie() -> None:
    text = pool("stickycookie=LB stickysession=JSESSIONID")
    model, found = resolve_text(text)
    assert model is None
    [error] = [one for one in found if one.is_error]
    assert error.number == "FB0341"
    assert "stickycookie=LB and stickysession=JSESSIONID" in error.text


def test_without_a_file_it_is_told_what_a_restart_does() -> None:
    assert numbers(pool("stickycookie=LB")) == ["FB0342"]


def test_a_key_is_read_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("0123456789abcdef\n")
    text = pool(f"stickycookie=LB stickykey={file}")
    assert numbers(text) == []
    before = model_of(text)
    key = before.balancers[0].sticky_key
    assert len(bytes.fromhex(key)) == 16
    file.write_text("0123456789abcdef")
    assert model_of(text).balancers[0].sticky_key == key
    file.write_text("0123456789abcdeF")
    after = model_of(text)
    assert after.balancers[0].sticky_key != key
    told = " ".join(changes.told(changes.changes(before, after)))
    assert "stickykey" in told
    assert key not in told and after.balancers[0].sticky_key not in told


@rows("content", [None, "", "0123456789abcde", "x" * 4097])
def test_a_file_that_is_no_secret_is_refused(content: str | None) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "key")
        if content is not None:
            file.write_text(content)
        assert numbers(pool(f"stickycookie=LB stickykey={file}")) == ["FB0344"]


def test_a_key_without_a_cookie_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x" * 16)
    assert numbers(pool(f"stickykey={tmp_path / 'key'}")) == ["FB0345"]


def test_routes_are_made_where_none_is_written() -> None:
    members = (
        "BalancerMember http://h:1\nBalancerMember http://h:2 route=two\n"
        "BalancerMember http://h:3/b"
    )
    found = model_of(pool("stickycookie=LB", members=members)).members
    assert found[1].route == "two"
    assert len({one.route for one in found}) == 3
    assert all("h" not in one.route and len(one.route) == 16 for one in found[::2])
    assert all(not one.route for one in model_of(pool()).members)


def test_a_host_with_a_cookie_of_its_own_has_members_of_its_own() -> None:
    text = (
        f"{pool()}<VirtualHost *:80>\nServerName v\n"
        "<Proxy balancer://b>\nProxySet stickycookie=LB\n</Proxy>\n"
        "ProxyPass / balancer://b/\n</VirtualHost>\n"
    )
    model = model_of(text)
    assert [one.own_cookie is None for one in model.balancers] == [True, False]
    assert [bool(one.route) for one in model.members] == [False, True]


def two_balancers(first: str, second: str, member: str = "http://h:2") -> str:
    return (
        f"{LISTEN}<Proxy balancer://a>\nBalancerMember http://h:1\n"
        f'ProxySet "stickycookie={first}"\n</Proxy>\n'
        f"<Proxy balancer://b>\nBalancerMember {member}\n"
        f'ProxySet "stickycookie={second}"\n</Proxy>\n'
        "ProxyPass /a balancer://a/\nProxyPass / balancer://b/\n"
    )


@rows(
    ("first", "second", "member", "clash"),
    [
        ("LB", "LB", "http://h:2", True),
        ("LB;Max-Age=5", "LB;Secure", "http://h:2", True),
        ("LB", "LC", "http://h:2", False),
        ("LB;Path=/a", "LB", "http://h:2", False),
        # of the same members: each knows the other's
        ("LB", "LB", "ws://h:1", False),
    ],
)
def test_two_cookies_of_one_name_and_place_are_told(
    first: str, second: str, member: str, clash: bool
) -> None:
    found = numbers(two_balancers(first, second, member))
    assert ("FB0343" in found) is clash


def test_written_routes_need_no_stickysession() -> None:
    members = "BalancerMember http://h:1 route=a\nBalancerMember http://h:2 route=b"
    assert warnings(pool("stickycookie=LB", members=members)) == []
