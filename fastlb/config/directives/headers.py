"""mod_headers, mod_setenvif, mod_env: rules over header fields and variables."""

from __future__ import annotations

from fastlb.config.registry import SVD, Args, Complaint, Directive

HEADERS = "mod_headers.c"
MODULE = "mod_setenvif.c"
ENV = "mod_env.c"
_ACTIONS = (
    "add",
    "set",
    "setifempty",
    "append",
    "merge",
    "unset",
    "echo",
    "note",
    "edit",
    "edit*",
)
_ACTION_WRONG = (
    "first argument must be 'add', 'set', 'setifempty', 'append', 'merge', 'unset',"
    " 'echo', 'note', 'edit', or 'edit*'."
)


def _header(name: str, words: tuple[str, ...]) -> Complaint | None:
    """Action and number of words; values and conditions are the resolver's."""
    first = 0
    if words and words[0].lower() in ("always", "onsuccess"):
        if name == "RequestHeader":
            return Complaint(_ACTION_WRONG, "a request has only one table of fields")
        first = 1
    action = words[first].lower() if len(words) > first else ""
    if action not in _ACTIONS:
        return Complaint(_ACTION_WRONG, word=first if action else -1)
    if name == "RequestHeader" and action in ("note", "echo"):
        return Complaint(f"{name} does not support the '{action}' action", word=first)
    rest = words[first + 1 :]
    least, most = {
        "unset": (1, 2),
        "echo": (1, 2),
        "edit": (3, 4),
        "edit*": (3, 4),
    }.get(action, (2, 3))
    if len(rest) > most:
        text = (
            f"{name} has too many arguments"
            if len(rest) > 4
            else f"Unknown parameter: {rest[most - 1]}"
        )
        cure = "put quotes around a value that holds blanks"
        return Complaint(text, "", cure, word=first + most)
    if len(rest) < least:
        text = f"{name} requires three arguments"
        if action.startswith("edit") and len(rest) == 2:
            text = f"{name} edit requires a match and a substitution"
        if action in ("unset", "echo"):
            text = f"{name} requires two arguments"
        return Complaint(text, word=-1)
    return None


def _set_env_if(name: str, words: tuple[str, ...]) -> Complaint | None:
    parts = ["regular expression", "envariable expression"]
    if not name.startswith("BrowserMatch"):
        parts.insert(0, "header-field name")
    if len(words) < len(parts):
        return Complaint(f"Missing {parts[len(words)]} for {name}", word=-1)
    return None


def _set_env_if_expr(name: str, words: tuple[str, ...]) -> Complaint | None:
    parts = ("expression", "envariable expression")
    if len(words) < len(parts):
        return Complaint(f"Missing {parts[len(words)]} for {name}", word=-1)
    return None


DIRECTIVES = (
    Directive(
        "Header",
        SVD,
        "[always|onsuccess] action name [value] [replacement]"
        " [early|env=[!]VAR|expr=expression]",
        "an action on the response's header fields",
        takes=Args.RAW,
        module=HEADERS,
        manual=(
            "Actions: set, setifempty, append, merge, add, unset, edit, edit*, echo,"
            " note. In values %{VAR}e is a variable of the request, %{VAR}s one of the"
            " server or of TLS (REMOTE_ADDR, SERVER_PORT, HTTP:name, SSL_PROTOCOL ...),"
            ' %t its time, %D its duration; "expr=..." is an expression\'s text.'
            " Without always, errors made by fastlb"
            " itself do not get the field. env= is looked at when the response is"
            " sent, so the BALANCER_ variables can be tested."
        ),
        check=_header,
    ),
    Directive(
        "RequestHeader",
        SVD,
        "action name [value] [replacement] [early|env=[!]VAR|expr=expression]",
        "an action on the request's header fields",
        takes=Args.RAW,
        module=HEADERS,
        manual="Takes effect before the request goes to a member.",
        check=_header,
    ),
    *(
        Directive(
            name,
            SVD,
            "attribute regex [!]variable[=value] ...",
            "an attribute, a regular expression and variables to set",
            takes=Args.RAW,
            manual=(
                "The attribute is a header's name, Remote_Host, Remote_Addr,"
                " Server_Addr, Request_Method, Request_Protocol, Request_URI or a"
                " variable set before."
            ),
            check=_set_env_if,
        )
        for name in ("SetEnvIf", "SetEnvIfNoCase")
    ),
    *(
        Directive(
            name,
            SVD,
            "regex [!]variable[=value] ...",
            "a regular expression over User-Agent and variables to set",
            takes=Args.RAW,
            check=_set_env_if,
        )
        for name in ("BrowserMatch", "BrowserMatchNoCase")
    ),
    Directive(
        "SetEnvIfExpr",
        SVD,
        "expression [!]variable[=value] ...",
        "an expression and variables to set",
        takes=Args.RAW,
        manual=(
            "$0 to $9 in a value are what the groups of the last =~ in it took. Outside"
            " of sections it is asked before any <If>."
        ),
        check=_set_env_if_expr,
    ),
    Directive(
        "SetEnv",
        SVD,
        "variable [value]",
        "a variable of the request and its value",
        module=ENV,
    ),
    Directive(
        "PassEnv",
        SVD,
        "variable ...",
        "variables of the server's environment to give to requests",
        module=ENV,
    ),
    Directive(
        "UnsetEnv",
        SVD,
        "variable ...",
        "variables of the request to remove",
        module=ENV,
    ),
)
