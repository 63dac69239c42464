"""The grammar of expressions, and the errors that it finds (util_expr_parse.y)."""

from __future__ import annotations

from functools import cache
from typing import Final

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from fastlb.config.expressions import nodes
from fastlb.config.expressions.errors import ExpressionError
from fastlb.config.expressions.scanner import ScanError, Scanner, TextScanner

GRAMMAR: Final = r"""
condition: either
either: both (OR both)*                         -> any_of
both: negation (AND negation)*                  -> all_of
?negation: NOT negation                         -> negate
    | holds
?holds: TRUE                                    -> yes
    | FALSE                                     -> no
    | OPEN either CLOSE                         -> enclosed
    | UNARY word                                -> unary
    | word BINARY word                          -> binary
    | word _comparison word                     -> compare
    | word IN OPEN_LIST _words CLOSE_LIST       -> in_words
    | word IN ID OPEN word CLOSE                -> in_function
    | word (MATCHES | MATCHES_NOT) (REGEX | REGEX_I)    -> match
_comparison: EQUAL | UNEQUAL | LESS | AT_MOST | MORE | AT_LEAST | NUMBERS
_words: word (COMMA word)*
word: part (JOIN part)*                         -> joined
?part: NUMBER                                   -> number
    | QUOTE QUOTE_END                           -> nothing
    | QUOTE _pieces QUOTE_END                   -> quoted
    | ID OPEN word CLOSE                        -> function
    | variable
    | GROUP                                     -> group
_pieces: piece+
?piece: TEXT                                    -> text
    | variable
    | GROUP                                     -> group
variable: VAR_BEGIN ID VAR_END                  -> variable
    | VAR_BEGIN ID COLON _pieces VAR_END        -> function_of_text
value: _pieces?                                 -> value

%declare TRUE FALSE NOT AND OR OPEN CLOSE UNARY BINARY IN OPEN_LIST CLOSE_LIST COMMA
%declare MATCHES MATCHES_NOT REGEX REGEX_I EQUAL UNEQUAL LESS AT_MOST MORE AT_LEAST
%declare NUMBERS NUMBER JOIN ID QUOTE QUOTE_END TEXT GROUP VAR_BEGIN VAR_END COLON
"""

# Terminals as httpd names them in its messages.
HTTPD_NAMES: Final = {
    "$END": "$end",
    "OPEN": "'('",
    "CLOSE": "')'",
    "OPEN_LIST": "'{'",
    "CLOSE_LIST": "'}'",
    "COMMA": "','",
    "COLON": "':'",
    "TRUE": "T_TRUE",
    "FALSE": "T_FALSE",
    "NOT": "T_OP_NOT",
    "AND": "T_OP_AND",
    "OR": "T_OP_OR",
    "UNARY": "T_OP_UNARY",
    "BINARY": "T_OP_BINARY",
    "IN": "T_OP_IN",
    "MATCHES": "T_OP_REG",
    "MATCHES_NOT": "T_OP_NRE",
    "REGEX": "T_REGEX",
    "REGEX_I": "T_REGEX_I",
    "EQUAL": "T_OP_STR_EQ",
    "UNEQUAL": "T_OP_STR_NE",
    "LESS": "T_OP_STR_LT",
    "AT_MOST": "T_OP_STR_LE",
    "MORE": "T_OP_STR_GT",
    "AT_LEAST": "T_OP_STR_GE",
    "NUMBER": "T_DIGIT",
    "JOIN": "T_OP_CONCAT",
    "ID": "T_ID",
    "QUOTE": "T_STR_BEGIN",
    "QUOTE_END": "T_STR_END",
    "TEXT": "T_STRING",
    "GROUP": "T_REGEX_BACKREF",
    "VAR_BEGIN": "T_VAR_BEGIN",
    "VAR_END": "T_VAR_END",
}
_COMPARED: Final = ("EQUAL", "MATCHES", "NUMBERS", "BINARY")
_WORD: Final = ("QUOTE", "VAR_BEGIN", "NUMBER")


def parse_condition(text: str) -> nodes.Condition:
    """What holds or not. Raises ExpressionError."""
    found: nodes.Condition = _parsed(_parser("condition"), text)
    return found


def parse_text(text: str) -> nodes.Word:
    """Text with %{...} and $0-$9 in it. Raises ExpressionError."""
    found: nodes.Word = _parsed(_parser("value"), text)
    return found


@cache
def _parser(start: str) -> Lark:
    return Lark(
        GRAMMAR,
        start=start,
        parser="lalr",
        lexer=Scanner if start == "condition" else TextScanner,
        transformer=_Nodes(),
    )


def _parsed(parser: Lark, text: str):  # type: ignore[no-untyped-def]
    try:
        return parser.parse(text)
    except ScanError as problem:
        cure = "close the quote" if "nterminated" in str(problem) else ""
        if "jammed" in str(problem):
            cure = "write no quote within %{...:...}"
        raise ExpressionError(str(problem), problem.at, cure) from problem
    except VisitError as problem:
        if isinstance(problem.orig_exc, ExpressionError):
            raise problem.orig_exc from problem
        raise
    except UnexpectedToken as problem:
        raise _unexpected(problem, text) from problem
    except UnexpectedInput as problem:
        raise ExpressionError("syntax error", 0) from problem


def _unexpected(problem: UnexpectedToken, text: str) -> ExpressionError:
    token = problem.token
    is_end = token.type == "$END"
    at = len(text) if is_end else int(token.start_pos or 0)
    name = HTTPD_NAMES.get(token.type, f"T_OP_{str(token).lstrip('-').upper()}")
    expected = set(problem.expected)
    cure = "look at what stands before it"
    if token.type == "ID" and "OPEN" not in expected and expected & set(_WORD):
        cure = f'write text in quotes: "{token}"'
    elif is_end and "OPEN" in expected and "QUOTE" not in expected:
        cure = "write text in quotes; a name without them is a function's: name(...)"
    elif is_end and expected & set(_COMPARED):
        cure = 'compare it with something, or write -n before it: "is it not empty?"'
    elif "CLOSE" in expected and not expected & set(_WORD):
        cure = "a closing parenthesis is missing"
    elif "REGEX" in expected:
        cure = "behind =~ stands a pattern: /.../ or m#...#"
    elif expected & set(_WORD):
        cure = 'here stands a word: "text", %{VARIABLE}, name("...") or a number'
    return ExpressionError(f"syntax error, unexpected {name}", at, cure)


def _text(token: Token) -> nodes.Text:
    return nodes.Text(str(token).partition("\0")[0])


def _one(words: list[nodes.Word]) -> nodes.Word:
    return words[0] if len(words) == 1 else nodes.Joined(tuple(words))


class _Nodes(Transformer[Token, object]):
    """Reductions of the grammar; called while the parser runs, so nothing recurs."""

    def condition(self, found: list[nodes.Condition]) -> nodes.Condition:
        return found[0]

    def value(self, found: list[nodes.Word]) -> nodes.Word:
        return _one(found) if found else nodes.Text("")

    def any_of(self, found: list[nodes.Condition]) -> nodes.Condition:
        return found[0] if len(found) == 1 else nodes.Or(tuple(found[::2]))

    def all_of(self, found: list[nodes.Condition]) -> nodes.Condition:
        return found[0] if len(found) == 1 else nodes.And(tuple(found[::2]))

    @v_args(inline=True)
    def negate(self, _sign: Token, condition: nodes.Condition) -> nodes.Condition:
        return nodes.Not(condition)

    def yes(self, _found: list[Token]) -> nodes.Condition:
        return nodes.Constant(True)

    def no(self, _found: list[Token]) -> nodes.Condition:
        return nodes.Constant(False)

    @v_args(inline=True)
    def enclosed(
        self, _open: Token, condition: nodes.Condition, _close: Token
    ) -> nodes.Condition:
        return condition

    @v_args(inline=True)
    def unary(self, sign: Token, word: nodes.Word) -> nodes.Condition:
        return nodes.Unary(str(sign)[1:], word, int(sign.start_pos or 0))

    @v_args(inline=True)
    def binary(
        self, left: nodes.Word, sign: Token, right: nodes.Word
    ) -> nodes.Condition:
        return nodes.Binary(str(sign)[1:], left, right, int(sign.start_pos or 0))

    @v_args(inline=True)
    def compare(
        self, left: nodes.Word, sign: Token, right: nodes.Word
    ) -> nodes.Condition:
        operator = str(sign)
        if sign.type == "NUMBERS":
            operator = "-" + operator.lstrip("-")
        elif sign.type == "EQUAL":
            operator = "=="
        return nodes.Comparison(operator, left, right)

    def in_words(self, found: list[nodes.Word]) -> nodes.Condition:
        words = found[3:-1:2]  # word -in { word , word ... }
        return nodes.InWords(found[0], tuple(words))

    @v_args(inline=True)
    def in_function(
        self,
        word: nodes.Word,
        _sign: Token,
        name: Token,
        _open: Token,
        argument: nodes.Word,
        _close: Token,
    ) -> nodes.Condition:
        return nodes.InFunction(word, str(name), argument, int(name.start_pos or 0))

    @v_args(inline=True)
    def match(self, word: nodes.Word, sign: Token, pattern: Token) -> nodes.Condition:
        return nodes.Match(
            word,
            str(pattern),
            pattern.type == "REGEX_I",
            sign.type == "MATCHES_NOT",
            int(pattern.start_pos or 0),
        )

    def joined(self, found: list[nodes.Word]) -> nodes.Word:
        return _one(found[::2])

    @v_args(inline=True)
    def number(self, digits: Token) -> nodes.Word:
        return nodes.Text(str(digits))

    def nothing(self, _found: list[Token]) -> nodes.Word:
        return nodes.Text("")

    def quoted(self, found: list[nodes.Word]) -> nodes.Word:
        return _one(found[1:-1])

    @v_args(inline=True)
    def text(self, token: Token) -> nodes.Word:
        return _text(token)

    @v_args(inline=True)
    def group(self, digit: Token) -> nodes.Word:
        return nodes.Group(int(digit))

    @v_args(inline=True)
    def function(
        self, name: Token, _open: Token, argument: nodes.Word, _close: Token
    ) -> nodes.Word:
        return nodes.Function(str(name), argument, int(name.start_pos or 0))

    @v_args(inline=True)
    def variable(self, _begin: Token, name: Token, _end: Token) -> nodes.Word:
        return nodes.Variable(str(name), int(name.start_pos or 0))

    def function_of_text(self, found: list[nodes.Word]) -> nodes.Word:
        name = found[1]
        assert isinstance(name, Token)
        return nodes.Function(str(name), _one(found[3:-1]), int(name.start_pos or 0))
