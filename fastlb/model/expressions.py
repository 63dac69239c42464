"""From the tree of an expression to the steps of facts/expressions.py.

What httpd knows by name, functions, operators and variables, is known here; the check
refuses whatever it does not.
"""

from __future__ import annotations

import re
from typing import Final

from fastlb._pcre2 import PatternError
from fastlb.config.expressions import nodes
from fastlb.config.expressions.errors import ExpressionError
from fastlb.config.suggest import nearest
from fastlb.config.tree import Node
from fastlb.facts import expressions as facts
from fastlb.facts.expressions import HEALTH_PREFIX, Expression, Function, Op, Step
from fastlb.facts.regex import compile_pcre, cure_of
from fastlb.facts.variables import Language, known_names, variable_named
from fastlb.model.drafts import Drafts
from fastlb.model.networks import NetworkError, network_of
from fastlb.model.report import Mistake, place_of

FUNCTIONS: Final = {
    "req": Function.REQ,
    "http": Function.REQ,
    "req_novary": Function.REQ,
    "resp": Function.RESP,
    "reqenv": Function.REQENV,
    "osenv": Function.OSENV,
    "note": Function.NOTE,
    "env": Function.ENV,
    "tolower": Function.TOLOWER,
    "toupper": Function.TOUPPER,
    "escape": Function.ESCAPE,
    "unescape": Function.UNESCAPE,
    "base64": Function.BASE64,
    "unbase64": Function.UNBASE64,
    "md5": Function.MD5,
    "sha1": Function.SHA1,
    "file": Function.FILE,
    "filesize": Function.FILESIZE,
    "ldap": Function.LDAP,
}
_LOOK_UPS: Final = {"req": "HTTP:", "http": "HTTP:", "req_novary": "HTTP:"} | {
    "resp": "RESP:",
    "reqenv": "ENV:",
    "note": "NOTE:",
}
"""Functions whose value is a variable's when their name is written out."""

LISTS: Final = ("peerextlist",)
_EXTENSION: Final = re.compile(r"[0-2](\.[0-9]+)+")
_PRINTED: Final = ("2.5.29.", "1.3.6.1.5.5.7.1.")
"""Extensions whose text is what the TLS library makes of their parts."""
_LATER: Final = ("replace", "join", "sub", "split", "unique", "filemod", "sha256")
"""Functions of httpd's next version."""

_COMPARISONS: Final = dict(
    zip(
        ("==", "!=", "<", "<=", ">", ">="),
        list(Step)[Step.SAME.value - 1 : Step.AT_LEAST.value],
        strict=True,
    )
) | dict(
    zip(
        ("-eq", "-ne", "-lt", "-le", "-gt", "-ge"),
        list(Step)[Step.NUMBER_SAME.value - 1 : Step.NUMBER_AT_LEAST.value],
        strict=True,
    )
)
_OF_TEXTS: Final = dict(
    zip(
        list(Step)[Step.NUMBER_SAME.value - 1 : Step.NUMBER_AT_LEAST.value],
        list(Step)[Step.SAME.value - 1 : Step.AT_LEAST.value],
        strict=True,
    )
)
_UNARY: Final = {"n": Step.NOT_EMPTY, "z": Step.EMPTY, "T": Step.TRUTH}
_GLOBS: Final = {
    "fnmatch": 0,
    "strmatch": facts.GLOB_CROSSES,
    "strcmatch": facts.GLOB_CROSSES | facts.GLOB_IGNORES_CASE,
}
_FILES: Final = "defsLhx"
_SUBREQUESTS: Final = {
    "U": Step.URL_IS_FINE,
    "A": Step.URL_IS_FINE,
    "F": Step.FILE_IS_FINE,
}
_LOOKING: Final = (
    *("if", "elseif", "require", "setenvifexpr", "rewritecond", "sslrequire"),
    *("header", "requestheader"),
)
"""Where they may stand: what is asked for while it is decided about a request."""
_OF_THE_TARGET: Final = ("REQUEST_FILENAME", "SCRIPT_FILENAME", "HANDLER")

STACK_MAX: Final = 32
"""Words that a step may find on the stack (EXPR_STACK_MAX of core/limits.pxd)."""
OPS_MAX: Final = 4096
_DEPTH_MAX: Final = 100


def condition(
    run: Drafts, node: Node, text: str, *, by_length: bool = False
) -> Expression:
    """What a directive asks. Raises ExpressionError.

    by_length: SSLRequire, which compares numbers as words, the shorter as the lesser
    """
    # Only a server that has expressions carries what reads them.
    from fastlb.config.expressions.grammar import parse_condition

    writer = _Writer(run, node, by_length=by_length)
    writer.condition(parse_condition(text), 0)
    return writer.written(text)


def text_expression(run: Drafts, node: Node, text: str) -> Expression:
    """What a directive composes. Raises ExpressionError."""
    from fastlb.config.expressions.grammar import parse_text

    writer = _Writer(run, node)
    writer.word(parse_text(text), 0)
    return writer.written(text)


def taken(
    run: Drafts,
    node: Node,
    text: str,
    *,
    number: str,
    words: str,
    is_text: bool = False,
    by_length: bool = False,
) -> Expression:
    """A condition, or a text; one that is none is a Mistake.

    number, words: of the message; words are what httpd says before its sentence
    by_length: as condition has it
    """
    try:
        if is_text:
            return text_expression(run, node, text)
        return condition(run, node, text, by_length=by_length)
    except ExpressionError as problem:
        before = text[: problem.at].strip()
        raise Mistake(
            number,
            f"{words}{problem}",
            why=f"read so far: {before}" if before else "",
            cure=problem.cure,
            word=text,
        ) from problem


def text_taken(
    run: Drafts, node: Node, text: str, *, number: str, words: str
) -> Expression | None:
    """A text that a request fills in; None: it is what is written."""
    said = taken(run, node, text, number=number, words=words, is_text=True)
    return None if said.is_plain else said


class _Writer:
    """Writes the steps of one expression."""

    def __init__(self, run: Drafts, node: Node, *, by_length: bool = False) -> None:
        self.run = run
        self.node = node
        self.by_length = by_length
        self.ops: list[Op] = []
        self.held = 0  # words on the stack
        self.names: set[str] = set()
        self.steps: set[Step] = set()
        self.variables: list[str] = []

    def written(self, text: str) -> Expression:
        if len(self.ops) > OPS_MAX:
            raise ExpressionError(
                "the expression is too long",
                0,
                f"it takes {len(self.ops)} steps, and {OPS_MAX} are the most: "
                "divide it",
            )
        return Expression(
            text=text,
            ops=tuple(self.ops),
            asks_for_uri="REQUEST_URI" in self.names,
            asks_for_target=not self.names.isdisjoint(_OF_THE_TARGET)
            or Step.FILE_IS_FINE in self.steps,
            asks_for_user="REMOTE_USER" in self.names,
            looks=not self.steps.isdisjoint(_SUBREQUESTS.values()),
            variables=tuple(dict.fromkeys(self.variables)),
            place=f"{self.node.name} at {place_of(self.node)}",
        )

    def put(self, step: Step, number: int = 0, text: str = "", taken: int = 0) -> int:
        """Add a step that takes so many words; returns its place."""
        self.held -= taken
        self.steps.add(step)
        if step.value <= Step.FUNCTION.value:
            self.held += 1
        if self.held > STACK_MAX:
            raise ExpressionError(
                "the expression joins too many words",
                0,
                f"{STACK_MAX} at once are the most: divide it",
            )
        self.ops.append(Op(step, number, text.encode("latin-1", "replace")))
        return len(self.ops) - 1

    def condition(self, node: nodes.Condition, depth: int) -> None:
        if depth > _DEPTH_MAX:
            raise ExpressionError("Recursion limit reached", 0, "divide it")
        match node:
            case nodes.Constant(holds):
                self.put(Step.CONSTANT, int(holds))
            case nodes.Not(inner):
                self.condition(inner, depth + 1)
                self.put(Step.NOT)
            case nodes.And(parts):
                self._chain(parts, Step.JUMP_UNLESS, depth)
            case nodes.Or(parts):
                self._chain(parts, Step.JUMP_IF, depth)
            case nodes.Comparison(operator, left, right):
                self.word(left, depth)
                self.word(right, depth)
                step = _COMPARISONS[operator]
                if self.by_length:
                    step = _OF_TEXTS.get(step, step)
                self.put(step, int(self.by_length), taken=2)
            case nodes.Match():
                self._match(node, depth)
            case nodes.InWords(word, words):
                self._in_words(word, words, depth)
            case nodes.InFunction():
                self._in_function(node, depth)
            case nodes.Unary():
                self._unary(node, depth)
            case nodes.Binary():
                self._binary(node, depth)

    def _chain(
        self, parts: tuple[nodes.Condition, ...], jump: Step, depth: int
    ) -> None:
        """Each part is looked at while those before it leave the verdict open."""
        jumps: list[int] = []
        for part in parts:
            if part is not parts[0]:
                jumps.append(self.put(jump))
            self.condition(part, depth + 1)
        for at in jumps:
            self.ops[at] = Op(jump, len(self.ops))

    def _in_words(
        self, word: nodes.Word, words: tuple[nodes.Word, ...], depth: int
    ) -> None:
        self.word(word, depth)
        jumps: list[int] = []
        for other in words:
            if other is not words[0]:
                jumps.append(self.put(Step.JUMP_IF))
            self.word(other, depth)
            self.put(Step.IS_ONE, taken=1)
        for at in jumps:
            self.ops[at] = Op(Step.JUMP_IF, len(self.ops))
        self.put(Step.DROP, taken=1)

    def _in_function(self, node: nodes.InFunction, depth: int) -> None:
        if node.name.lower() not in LISTS:
            raise ExpressionError(
                f"List-returning function '{node.name}' does not exist",
                node.at,
                "write the words of the list: -in {'a', 'b'}",
            )
        oid = node.argument.text if isinstance(node.argument, nodes.Text) else ""
        if _EXTENSION.fullmatch(oid) is None:
            raise ExpressionError(
                f"{node.name} takes the number of an extension",
                node.at,
                f"write it out: {node.name}('1.3.6.1.4.1.99999.1')",
            )
        if oid.startswith(_PRINTED):
            raise ExpressionError(
                f"{node.name}('{oid}') is not supported",
                node.at,
                "that extension is no text: ask for a part of the certificate that"
                " has a variable: %{SSL_CLIENT_...}",
            )
        self.word(node.word, depth)
        self.put(Step.PEER_EXTENSION, text=f"PEER_EXTENSION {oid}", taken=1)

    def _match(self, node: nodes.Match, depth: int) -> None:
        self.word(node.word, depth)
        try:
            compile_pcre(node.pattern, ignore_case=node.ignore_case)
        except PatternError as problem:
            raise ExpressionError(
                "Failed to compile regular expression",
                node.at,
                f"{problem}; {cure_of(problem, node.pattern)}; the first delimiter "
                "ends it, also behind a backslash: m#...# takes another",
            ) from problem
        self.run.take_regex(self.node, node.pattern, ignore_case=node.ignore_case)
        how = facts.MATCH_IGNORES_CASE if node.ignore_case else 0
        how |= facts.MATCH_NEGATED if node.negated else 0
        self.put(Step.MATCH, how, node.pattern, taken=1)

    def _network(self, operator: str, word: nodes.Word, at: int) -> str:
        if not isinstance(word, nodes.Text):
            raise ExpressionError(
                f"-{operator} requires subnet/netmask as constant argument",
                at,
                f'write it out: -{operator} "10.0.0.0/8"',
            )
        try:
            return network_of(word.text)
        except NetworkError as problem:
            raise ExpressionError(
                "parsing of subnet/netmask failed",
                at,
                'write an address or a network: "10.0.0.0/8"',
            ) from problem

    def _unary(self, node: nodes.Unary, depth: int) -> None:
        if node.operator == "R":
            network = self._network("R", node.word, node.at)
            self.put(Step.CLIENT, text=network)
        elif node.operator in _UNARY:
            self.word(node.word, depth)
            self.put(_UNARY[node.operator], taken=1)
        elif node.operator in _FILES:
            self.word(node.word, depth)
            self.put(Step.FILE, ord(node.operator), taken=1)
        elif node.operator in _SUBREQUESTS:
            if self.node.name.lower() not in _LOOKING:
                raise ExpressionError(
                    f"the operator -{node.operator} is not supported here",
                    node.at,
                    "ask it before: SetEnvIfExpr sets a variable, and this asks for"
                    " that",
                )
            self.word(node.word, depth)
            self.put(_SUBREQUESTS[node.operator], taken=1)
        else:
            raise ExpressionError(
                f"Unary operator '-{node.operator}' does not exist",
                node.at,
                "there are -n -z -T -R -d -e -f -s -L -h -x -U -A -F",
            )

    def _binary(self, node: nodes.Binary, depth: int) -> None:
        operator = node.operator.lower()
        if operator == "ipmatch":
            self.word(node.left, depth)
            network = self._network("ipmatch", node.right, node.at)
            self.put(Step.ADDRESS, text=network, taken=1)
        elif operator in _GLOBS:
            self.word(node.left, depth)
            self.word(node.right, depth)
            self.put(Step.GLOB, _GLOBS[operator], taken=2)
        else:
            names = ("ipmatch", "strmatch", "strcmatch", "fnmatch", "in", "eq", "ne")
            best = nearest(operator, names)
            raise ExpressionError(
                f"Binary operator '-{node.operator}' does not exist",
                node.at,
                f"did you mean -{best}?" if best else "",
            )

    def word(self, node: nodes.Word, depth: int) -> None:
        if depth > _DEPTH_MAX:
            raise ExpressionError("Recursion limit reached", 0, "divide it")
        match node:
            case nodes.Text(text):
                self.put(Step.TEXT, text=text)
            case nodes.Variable(name, at):
                self.put(Step.VARIABLE, text=self._variable(name, at))
            case nodes.Group(number):
                self.put(Step.GROUP, number)
            case nodes.Joined(words):
                for one in words:
                    self.word(one, depth + 1)
                self.put(Step.JOIN, len(words), taken=len(words))
            case nodes.Function():
                self._function(node, depth)

    def _variable(self, name: str, at: int) -> str:
        upper = name.upper()
        if upper.startswith(HEALTH_PREFIX) and self._is_of_checks:
            return upper
        if variable_named(name, Language.EXPRESSION) is not None:
            self.names.add(upper)
            return upper
        if upper.startswith("SSL_"):
            return name
        best = nearest(upper, known_names(Language.EXPRESSION))
        cure = f"did you mean %{{{best}}}?" if best else ""
        if not cure:
            cure = f"for a variable that SetEnv sets, write %{{reqenv:{name}}}"
        raise ExpressionError(f"Variable '{name}' does not exist", at, cure)

    @property
    def _is_of_checks(self) -> bool:
        return self.node.name.lower() == "proxyhcexpr"

    def _health(self, constant: str | None, at: int) -> None:
        """hc('body'); httpd makes nothing of any other word."""
        if constant is None:
            raise ExpressionError(
                "hc() takes the name of a part of the answer", at, "write hc('body')"
            )
        self.put(Step.VARIABLE, text=f"{HEALTH_PREFIX}{constant.upper()}")

    def _function(self, node: nodes.Function, depth: int) -> None:
        name = node.name.lower()
        constant = node.argument.text if isinstance(node.argument, nodes.Text) else None
        if name == "ssl":
            if constant is None:
                raise ExpressionError(
                    "SSL: takes the name of a variable", node.at, "write it out"
                )
            self.put(Step.VARIABLE, text=f"SSL:{constant}")
            return
        if name == "hc" and self._is_of_checks:
            self._health(constant, node.at)
            return
        function = FUNCTIONS.get(name)
        if function is None:
            best = nearest(name, FUNCTIONS)
            cure = f"did you mean {best}?" if best else ""
            if name in _LATER:
                cure = "httpd 2.4 has no such function, its next version will"
            raise ExpressionError(
                f"Function '{node.name}' does not exist", node.at, cure
            )
        if constant is not None and name in _LOOK_UPS:
            if function is Function.REQENV:
                self.variables.append(constant)
            self.put(Step.VARIABLE, text=_LOOK_UPS[name] + constant)
            return
        known = constant or ""
        if constant is not None and function is Function.ENV:
            self.variables.append(constant)
        self.word(node.argument, depth + 1)
        self.put(Step.FUNCTION, function.value - 1, known, taken=1)
