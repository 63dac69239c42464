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
    authorize_prefix: str = "AUTHORIZE_"  # of what is told of whom a rule lets in
    user_attribute: str = ""  # what says how a user is called from then on
    user_is_dn: bool = False  # ... else the name of his entry
    # He searches for his entry himself: bound as what he calls himself, or as what a
    # pattern makes of it (the expression, what is put in its place)
    initial_bind_as_user: bool = False
    bind_pattern: tuple[str, str] | None = None
    # ... and by his entry's name for what rules ask
    search_as_user: bool = False
    compare_as_user: bool = False
    # PEM: who we are, certificate and key; of a section, else of the server
    client_cert: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    dereference: str = "always"
    # LDAP*, of the whole server
    trust: str = field(default="", repr=False)  # PEM; "": whom the system trusts
    verifies: bool = True
    connect_timeout_s: int = 10
    timeout_s: int = 60
    keeps: bool = True  # what has been found, for a time

    @property
    def asks_as_user(self) -> bool:
        return self.initial_bind_as_user or self.search_as_user or self.compare_as_user

    def variables(self, prefix: str = "AUTHENTICATE_") -> tuple[str, ...]:
        """What tells of each attribute: AUTHENTICATE_TELEPHONENUMBER."""
        return tuple(
            prefix + re.sub(r"[^A-Z0-9]", "_", name.upper()) for name in self.attributes
        )
