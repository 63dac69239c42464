"""What an operator changes of balancers and members while the server runs.

An adjustment says it in the words of the configuration, key=value, of a member or a
balancer by its key; so the same readers and bounds hold as for a line of a file. It is
asked for through the controller (JSON on a socket) and decided by the master.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ASKED_BYTES_MAX: Final = 16_384
"""One adjustment, as it is asked for."""
ANSWER_BYTES_MAX: Final = 65_536
ANSWER_TEXT_MAX: Final = 5000
"""... of which each character may take twelve."""
NOTHING_CHANGED: Final = "nothing has changed"
"""The answer to what makes no difference."""
TEXT_MAX: Final = 2048
PARAMS_MAX: Final = 32
SECONDS_MAX: Final = 1 << 40
"""A moment that any calendar has."""
_NUMBER_DIGITS: Final = 18


class Deed(enum.Enum):
    SET = "set"  # parameters of a member, or of the balancer
    ADD = "add"  # a member
    REMOVE = "remove"  # a member
    UP = "up"  # clear what keeps a member out: its errors, an ejection
    RESET = "reset"  # as configured: of a member, a balancer, or of all
    TELL = "tell"  # change nothing: say which records hold, and what is in force


MEMBER_KEYS_AT_ONCE: Final = ("loadfactor", "lbset", "route", "redirect", "status")
"""Those lie in the slot table, where every worker looks at once."""
HEALTH_KEYS: Final = (
    *("hcmethod", "hcinterval", "hcpasses", "hcfails", "hcuri", "hcexpr"),
)
MEMBER_KEYS: Final = (*MEMBER_KEYS_AT_ONCE, *HEALTH_KEYS)
BALANCER_KEYS: Final = (
    *("lbmethod", "stickysession", "nofailover", "timeout", "maxattempts"),
    *("failonstatus", "failontimeout", "forcerecovery"),
)
"""Each takes workers of its own: they are forked as for a reload."""


class AdjustmentError(ValueError):
    """What was asked for cannot be done; the text is for whoever asked."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One deed.

    balancer  its key (facts.balancer.Balancer.key); "": of RESET, all
    member    URL as the model has it; "": the balancer itself
    params    key=value; of ADD any that a BalancerMember line may have
    who       for the log: user and client, or the account at the control socket
    """

    deed: Deed
    balancer: str
    member: str = ""
    params: tuple[tuple[str, str], ...] = ()
    who: str = ""

    def asked(self, number: int) -> bytes:
        """As it goes to the master, which answers with the number."""
        words = {
            "deed": self.deed.value,
            "balancer": self.balancer,
            "member": self.member,
            "params": [list(pair) for pair in self.params],
            "who": self.who,
        }
        return f"{number} {json.dumps(words)}".encode()


def number_of(data: bytes) -> int:
    """The number of a question, or an answer, whatever the rest of it is."""
    digits = data[: _NUMBER_DIGITS + 1].partition(b" ")[0]
    return int(digits) if digits.isdigit() and len(digits) <= _NUMBER_DIGITS else 0


def read_asked(data: bytes) -> Adjustment:
    """AdjustmentError for anything that no controller of ours would send."""
    try:
        words = json.loads(data.partition(b" ")[2])
        deed = Deed(words["deed"])
        params = tuple((_text(key).lower(), _text(v)) for key, v in words["params"])
        texts = (_text(words[name]) for name in ("balancer", "member", "who"))
        balancer, member, who = texts
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise AdjustmentError(f"no adjustment: {type(error).__name__}") from None
    if len(params) > PARAMS_MAX:
        raise AdjustmentError(f"more than {PARAMS_MAX} parameters")
    return Adjustment(deed, balancer, member, params, who)


def _text(value: object) -> str:
    """A line at most: it may come to stand in a log, or in a file."""
    if not isinstance(value, str) or len(value) > TEXT_MAX or not value.isprintable():
        raise ValueError
    return value


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it.

    text     says what has changed, or why not
    is_over  whoever asked knows the old model: another controller answers from now on
    holds    of TELL; of what is over: the slots of members that are new
    """

    done: bool
    text: str
    is_over: bool = False
    holds: Mapping[str, Any] = field(default_factory=dict)

    def told(self, number: int) -> bytes:
        words = {
            "done": self.done,
            "text": self.text[:ANSWER_TEXT_MAX],
            "over": self.is_over,
            "holds": self.holds,
        }
        return f"{number} {json.dumps(words)}".encode()


def read_answer(data: bytes) -> Answer:
    words: Mapping[str, Any] = json.loads(data.partition(b" ")[2])
    return Answer(
        bool(words["done"]), str(words["text"]), bool(words["over"]), words["holds"]
    )


@dataclass(frozen=True, slots=True)
class Record:
    """What holds of a member, or a balancer, until somebody says otherwise.

    params    SET, of one that is configured: key -> value
    was       what the configuration said then: where it says something else by now,
              that key is over
    is_added  the member stands in no file; params are all it has
    is_gone   the member stands there, but is out of the balancer
    who, at_s  has said the last of it, and when, since 1970; 0: nobody has written it
    """

    balancer: str
    member: str
    params: tuple[tuple[str, str], ...] = ()
    was: tuple[tuple[str, str], ...] = ()
    is_added: bool = False
    is_gone: bool = False
    who: str = field(default="", compare=False)
    at_s: int = field(default=0, compare=False)

    @property
    def place(self) -> tuple[str, str]:
        return self.balancer, self.member

    def words(self) -> dict[str, Any]:
        return {
            "balancer": self.balancer,
            "member": self.member,
            "params": dict(self.params),
            "was": dict(self.was),
            "added": self.is_added,
            "gone": self.is_gone,
            "who": self.who,
            "at": self.at_s,
        }


def records_text(records: tuple[Record, ...]) -> bytes:
    """For the file of BalancerPersist."""
    listed = [one.words() for one in records]
    return json.dumps({"version": 1, "changes": listed}, indent=1).encode() + b"\n"


def read_records(data: bytes) -> tuple[Record, ...]:
    """AdjustmentError for a file that we did not write."""
    try:
        words = json.loads(data)
        if words["version"] != 1:
            raise AdjustmentError(f"version {words['version']!r}")
        return tuple(record_of(one) for one in words["changes"])
    except AdjustmentError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AdjustmentError(type(error).__name__) from None


def record_of(words: Mapping[str, Any]) -> Record:
    """ValueError, TypeError, KeyError, AttributeError for what was none."""
    return Record(
        _text(words["balancer"]),
        _text(words["member"]),
        _pairs(words["params"]),
        _pairs(words["was"]),
        words["added"] is True,
        words["gone"] is True,
        # One that an older version has written has neither.
        _text(words.get("who", "")),
        _seconds(words.get("at", 0)),
    )


def _seconds(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < SECONDS_MAX else 0


def _pairs(value: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(key), _text(said)) for key, said in value.items())
