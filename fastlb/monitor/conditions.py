"""Whether hcexpr= holds: the steps of an expression, over what a check was answered.

The core works expressions out for requests, over the memory of an exchange; there is no
exchange here, and no hurry. So the steps (facts/expressions.py) are gone through by a
small machine of its own, which tests/unit/test_conditions.py holds against what httpd
said of the same expressions.

What a member sends is matched here, so nothing may take long: patterns by PCRE2, which
counts its steps, globs without looking back.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import os
import re
import socket
import stat
from collections.abc import Callable
from typing import Final, Protocol

from fastlb._pcre2 import PatternLimitError
from fastlb.facts import expressions as facts
from fastlb.facts.expressions import Expression, Function, Op, Step
from fastlb.facts.regex import compile_pcre

FILE_BYTES_MAX: Final = 65_536
GLOB_BYTES_MAX: Final = 4096
INTEGER_MAX: Final = 2**63 - 1
DIGITS_MAX: Final = 20
_FALSE: Final = (b"", b"0", b"off", b"no", b"false")
_NUMBER: Final = re.compile(rb"[ \t-\r]*([+-]?)([0-9]+)")
_ESCAPED_IN_PATHS: Final = re.compile(rb'[\0-\x20\x7f-\xff"#%<>?[\\\]^`{|}]')
_ESCAPED_IN_LDAP: Final = re.compile(rb'[\0-\x1f"()*+,;<>\\]')
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*")
_ORDERS: Final[tuple[Callable[[int], bool], ...]] = (
    lambda order: order == 0,
    lambda order: order != 0,
    lambda order: order < 0,
    lambda order: order <= 0,
    lambda order: order > 0,
    lambda order: order >= 0,
)
_LOOK_UPS: Final = {
    Function.REQ: "HTTP:",
    Function.RESP: "RESP:",
    Function.REQENV: "ENV:",
    Function.NOTE: "NOTE:",
}


class Known(Protocol):
    """What an expression can ask about."""

    def variable(self, name: str) -> bytes:
        """b"": there is no such. name: as an Op has it, "RESP:x" of a field."""


class UndecidedError(Exception):
    """It cannot be worked out: a file is missing, a pattern takes too long."""


def holds(expression: Expression, known: Known) -> bool:
    """Of a condition. Raises UndecidedError."""
    machine = _Machine(known)
    machine.run(expression.ops)
    return machine.verdict


def text_of(expression: Expression, known: Known) -> bytes:
    """What a text makes. Raises UndecidedError."""
    machine = _Machine(known)
    machine.run(expression.ops)
    return machine.stack[0]


class _Machine:
    """Words on a stack, one verdict, and the groups of the last match."""

    def __init__(self, known: Known) -> None:
        self.stack: list[bytes] = []
        self.verdict = False
        self._known = known
        self._groups: list[bytes] = []

    def run(self, ops: tuple[Op, ...]) -> None:
        at = 0
        while at < len(ops):
            op = ops[at]
            at += 1
            if op.step is Step.JUMP_IF:
                at = op.number if self.verdict else at
            elif op.step is Step.JUMP_UNLESS:
                at = at if self.verdict else op.number
            elif op.step.value <= Step.FUNCTION.value:
                self._word(op)
            else:
                self.verdict = self._judge(op)

    def _word(self, op: Op) -> None:
        if op.step is Step.TEXT:
            self.stack.append(op.text)
        elif op.step is Step.VARIABLE:
            self.stack.append(self._known.variable(op.text.decode("latin-1")))
        elif op.step is Step.GROUP:
            has = op.number < len(self._groups)
            self.stack.append(self._groups[op.number] if has else b"")
        elif op.step is Step.JOIN:
            words = self.stack[len(self.stack) - op.number :]
            del self.stack[len(self.stack) - op.number :]
            self.stack.append(b"".join(words))
        else:
            function = tuple(Function)[op.number]
            self.stack.append(self._call(function, self.stack.pop()))

    def _judge(self, op: Op) -> bool:
        step = op.step
        if step is Step.NOT:
            return not self.verdict
        if step is Step.CONSTANT:
            return op.number != 0
        if step is Step.CLIENT:
            return False  # there is none
        word = self.stack.pop()
        if step is Step.DROP:
            return self.verdict
        if step in _OF_CLIENTS:
            return False
        if step is Step.MATCH:
            return self._match(op, word) is not bool(op.number & facts.MATCH_NEGATED)
        if step is Step.IS_ONE:
            return self.stack[-1] == word
        if step in _OF_ONE_WORD:
            return _OF_ONE_WORD[step](word)
        if step is Step.FILE:
            return is_file(word, chr(op.number))
        if step is Step.ADDRESS:
            return is_within(word, op.text.decode("latin-1"))
        left = self.stack.pop()
        if step is Step.GLOB:
            return globbed(word, left, op.number)
        if step.value <= Step.AT_LEAST.value:
            order, first = _order(left, word), Step.SAME
        else:
            order, first = _order(number_of(left), number_of(word)), Step.NUMBER_SAME
        in_order: bool = _ORDERS[step.value - first.value](order)
        return in_order

    def _match(self, op: Op, subject: bytes) -> bool:
        """A pattern without groups leaves $0-$9 as they are, as in httpd."""
        pattern = compile_pcre(
            op.text.decode("latin-1"),
            ignore_case=bool(op.number & facts.MATCH_IGNORES_CASE),
        )
        try:
            spans = pattern.search(subject)
        except PatternLimitError as problem:
            raise UndecidedError from problem
        if pattern.group_count:
            self._groups = [subject[max(a, 0) : max(b, 0)] for a, b in spans or ()]
        return spans is not None

    def _call(self, function: Function, word: bytes) -> bytes:
        prefix = _LOOK_UPS.get(function)
        if prefix is not None:
            return self._known.variable(prefix + word.decode("latin-1"))
        if function is Function.ENV:
            for prefix in ("NOTE:", "ENV:"):
                found = self._known.variable(prefix + word.decode("latin-1"))
                if found:
                    return found
            return os.environb.get(word, b"")
        return _FUNCTIONS[function](word)


def _order(left: bytes | int, right: bytes | int) -> int:
    # Both are of one kind.
    return (left > right) - (left < right)  # type: ignore[operator]


def number_of(word: bytes) -> int:
    """Blanks, a sign, digits, and no further; the largest there is stands for more."""
    match = _NUMBER.match(word)
    if match is None:
        return 0
    digits = match[2].lstrip(b"0")[:DIGITS_MAX]  # more is too large all the same
    found = min(int(digits or b"0"), INTEGER_MAX)
    return -found if match[1] == b"-" else found


def is_file(path: bytes, letter: str) -> bool:
    """-d -e -f -s -L -h -x"""
    try:
        found = os.lstat(path) if letter in "Lh" else os.stat(path)
    except (OSError, ValueError):
        return False
    mode = found.st_mode
    if letter in "Lh":
        return stat.S_ISLNK(mode)
    if letter == "d":
        return stat.S_ISDIR(mode)
    if letter in "fs":
        return stat.S_ISREG(mode) and (letter == "f" or found.st_size > 0)
    return letter != "x" or bool(mode & 0o111)


def is_within(word: bytes, network: str) -> bool:
    """An address in one of the ways that the system reads, and in the network."""
    try:
        packed = (
            socket.inet_pton(socket.AF_INET6, word.decode("ascii"))
            if b":" in word
            else socket.inet_aton(word.decode("ascii"))
        )
    except (OSError, ValueError):
        return False
    if b" " in word or b"\t" in word:  # the library would read no further
        return False
    address = ipaddress.ip_address(packed)
    known = ipaddress.ip_network(network)
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None and known.version == 4:
        address = mapped
    return address in known


def globbed(pattern: bytes, subject: bytes, how: int) -> bool:
    if len(pattern) > GLOB_BYTES_MAX:
        raise UndecidedError
    flags = re.DOTALL
    if how & facts.GLOB_IGNORES_CASE:
        flags |= re.IGNORECASE
    crosses = bool(how & facts.GLOB_CROSSES)
    return (
        re.fullmatch(glob_regex(pattern, crosses=crosses), subject, flags) is not None
    )


def glob_regex(pattern: bytes, *, crosses: bool) -> bytes:
    """Each star takes as little as it can and never gives it back, but for the last."""
    any_one = b"." if crosses else b"[^/]"
    parts: list[bytes] = [b""]
    at = 0
    while at < len(pattern):
        letter = pattern[at : at + 1]
        at += 1
        if letter == b"*":
            parts.append(b"")
        elif letter == b"?":
            parts[-1] += any_one
        elif letter == b"[":
            made, at = _class(pattern, at, crosses=crosses)
            parts[-1] += made
        else:
            if letter == b"\\" and at < len(pattern):
                letter = pattern[at : at + 1]
                at += 1
            parts[-1] += re.escape(letter)
    if len(parts) == 1:
        return parts[0]
    first, *middle, last = parts
    found = b"".join(b"(?>" + any_one + b"*?" + part + b")" for part in middle)
    return first + found + any_one + b"*" + last


def _class(pattern: bytes, at: int, *, crosses: bool) -> tuple[bytes, int]:
    """Brackets as a regex, and where they end; not closed they stand for themselves."""
    begun = at
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    members: list[bytes] = []
    is_first = True
    while at < len(pattern) and (is_first or pattern[at : at + 1] != b"]"):
        is_first = False
        if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
            at += 1
        low = high = pattern[at : at + 1]
        at += 1
        is_range = pattern[at : at + 1] == b"-"
        if is_range and at + 1 < len(pattern) and pattern[at + 1 : at + 2] != b"]":
            high = pattern[at + 1 : at + 2]
            at += 2
        if low <= high:
            members.append(re.escape(low) + b"-" + re.escape(high))
    if at >= len(pattern):
        return re.escape(b"["), begun
    inside = b"".join(members)
    if negated:
        made = b"[^" + inside + b"]" if inside else b"."
    else:
        made = b"[" + inside + b"]" if inside else b"(?!)"
    return made if crosses else b"(?!/)" + made, at + 1


def _file(path: bytes) -> bytes:
    """Of an ordinary file; what is longer than FILE_BYTES_MAX cannot be asked."""
    try:
        # Not a pipe, which would wait for its writer.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as problem:
        raise UndecidedError from problem
    try:
        if os.fstat(fd).st_size > FILE_BYTES_MAX:
            raise UndecidedError
        return os.read(fd, FILE_BYTES_MAX).partition(b"\0")[0]
    except OSError as problem:
        raise UndecidedError from problem
    finally:
        os.close(fd)


def _file_size(path: bytes) -> bytes:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return b"0"
    return b"%d" % found.st_size if stat.S_ISREG(found.st_mode) else b"0"


def _unescaped(word: bytes) -> bytes:
    """b"" where an escape is none, or a NUL; one of a slash stays as it is."""
    parts = word.split(b"%")
    made = [parts[0]]
    for part in parts[1:]:
        try:
            byte = binascii.unhexlify(part[:2])
        except binascii.Error:
            return b""
        if byte in (b"", b"\0"):
            return b""
        made.append(b"%" + part if byte == b"/" else byte + part[2:])
    return b"".join(made)


def _of_base64(word: bytes) -> bytes:
    """What comes before the first letter that is none; a last one alone is nothing."""
    match = _BASE64.match(word)
    letters = match[0] if match else b""
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    found = base64.b64decode(letters + b"=" * (-len(letters) % 4))
    return found.partition(b"\0")[0]


_OF_CLIENTS: Final = (Step.PEER_EXTENSION, Step.URL_IS_FINE, Step.FILE_IS_FINE)
_OF_ONE_WORD: Final[dict[Step, Callable[[bytes], bool]]] = {
    Step.NOT_EMPTY: lambda word: word != b"",
    Step.EMPTY: lambda word: word == b"",
    Step.TRUTH: lambda word: word.lower() not in _FALSE,
}
_FUNCTIONS: Final[dict[Function, Callable[[bytes], bytes]]] = {
    Function.OSENV: lambda word: os.environb.get(word, b""),
    Function.TOLOWER: bytes.lower,
    Function.TOUPPER: bytes.upper,
    Function.ESCAPE: lambda word: _ESCAPED_IN_PATHS.sub(
        lambda match: b"%%%02x" % match[0][0], word
    ),
    Function.UNESCAPE: _unescaped,
    Function.BASE64: base64.b64encode,
    Function.UNBASE64: _of_base64,
    Function.MD5: lambda word: (
        hashlib.md5(word, usedforsecurity=False).hexdigest().encode()
    ),
    Function.SHA1: lambda word: (
        hashlib.sha1(word, usedforsecurity=False).hexdigest().encode()
    ),
    Function.FILE: _file,
    Function.FILESIZE: _file_size,
    Function.LDAP: lambda word: _ESCAPED_IN_LDAP.sub(
        lambda match: b"\\%02x" % match[0][0], word
    ),
}
