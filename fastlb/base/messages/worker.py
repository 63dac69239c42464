"""Logs and pages, workers, monitor: what is said of no request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastlb.base.messages.message import Message

WORKER: Final[Mapping[str, Message]] = {
    "FB0398": Message(
        "error",
        "An application at fcgi:// writes more beside one answer (to STDERR, or in"
        " records of a kind that is unknown) than the log takes; the rest is left out.",
        "Look into its own log, and let it write less.",
    ),
    "FB0420": Message(
        "error",
        "A file became shorter while it was sent; the connection was closed.",
        "Put a new file beside the old one and rename it, instead of writing into it.",
    ),
    "FB0421": Message(
        "error",
        "A .htaccess file might say something about a file, and is not read.",
        "Write what it says into a <Directory>, and let AllowOverride allow nothing.",
    ),
    "FB0425": Message(
        "error",
        "A file is not sent, since AddHandler or its type says that it is to be run, or"
        " INCLUDES that it is to be filled in.",
        "Map its path to the server that does so by ProxyPass, or remove the handler.",
    ),
    "FB0426": Message(
        "error",
        "A directory was not listed: other listings take all memory that they may.",
        "List fewer names (IndexIgnore), or give large directories an index.",
    ),
    "FB0501": Message(
        "emerg",
        "A worker cannot be set up, and the server ends.",
        "Report it, with the lines behind it: it is a fault of fastlb.",
    ),
    "FB0502": Message(
        "crit",
        "Something failed in a worker that nobody expected; the worker goes on.",
        "Report it, with the lines behind it: it is a fault of fastlb.",
    ),
    "FB0503": Message(
        "notice",
        "A member that was out is asked again: it takes connections, or its name is "
        "known.",
    ),
    "FB0504": Message(
        "info", "The name of a member, unknown so far, has been found, or has moved."
    ),
    "FB0505": Message(
        "warning",
        "A certificate has expired or expires soon; told at a start and once a day.",
        "Renew it and reload.",
    ),
    "FB0507": Message(
        "notice",
        "The name of a member has other addresses; what is new goes there.",
    ),
    "FB0508": Message(
        "warning",
        "Name servers do not answer, or do not know a member's name any more; it keeps "
        "its addresses.",
        "Look at the name servers of resolv.conf or Resolver, or correct the name.",
    ),
    "FB0509": Message("notice", "Name servers know the name of a member again."),
    "FB0510": Message(
        "notice",
        "Checks of its health have put a member out; requests go to the others.",
        "Look at what the checks have found, behind the member's URL.",
    ),
    "FB0511": Message(
        "notice", "Checks of its health have brought a member back into rotation."
    ),
    "FB0512": Message(
        "error",
        "The address of HeartbeatListen cannot be listened on.",
        "See that it is one of this machine and free, and its port above 1023.",
    ),
    "FB0513": Message(
        "warning",
        "More servers send heartbeats than HeartbeatMaxServers allows.",
        "Raise it, or see who sends: anybody on the network can.",
    ),
    "FB0514": Message(
        "error",
        "The file of HeartbeatStorage cannot be read, or written.",
        "The monitor does it, as User and Group say.",
    ),
    "FB0530": Message(
        "notice",
        "A member's agent has said whether it serves; the line ends in its words.",
        "What an agent has taken away only the agent gives back.",
    ),
    "FB0531": Message(
        "info",
        "A member's agent has changed its share, or how many connections it takes.",
    ),
    "FB0532": Message(
        "warning",
        "A member's agent does not answer, or not in words of agent-check.",
        "Look at the agent; until it says otherwise all stays as it has said.",
    ),
    "FB0533": Message("notice", "A member's agent is understood again."),
    "FB0506": Message("info", "An OCSP answer was fetched and is sent to clients."),
}
