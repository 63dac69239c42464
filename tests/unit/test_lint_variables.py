"""More variables than a request has room for are refused by the check."""

from __future__ import annotations

from trees import model_of, resolve_text

from fastlb.base.limits import VARIABLES_MAX
from fastlb.lint.variables import trial

LISTEN = "Listen 80\nProxyPass / http://127.0.0.1:1/\n"


def naming(count: int, line: str) -> str:
    return LISTEN + "".join(line.format(number) for number in range(count))


def test_more_variables_than_a_request_has_are_refused_where_they_stand() -> None:
    for line, word in (
        ("SetEnvIf Host x{0} NAME_{0}=1\n", "NAME_"),
        ("SetEnv NAME_{0} 1\n", "NAME_"),
        ("RequestHeader set X-A %{{NAME_{0}}}e\n", "NAME_"),
        ("Header note X-A note_{0}\n", "note_"),
    ):
        model, found = resolve_text(naming(VARIABLES_MAX + 1, line))
        assert model is None, line
        told = [item for item in found if item.is_error]
        assert [item.number for item in told] == ["FB0378"]
        stands = naming(VARIABLES_MAX + 1, line).splitlines()[told[0].line - 1]
        named = told[0].text.partition("; ")[2].split()[0]
        assert named.startswith(word) and named in stands


def test_as_many_as_there_is_room_for_are_taken() -> None:
    text = naming(VARIABLES_MAX - 64, "SetEnv NAME_{0} 1\n")
    assert trial(model_of(text)) == ""


def test_the_core_says_which_one_it_has_no_room_for() -> None:
    _, found = resolve_text(naming(VARIABLES_MAX, "SetEnv NAME_{0} 1\n"))
    assert [item.number for item in found if item.is_error] == ["FB0378"]
