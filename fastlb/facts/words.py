"""Words of directives: each is one of these from the moment it is read."""

from __future__ import annotations

import enum


class Word(enum.Enum):
    """A word as it is written; its case does not count. number: the core's name."""

    number: int

    def __new__(cls, spelling: str, number: int) -> Word:
        made = object.__new__(cls)
        made._value_ = spelling
        made.number = number
        return made


class Via(Word):
    """ProxyVia: what happens to the Via field."""

    OFF = "Off", 0
    ON = "On", 1
    FULL = "Full", 2
    BLOCK = "Block", 3


class Trace(Word):
    """TraceEnable: extended also takes a body."""

    ON = "on", 1
    OFF = "off", 0
    EXTENDED = "extended", 2


class HashBy(Word):
    """hashkey= of a balancer: what of a request its key is made of."""

    IP = "ip", 1
    URI = "uri", 2
    PATH = "path", 3
    HEADER = "header", 4
    COOKIE = "cookie", 5


class EncodedSlashes(Word):
    """AllowEncodedSlashes: what happens to %2F in a path."""

    ON = "On", 1
    OFF = "Off", 0
    NO_DECODE = "NoDecode", 2


class BadHeader(Word):
    """ProxyBadHeader: what a malformed field line of a member means."""

    IS_ERROR = "IsError", 0
    IGNORE = "Ignore", 1
    START_BODY = "StartBody", 2


class AuthMerging(Word):
    """How the access rules of a section join those of the sections around it."""

    OFF = "Off", 0
    AND = "And", 1
    OR = "Or", 2


class Order(Word):
    """Which of Allow and Deny (Apache 2.2) is looked at first, and what holds else."""

    DENY_ALLOW = "deny,allow", 0
    ALLOW_DENY = "allow,deny", 1
    MUTUAL_FAILURE = "mutual-failure", 2


class Satisfy(Word):
    """Whether address and password must both let in, or one of them."""

    ALL = "All", 1
    ANY = "Any", 2


class AuthType(Word):
    """How a client says who it is."""

    NONE = "None", 0
    BASIC = "Basic", 1
    DIGEST = "Digest", 2


class AuthProvider(Word):
    """Who knows the users."""

    FILE = "file", 0
    ANON = "anon", 1
    LDAP = "ldap", 2
    DBM = "dbm", 3


class NameLookups(Word):
    """HostnameLookups: whether logs name clients; Double: if the name leads back."""

    ON = "On", 1
    OFF = "Off", 0
    DOUBLE = "Double", 2


class Signature(Word):
    """ServerSignature: the line at the foot of error pages."""

    ON = "On", 1
    OFF = "Off", 0
    EMAIL = "EMail", 2


class RequestId(Word):
    """RequestID: whether requests have one, and whose."""

    OFF = "Off", 0
    MAKE = "Make", 1
    KEEP = "Keep", 2  # the client's, where it is sound


class FcgiBackend(Word):
    """ProxyFCGIBackendType: how SCRIPT_FILENAME is written."""

    FPM = "FPM", 1
    GENERIC = "GENERIC", 2


class Compat(enum.Enum):
    """Directive `Compat`: which side wins where fastlb and Apache decide apart."""

    APACHE = "apache"
    BETTER = "better"
