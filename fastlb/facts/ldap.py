"""How a directory is asked who somebody is: AuthLDAP* and LDAP* as one value."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Final

GROUP_ATTRIBUTES: Final = ("member", "uniqueMember")  # where nobody says others
SUB_GROUP_CLASSES: Final = ("groupOfNames", "groupOfUniqueNames")


class LdapMode(enum.Enum):
    """How the connection is protected."""

    PLAIN = "NONE"
    TLS = "SSL"  # from its first byte
    STARTTLS = "STARTTLS"


@dataclass(frozen=True, slots=True)
class Ldap:
    """What a section says of a directory; that of an inner one holds as a whole."""

    hosts: tuple[tuple[str, int], ...] = ()  # tried in turn; (): no AuthLDAPURL
    mode: LdapMode | None = None  # None: LDAPTrustedMode
    base: str = ""
    attribute: str = "uid"  # that holds what a user calls himself
    # all of AuthLDAPURL, where there are several: variables AUTHENTICATE_...
    attributes: tuple[str, ...] = ()
    subtree: bool = True
    filter: str = "objectclass=*"  # without the parentheses around it
    bind_dn: str = ""  # "": nobody
    bind_password: str = field(default="", repr=False)
    bind_authoritative: bool = True
    group_attributes: tuple[str, ...] = ()  # (): GROUP_ATTRIBUTES
    group_is_dn: bool = True  # groups hold names of entries, not of users
    sub_group_attributes: tuple[str, ...] = ()  # (): GROUP_ATTRIBUTES
    sub_group_classes: tuple[str, ...] = ()  # (): SUB_GROUP_CLASSES
    sub_group_depth: int = 10
    compare_on_server: bool = True
    dereference: str = "always"
    # LDAP*, of the whole server
    trust: str = field(default="", repr=False)  # PEM; "": whom the system trusts
    verifies: bool = True
    connect_timeout_s: int = 10
    timeout_s: int = 60
    keeps: bool = True  # what has been found, for a time

    def variables(self) -> tuple[str, ...]:
        """What tells of each attribute: AUTHENTICATE_TELEPHONENUMBER."""
        return tuple(
            "AUTHENTICATE_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
            for name in self.attributes
        )
