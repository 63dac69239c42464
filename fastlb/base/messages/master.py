"""The life of the server, and changes while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastlb.base.messages.message import Message

MASTER: Final[Mapping[str, Message]] = {
    "FB0601": Message(
        "notice",
        "What the file descriptors of a worker are for. Clients beyond their part wait"
        " in the backlog.",
        "Where it is too little, raise the hard limit: ulimit -Hn, LimitNOFILE=.",
    ),
    "FB0602": Message(
        "error",
        "There are too few file descriptors for a worker to serve anybody.",
        "Raise the hard limit: ulimit -Hn, LimitNOFILE= of systemd.",
    ),
    "FB0603": Message(
        "error",
        "The memory that all processes see is unavailable; the server does not start.",
        "Linux 5.1 or newer is needed, whose memory can be closed to writers.",
    ),
    "FB0604": Message("notice", "A new configuration is in force; what has changed."),
    "FB0605": Message("notice", "A reload brought new certificates."),
    "FB0606": Message(
        "error",
        "A new configuration was refused; the one before it stays in force.",
        "Correct what the message names, check with fastlb -t, and reload again.",
    ),
    "FB0607": Message(
        "warning",
        "The name of a member is not known; the member begins in error.",
        "Correct the name, or the name server: it is looked up again by itself.",
    ),
    "FB0608": Message(
        "notice",
        "An old worker closes its tunnels: there are more such than MaxTunnelServers.",
    ),
    "FB0609": Message("notice", "A worker that was left with tunnels has ended."),
    "FB0610": Message(
        "crit",
        "Something failed in the master that nobody expected; the master goes on.",
        "Report it, with the lines behind it: it is a fault of fastlb.",
    ),
    "FB0611": Message(
        "warning",
        "A setting that is taken at the start has changed; the server keeps the first.",
        "Stop the server and start it.",
    ),
    "FB0612": Message(
        "notice", "What a worker that died had counted as its own was taken off."
    ),
    "FB0613": Message(
        "notice",
        "A worker or the monitor ended by itself, and is replaced.",
        "Look for what it said last.",
    ),
    "FB0614": Message(
        "warning",
        "What the check has to say about the configuration that a reload has read.",
        "See the numbers below it.",
    ),
    "FB0615": Message(
        "warning",
        "A socket that was handed over at the start (LISTEN_FDS) is of no use.",
        "Write a Listen with the address and port of the socket, or take its line out"
        " of the unit.",
    ),
    "FB0620": Message(
        "notice", "The server was asked to become the program that is installed now."
    ),
    "FB0621": Message(
        "notice", "The server is another program now; the old workers drain."
    ),
    "FB0622": Message(
        "error",
        "An upgrade was refused; the server, or its workers, go on as before.",
        "Mend what it names and send SIGUSR2 again. Where the workers of the program"
        " before go on, a reload tries again; until then none that dies is replaced.",
    ),
    "FB0623": Message(
        "warning",
        "What the program that is to come had to say when it was tried.",
        "See the numbers below it.",
    ),
    "FB0624": Message(
        "warning",
        "The new program has another slot table: members go on from what they had"
        " counted, but what old workers count from now on is in no page.",
    ),
    "FB0641": Message(
        "error",
        "A socket of the controller cannot be made: its pages, or `fastlb ctl`, are not"
        " there.",
        "Let the directory of PidFile exist and be writable for the master, or name"
        " another place for ControlSocket.",
    ),
    "FB0642": Message(
        "notice", "An operator has changed a balancer or a member while running."
    ),
    "FB0643": Message(
        "warning",
        "What was changed while running holds no longer: the configuration says"
        " something else by now.",
        "Make the change again where it is still wanted.",
    ),
    "FB0644": Message(
        "error",
        "The file that keeps what was changed while running cannot be read or written.",
        "Look at the file beside the PidFile (.changes), its rights and the disk.",
    ),
    "FB0645": Message(
        "error",
        "The controller has failed over a request to one of its pages.",
        "Report it with the lines that follow.",
    ),
    "FB0646": Message(
        "error",
        "The master has failed over a change that an operator asked for; all is as it"
        " was.",
        "Report it with the lines that follow.",
    ),
}
