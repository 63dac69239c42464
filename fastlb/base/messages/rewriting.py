"""Rules, maps and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastlb.base.messages.message import Message

REWRITING: Final[Mapping[str, Message]] = {
    "FB0801": Message(
        "warning",
        "A word of RewriteOptions has no effect any more.",
        "Delete it.",
    ),
    "FB0802": Message(
        "error",
        "A RewriteRule stands in a <Files>.",
        retired=True,
    ),
    "FB0803": Message(
        "error",
        "A RewriteBase stands in a server, or names no path.",
        "Write RewriteBase /path in a section.",
    ),
    "FB0804": Message(
        "warning",
        "NC at a RewriteCond that compares no text.",
        "Leave it out.",
    ),
    "FB0805": Message(
        "error",
        "A RewriteRule or RewriteCond is malformed, or asks for what is not served.",
        "Do what the message says.",
    ),
    "FB0812": Message(
        "warning",
        "A RewriteRule with [P] leads to a URL that nobody could reach.",
        "Write scheme, host and port.",
    ),
    "FB0809": Message(
        "notice",
        "A RewriteRule with [P] leads back to this server.",
        "Write PT.",
    ),
    "FB0808": Message(
        "error",
        "A RewriteMap cannot be read, or is of a kind that is not served.",
        "Do what the message says.",
    ),
    "FB0810": Message(
        "error",
        "The program of a RewriteMap gave no answer: 503.",
        "Look at FB0811 before it: the program has ended, or takes more than 10 s.",
    ),
    "FB0811": Message(
        "error",
        "The program of a RewriteMap ended, or was ended because it was out of step.",
        "It must answer each line with one line, and buffer none of them.",
    ),
    "FB0806": Message(
        "error",
        "What a RewriteRule made of a request is too long.",
        "Look for a rule that makes the path longer in each round.",
    ),
    "FB0807": Message(
        "error",
        "A RewriteRule with [P] leads to a host that was not its own at start.",
        "Write scheme, host and port into the substitution.",
    ),
    "FB0820": Message(
        "warning",
        "As many bodies are being coded as a worker codes at once: others go"
        " uncompressed, and are answered with 503 where they must be changed.",
        "More workers (StartServers) code more; slow clients keep a coder for long.",
    ),
    "FB0821": Message(
        "error",
        "A filter cannot read what a member sends (INFLATE: no gzip, or a bomb).",
        "Look at the member's Content-Encoding, and at DeflateInflateRatioLimit.",
    ),
    "FB0822": Message(
        "error",
        "A filter of lines has met a bound: the length of a line, memory, or time.",
        "Leave bodies without lines out (AddOutputFilterByType), and patterns that"
        " take long; a longer line is let through up to 16 MiB.",
    ),
    "FB0823": Message(
        "error",
        "More filters, Substitute or ProxyHTMLURLMap than change one answer: refused,"
        " or 500.",
        "Let fewer sections that hold for one request name some.",
    ),
    "FB0824": Message(
        "warning",
        "A page whose links ProxyHTMLURLMap is to change was coded by the member.",
        "Unpack it: SetOutputFilter INFLATE, or RequestHeader unset Accept-Encoding.",
    ),
    "FB0825": Message(
        "warning",
        "Links in a page stay as they are: a value, a script or a pattern is too much,"
        " or memory is short.",
        "Look for links of 64 KiB, scripts of 1 MiB, and slow patterns (flag R).",
    ),
}
