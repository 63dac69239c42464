"""All cases by subject; a subject is one file here and one file of recordings."""

from ..case import Case
from . import election, headers, mapping, reverse, sticky

SUBJECTS: dict[str, tuple[Case, ...]] = {
    "mapping": mapping.CASES,
    "election": election.CASES,
    "sticky": sticky.CASES,
    "headers": headers.CASES,
    "reverse": reverse.CASES,
}
