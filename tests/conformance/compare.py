"""What fastlb is expected to answer, and how a difference is told."""

import copy
import difflib
import json

from .case import Case
from .harness import Outcome


def expected(case: Case, httpd: Outcome) -> Outcome:
    """httpd's outcome with the parts put in that differ on purpose."""
    result = copy.deepcopy(httpd)
    for path, value in case.instead.items():
        if path == "":
            result = copy.deepcopy(value)
            continue
        if path == "+":
            assert isinstance(result, list)
            assert isinstance(value, list)
            result.extend(value)
            continue
        place: object = result
        *parents, last = path.split("/")
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place[key]  # type: ignore[index]
        if isinstance(place, list):
            place[int(last)] = value
        elif isinstance(place, dict):
            place[last] = value
    return result


def difference(want: Outcome, got: Outcome) -> str:
    """A readable difference of two outcomes, or an empty string."""
    if want == got:
        return ""
    return "\n".join(
        difflib.unified_diff(
            _lines(want), _lines(got), "httpd", "fastlb", lineterm="", n=2
        )
    )


def _lines(outcome: Outcome) -> list[str]:
    """One line per leaf list or value, so that a field is one line of a difference."""
    lines: list[str] = []

    def walk(value: object, indent: str, label: str) -> None:
        if isinstance(value, dict):
            lines.append(f"{indent}{label}")
            for key, inner in value.items():
                walk(inner, indent + "  ", f"{key}: ")
        elif isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
            lines.append(f"{indent}{label}")
            for index, inner in enumerate(value):
                walk(inner, indent + "  ", "" if _pair(inner) else f"[{index}] ")
        else:
            lines.append(f"{indent}{label}{json.dumps(value)}")

    walk(outcome, "", "")
    return lines


def _pair(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)
