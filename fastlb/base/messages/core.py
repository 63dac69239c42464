"""What a worker says of requests, clients and members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastlb.base.messages.message import Message

CORE: Final[Mapping[str, Message]] = {
    "FB0301": Message(
        "error",
        "Matching a regular expression was given up: it took too many steps.",
        "Rewrite the expression: no two parts beside each other that match the same"
        " bytes, no repetition within a repetition; [^/]+ instead of .*.",
    ),
    "FB0302": Message(
        "warning",
        "The same where it decides nothing: it counts as no match.",
        "As for FB0301.",
    ),
    "FB0303": Message(
        "error",
        "An expression could not be worked out for a request: a file that it reads is"
        " missing or too large. Told once a minute.",
        "A condition counts as false for <If> and Require, a Header with it applies.",
    ),
    "FB0304": Message(
        "error",
        "An expression, or a section that asks one, cannot be read as it stands.",
        "Look at the place that the message quotes; text stands in quotes.",
    ),
    "FB0310": Message(
        "warning",
        "A worker died within an election; what it had begun was undone.",
        "Look for the end of the worker (AH00051, AH00052), and for its reason.",
    ),
    "FB0311": Message(
        "error",
        "A process kept a lock of the slot table and lives; it was taken over.",
        "If no debugger has stopped that process, end it: it may have been taken over.",
    ),
    "FB0312": Message(
        "error",
        "A balancer's state held numbers that no election makes; it began anew.",
        "Something wrote over it: a worker may have been taken over.",
    ),
    "FB0313": Message(
        "error",
        "A mapping or a rule makes a path with .. in it out of a request: refused.",
        "Write a slash before the group of the pattern.",
    ),
    "FB0314": Message(
        "error",
        "More sections apply to a request than are counted; it is refused.",
        "Merge some of them.",
    ),
    "FB0315": Message(
        "error",
        "A page of ours could not be made; the request is answered with 500.",
        "Report it, with the lines behind it: it is a fault of fastlb.",
    ),
    "FB0316": Message(
        "error",
        "A SetHandler names a member that none of its lines writes out: 500.",
        "Begin it with proxy:, scheme, host and port as they are.",
    ),
    "FB0317": Message(
        "error",
        "The proxy that ProxyRemote names refuses a tunnel to a member with TLS.",
        "Let it allow CONNECT to that port, or write user:password of ProxyRemote.",
    ),
    "FB0318": Message(
        "error",
        "The proxy that ProxyRemote names made no tunnel to a member with TLS.",
        "Look whether it is a proxy, and whether it is overloaded.",
    ),
    "FB0322": Message(
        "notice",
        "A member is out: requests go to the others. The line says what was met, and "
        "what brings it back.",
        "Look at the member; the lines before tell more.",
    ),
    "FB0323": Message(
        "notice",
        "A member that was out has taken a connection for a request, and is back.",
    ),
    "FB0330": Message(
        "error",
        "Requests of a balancer could not wait for a member, or not for any longer.",
        "Add members, or raise max=, maxqueue= or timeout= of the balancer.",
    ),
    "FB0324": Message(
        "info",
        "A member has ended a connection that was kept open just as a request went out"
        " on it; the request was sent again, by the rule that the line tells.",
    ),
    "FB0325": Message(
        "debug",
        "A request that cannot be sent twice takes a new connection to its member: kept"
        " ones have been idle for too long to be sure of.",
    ),
    "FB0360": Message(
        "info",
        "A request is sent to another member of its balancer; the line tells what the"
        " one before did, and by which rule it may be sent again.",
    ),
    "FB0361": Message(
        "warning",
        "So many requests were sent again that another one is not: retrybudget= is used"
        " up for some seconds.",
        "Look at the members that fail: the lines before name them.",
    ),
    "FB0362": Message(
        "notice",
        "A member has failed so many requests that it is out for a while (ejecton=)."
        " The line tells how many, for how long, and how many members are out.",
        "Look at the member; it is asked again by itself.",
    ),
    "FB0363": Message(
        "notice",
        "A member has failed so many requests that it would be out for a while"
        " (ejecton=), but too many members are: it serves on.",
        "Look at the members; ejectmax= says how many of them may be out.",
    ),
    "FB0320": Message(
        "error",
        "A connection did not begin with a PROXY header, and was closed.",
        "Let who stands before fastlb send it, or write"
        " RemoteIPProxyProtocolExceptions for those that do not.",
    ),
    "FB0321": Message(
        "warning",
        "A rule for fields that is early stands in a section, where it has no effect.",
        "Leave out early, or write it outside of sections.",
    ),
    "FB0328": Message(
        "warning",
        "A condition of checks of health names what only a client's request has.",
        "Ask for something of the answer.",
    ),
    "FB0327": Message(
        "error",
        "A check of health asks a member in a protocol that it does not speak.",
        "Write hcmethod=TCP, at ajp:// CPING, or HEAD or GET where it speaks HTTP.",
    ),
    "FB0350": Message(
        "error",
        "More passwords are being checked than may be; the request gets 503.",
        "If it is an attack, keep it off; else let htpasswd -C make cheaper hashes.",
    ),
    "FB0351": Message(
        "warning",
        "A file of users or groups cannot be read.",
        "Make it with htpasswd.",
    ),
    "FB0352": Message(
        "warning",
        "A password is stored in a form that nobody knows.",
        "Make it anew with htpasswd -B.",
    ),
    "FB0353": Message(
        "info",
        "Who AuthRequest names refused a request.",
        "Nothing, if it was right.",
    ),
    "FB0354": Message(
        "error",
        "Who AuthRequest names answered with neither yes nor no: 500.",
        "Look why; until it says 2xx, 3xx, 401 or 403, nobody passes.",
    ),
    "FB0365": Message(
        "error",
        "AuthRequest or AuthRequestSignIn has no URL that can be asked.",
        "Write http://host:port/path, balancer://name/path or a path of this server.",
    ),
    "FB0366": Message(
        "error",
        "Who AuthRequest names gave no answer that can be used: 503, or 502.",
        "Look why, by the line before it; until it answers, nobody passes.",
    ),
    "FB0367": Message(
        "error",
        "A file of users or groups is larger than is read; it counts as one that cannot"
        " be read.",
        "Keep in it only those who use this server.",
    ),
    "FB0368": Message(
        "error",
        "The directory of AuthLDAPURL cannot be asked: 500.",
        "Look why, by the line before it; a section without AuthLDAPURL has none.",
    ),
    "FB0369": Message(
        "error",
        "What AuthLDAP or LDAP lines need is missing.",
        "",
    ),
    "FB0370": Message(
        "warning",
        "What stands in an alias of a provider has no effect there.",
        "Write it into the section that names the alias.",
    ),
    "FB0371": Message(
        "error",
        "An alias of a provider has a name that is taken.",
        "Give it another name.",
    ),
    "FB0375": Message(
        "warning",
        "SSLCipherSuite of a section names no cipher that its virtual host offers.",
        "Write a wider SSLCipherSuite in the <VirtualHost>.",
    ),
    "FB0376": Message(
        "error",
        "A file of AuthDBMUserFile or AuthDBMGroupFile is no SDBM file.",
        "Make it anew with htdbm -cTSDBM.",
    ),
    "FB0377": Message(
        "error",
        "The name of a balancer and the URL of a member are too long together.",
        "Write a shorter URL.",
    ),
    "FB0378": Message(
        "error",
        "Rules and logs name more variables than a request can have.",
        "Name fewer; those of several sections may share one.",
    ),
    "FB0396": Message(
        "error",
        "An application ended its answer before its head was whole: 502.",
        "Look into its own log; what it wrote to STDERR stands here as AH01071.",
    ),
    "FB0397": Message(
        "error",
        "An application's Status is no number from 200 to 999: 502.",
        "Let it write Status: 404 Not Found, or nothing for 200.",
    ),
    "FB0355": Message(
        "error",
        "A rule keeps a group out, and the file that says who is in it cannot be read.",
        "Make the file, be it empty.",
    ),
}
