"""Parameters of members and balancers, `key=value`: what a declaration says of one.

Every reader takes the value as it is written and returns it in the type of its field,
or raises `BadValue` with Apache's sentence, without the directive before it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from fastlb.config import units
from fastlb.config.registry import Status

INT_MAX: Final = 2**31 - 1
NAME_SIZE: Final = 64  # route, redirect, secret, hcuri: bytes with the NUL


class BadValue(ValueError):
    """The value is refused; the text is Apache's."""


Read = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declaration.

    read     the value of its field, as above
    help     one phrase for the manual
    default  what the field holds where nobody writes the parameter
    sets     the field of Member or Balancer, where its name is not the key; several:
             read returns them by name, and default is so, too. "": what is not served
             sets none
    reason   what is done instead: it makes it one that is accepted and explained
    cure     what to write where somebody may rely on it, which makes a warning of it
    of       schemes of members that it is for: reason and cure are for the others
    own      Apache does not know it: refused under Compat apache
    adds     written again it goes on from the value before: `status=`
    """

    key: str
    read: Read
    help: str
    default: Any = None
    sets: str | tuple[str, ...] = ""
    status: Status = Status.SERVED
    reason: str = ""
    cure: str = ""
    of: tuple[str, ...] = ()
    own: bool = False
    adds: bool = False

    def __post_init__(self) -> None:
        if self.reason and not self.of and self.status is Status.SERVED:
            object.__setattr__(self, "status", Status.EXPLAINED)
        if not self.sets and self.status is Status.SERVED:
            object.__setattr__(self, "sets", self.key)

    def values(self, value: str) -> Mapping[str, Any]:
        found = self.read(value)
        return {self.sets or self.key: found} if isinstance(self.sets, str) else found

    @property
    def _first(self) -> str:
        return self.sets if isinstance(self.sets, str) else self.sets[0]

    def unit(self) -> str:
        """Of a number without one, where a time is kept in milliseconds; else ""."""
        if not self._first.endswith("_ms"):
            return ""
        return "ms" if self.values("7")[self._first] == 7 else "s"

    def written_default(self) -> str:
        """What would be read as the default; "" when nothing would."""
        if not self.sets:
            return ""
        first = self._first
        default = self.default if isinstance(self.sets, str) else self.default[first]
        words = ["on", "off"] if isinstance(default, bool) else [str(default)]
        if isinstance(default, int):
            words += [str(default // unit) for unit in (100, 1000)]
        if isinstance(default, enum.Enum):
            words = [str(default.value)]
        for word in words:
            try:
                if self.values(word)[first] == default:
                    return word
            except BadValue:
                continue
        return ""


class Parameters:
    """All that may be written of a member, or of a balancer. Keys ignore case."""

    def __init__(self, unknown: str, *declared: Parameter) -> None:
        self.unknown = unknown
        self.table = {one.key: one for one in declared}

    def take(
        self, params: dict[str, Any], key: str, value: str, *, own: bool = True
    ) -> str | None:
        """Put what one parameter says into params; Apache's complaint, or None.

        own: whether those are taken, too, that Apache does not know.
        """
        declared = self.table.get(key.lower())
        if declared is None or (declared.own and not own):
            return self.unknown
        before = params.get(str(declared.sets)) if declared.adds else ""
        try:
            params |= declared.values(f"{before}+{value}" if before else value)
        except BadValue as wrong:
            return str(wrong)
        return None

    def is_own(self, key: str) -> bool:
        return key.lower() in self.table and self.table[key.lower()].own

    def names(self) -> tuple[str, ...]:
        """All keys, for "did you mean"."""
        return tuple(self.table)

    def presets(self) -> dict[str, Any]:
        """Every field, as it is where nobody writes a parameter."""
        return dict(self._presets)

    @cached_property
    def _presets(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for one in self.table.values():
            if not isinstance(one.sets, str):
                values |= one.default
            elif one.sets:
                values[one.sets] = one.default
        return values


def number(low: int, high: int, wrong: str, zero: int = 0) -> Read:
    """A whole number in low..high; 0 stands for zero."""

    def read(value: str) -> int:
        try:
            return units.integer(value, low, high) or zero
        except units.UnitError:
            raise BadValue(wrong) from None

    return read


def seconds(low: int, wrong: str) -> Read:
    """Whole seconds, kept in milliseconds; Apache's atoi takes "5s" for 5 as well."""
    read = number(low, INT_MAX, wrong)
    return lambda value: read(value.removesuffix("s")) * 1000


def time(unit: str, wrong: str, short: str) -> Read:
    """A time of at least one millisecond, kept in milliseconds."""

    def read(value: str) -> int:
        try:
            time_ms = units.duration_ms(value, unit)
        except units.UnitError:
            raise BadValue(wrong) from None
        if time_ms < 1:
            raise BadValue(short)
        return time_ms

    return read


def switch(label: str, *, when_on: bool = True) -> Read:
    """On or Off."""

    def read(value: str) -> bool:
        try:
            return units.flag(value) is when_on
        except units.UnitError:
            raise BadValue(f"{label} must be On|Off") from None

    return read


def text(label: str, size: int = NAME_SIZE) -> Read:
    """Any text shorter than size."""

    def read(value: str) -> str:
        if len(value) >= size:
            raise BadValue(f"{label} length must be < {size} characters")
        return value

    return read


def buffer(label: str) -> Read:
    """Bytes: 0, or at least 512."""
    wrong = f"{label} must be >= 512 bytes, or 0 for system default."
    read = number(0, INT_MAX, wrong)

    def checked(value: str) -> int:
        size: int = read(value)
        if 0 < size < 512:
            raise BadValue(wrong)
        return size

    return checked
