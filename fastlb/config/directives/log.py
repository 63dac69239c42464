"""mod_log_config and mod_logio: access logs."""

from __future__ import annotations

from fastlb.config.registry import SV, SVD, Complaint, Directive, S, Scope

MODULE = "mod_log_config.c"


def _condition(name: str, words: tuple[str, ...]) -> Complaint | None:
    if len(words) < 3:
        return None
    clause = words[2].lower()
    if clause.startswith("expr="):
        return Complaint("missing condition", word=2) if clause == "expr=" else None
    if not clause.startswith("env=") or clause in ("env=", "env=!"):
        why = f"'{words[2]}' is none of env=NAME, env=!NAME, expr=..."
        cure = "put quotes around a format that holds blanks"
        return Complaint("error in condition clause", why, cure, word=2)
    return None


DIRECTIVES = (
    Directive(
        "LogFormat",
        SV,
        "format|json [nickname]",
        "form of a line in an access log, and its nickname",
        default='%h %l %u %t "%r" %>s %b',
        manual=(
            "Without a nickname it is the form that TransferLog uses. Letters are"
            " Apache's; %{BALANCER_WORKER_NAME}e names the member. The word json makes"
            " each line an object of JSON with the keys of docs/logs.md; as a nickname"
            " it is known without a LogFormat."
        ),
        differs=(
            "Apache takes json for a text of four letters; so does Compat apache."
        ),
    ),
    Directive(
        "CustomLog",
        SV,
        'file|"|command"|syslog[:facility[:tag]] format|nickname|json'
        " [env=[!]VAR|expr=expression]",
        "a file, a format or nickname, and an optional condition",
        manual=(
            "A virtual host with a CustomLog of its own does not write to the main"
            ' server\'s. "|command" runs a program, "|$command" a shell. /dev/stdout'
            " and /dev/stderr (/proc/self/fd/1 and 2) are what the server was started"
            " with. Lines for syslog are of the level info, and of local7 where no"
            " facility is named."
        ),
        differs=(
            "Apache writes to a file of that name where syslog stands; so does Compat"
            " apache."
        ),
        check=_condition,
    ),
    Directive(
        "TransferLog",
        SV,
        'file|"|command"|syslog[:facility[:tag]]',
        "a file, written in the last LogFormat without nickname",
    ),
    Directive(
        "GlobalLog",
        S,
        'file|"|command"|syslog[:facility[:tag]] format|nickname|json'
        " [env=[!]VAR|expr=expression]",
        "as CustomLog, for all virtual hosts",
        check=_condition,
    ),
    Directive(
        "BufferedLogs",
        SV,
        "On|Off",
        "whether lines wait in memory before they are written",
        default="Off",
        manual=(
            "Lines of one turn of the loop are always written together. On: they wait"
            " until there are 4096 bytes of them, for a tenth of a second at most, so"
            " that a busy worker writes less often. A worker that is killed takes what"
            " waits with it, and lines of several workers are further out of order. The"
            " last BufferedLogs counts, wherever it stands."
        ),
        scope=Scope.PROCESS,
        sets="buffered_logs",
    ),
    Directive(
        "LogIOTrackTTFB",
        SVD,
        "On|Off",
        "whether the time to the first byte is measured for %^FB",
        module="mod_logio.c",
        default="Off",
        manual="Without it %^FB prints -.",
        sets="track_first_byte",
    ),
)
