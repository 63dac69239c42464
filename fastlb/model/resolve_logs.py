"""LogFormat, CustomLog, TransferLog, GlobalLog, LogLevel, ErrorLogFormat."""

from __future__ import annotations

from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.error_format import ErrorFormats
from fastlb.facts.rules import AccessLog, Format, LogTarget
from fastlb.model.conditions import env_condition, expression_in
from fastlb.model.drafts import Drafts, Handler, LogDraft, Place, ServerDraft
from fastlb.model.errorformat import parse_error_format
from fastlb.model.expressions import taken
from fastlb.model.headerformat import FormatError
from fastlb.model.logformat import COMMON, JSON, json_log_format, parse_log_format
from fastlb.model.report import Mistake
from fastlb.model.resolve_server import SETTERS, absolute

_ONCE: Final = ("request", "connection")
_NEVER_KNOWN: Final = {"F": "lines do not say where in fastlb they begin"}


class LogTargets:
    """The distinct destinations of access logs, in order of first use."""

    def __init__(self) -> None:
        self._indexes: dict[str, int] = {}

    def index(self, target: str) -> int:
        return self._indexes.setdefault(target, len(self._indexes))

    def freeze(self) -> tuple[LogTarget, ...]:
        return tuple(LogTarget(target) for target in self._indexes)


def log_format(run: Drafts, place: Place, node: Node) -> None:
    """`LogFormat "format"|json [nickname]`."""
    parsed = _parse(run, node.args[0])
    if len(node.args) > 1:
        place.server.formats[node.args[1]] = parsed
    else:
        place.server.default_format = parsed


def custom_log(run: Drafts, place: Place, node: Node) -> None:
    """`CustomLog target format|nickname [env=[!]VAR]`, `GlobalLog` the same."""
    target, text, *rest = node.args
    condition = env_condition(rest[0]) if rest else None
    asked = expression_in(rest[0]) if rest else None
    expression = None
    if asked is not None:
        expression = taken(run, node, asked, number="FB0304", words="")
    _parse(run, text)
    is_global = node.name.lower() == "globallog"
    place.server.logs.append(
        LogDraft(target, text, condition, node, is_global, expression)
    )


def transfer_log(_run: Drafts, place: Place, node: Node) -> None:
    """`TransferLog target`, in the format of the last LogFormat without a nickname."""
    place.server.logs.append(LogDraft(node.args[0], None, None, node))


def log_level(run: Drafts, place: Place, node: Node) -> None:
    """`LogLevel [module:]level ...`; lines add up."""
    if place.section is not None:
        run.report.warn(
            node,
            "FB0252",
            "LogLevel in a section has no effect: levels hold for a whole server",
            cure="write it outside the section",
        )
        return
    said = SETTERS["loglevel"].values(node.args)
    if "log_level" in said:
        place.server.settings["log_level"] = said["log_level"]
        place.server.log_levels.clear()  # as Apache: it resets the modules too
    place.server.log_levels.update(said["log_levels"])


def error_log_format(run: Drafts, place: Place, node: Node) -> None:
    """`ErrorLogFormat [connection|request] format`; of these two there may be more."""
    *of, text = [word for word in node.args if word]
    what = of[0].lower() if of else ""
    if of and what not in _ONCE:
        raise Mistake(
            "FB0253", "ErrorLogFormat type must be one of request, connection"
        )
    try:
        parsed = parse_error_format(text, is_line=not of)
    except FormatError as problem:
        raise Mistake("FB0253", str(problem)) from problem
    for kind in sorted({piece.kind for piece in parsed} & _NEVER_KNOWN.keys()):
        run.report.warn(
            node,
            "FB0255",
            f"%{kind} says nothing",
            why=_NEVER_KNOWN[kind],
            cure="leave it out",
        )
    if of:
        place.server.error_formats.setdefault(what, []).append(parsed)
    else:
        place.server.error_format = parsed


def error_formats(main: ServerDraft, server: ServerDraft) -> ErrorFormats:
    """Of a server: each kind its own, else the main server's."""
    found = {**main.error_formats, **server.error_formats}
    return ErrorFormats(
        server.error_format or main.error_format,
        **{kind: tuple(forms) for kind, forms in found.items()},
    )


def access_logs(
    run: Drafts, server: ServerDraft, targets: LogTargets
) -> tuple[AccessLog, ...]:
    """The logs that a server writes: its own, else the main server's.

    GlobalLog holds for all. Nicknames are looked up in the server, then in the main
    server, and may be defined behind their use.
    """
    main = run.main
    own = server.logs or main.logs
    everywhere = [] if server.is_main else [log for log in main.logs if log.is_global]
    drafts = [*own, *(log for log in everywhere if log not in own)]
    logs: list[AccessLog] = []
    for draft in drafts:
        target = draft.target
        if not target.startswith("|") and not (run.lenient and _is_syslog(target)):
            target = absolute(run, target)
        parsed = _format_of(run, server, draft)
        index = targets.index(target)
        logs.append(AccessLog(index, parsed, draft.condition, draft.expression))
    return tuple(logs)


def _is_syslog(target: str) -> bool:
    return target.partition(":")[0] == "syslog"


def _format_of(run: Drafts, server: ServerDraft, draft: LogDraft) -> Format:
    if draft.format_text is None:
        default = server.default_format or run.main.default_format
        return default or parse_log_format(COMMON)
    for owner in (server, run.main):
        known = owner.formats.get(draft.format_text)
        if known is not None:
            return known
    return _parse(run, draft.format_text)


def _parse(run: Drafts, text: str) -> Format:
    if text == JSON and run.lenient:
        return json_log_format()
    try:
        return parse_log_format(text)
    except FormatError as problem:
        raise Mistake("FB0253", str(problem)) from problem


HANDLERS: Final[dict[str, Handler]] = {
    "logformat": log_format,
    "customlog": custom_log,
    "globallog": custom_log,
    "transferlog": transfer_log,
    "loglevel": log_level,
    "errorlogformat": error_log_format,
}
