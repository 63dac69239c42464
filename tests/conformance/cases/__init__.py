"""All cases by subject; a subject is one file here and one file of recordings."""

from ..case import Case
from . import (
    election,
    errors,
    failover,
    framing,
    headers,
    limits,
    mapping,
    reverse,
    sticky,
    vhosts,
)

SUBJECTS: dict[str, tuple[Case, ...]] = {
    "mapping": mapping.CASES,
    "election": election.CASES,
    "sticky": sticky.CASES,
    "headers": headers.CASES,
    "reverse": reverse.CASES,
    "framing": framing.CASES,
    "limits": limits.CASES,
    "vhosts": vhosts.CASES,
    "failover": failover.CASES,
    "errors": errors.CASES,
}
