"""All cases by subject; a subject is one file here and one file of recordings."""

from ..case import Case
from . import (
    access,
    election,
    errors,
    failover,
    framing,
    headers,
    language,
    limits,
    logs,
    mapping,
    redirect,
    reverse,
    sections,
    seeds,
    status,
    sticky,
    vhosts,
)

SUBJECTS: dict[str, tuple[Case, ...]] = {
    "mapping": mapping.CASES,
    "reverse": reverse.CASES,
    "redirect": redirect.CASES,
    "vhosts": vhosts.CASES,
    "headers": headers.CASES,
    "framing": framing.CASES,
    "limits": limits.CASES,
    "election": election.CASES,
    "sticky": sticky.CASES,
    "failover": failover.CASES,
    "errors": errors.CASES,
    "access": access.CASES,
    "sections": sections.CASES,
    "logs": logs.CASES,
    "language": language.CASES,
    "status": status.CASES,
    "seeds": seeds.CASES,
}
