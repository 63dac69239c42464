"""Dates of HTTP: written, and read in the three forms (core/http/dates.pyx)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate

from fastlb._probe import read_date, write_date
from hypothesis import given
from hypothesis import strategies as st

SECONDS = st.integers(0, 253402300799)


@given(SECONDS)
def test_a_date_is_written_as_the_library_writes_it(seconds: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC).timestamp() + seconds
    assert write_date(seconds).decode() == formatdate(moment, usegmt=True)


@given(SECONDS)
def test_what_is_written_is_read(seconds: int) -> None:
    assert read_date(write_date(seconds)) == seconds


@given(st.integers(0, 3155759999))  # to 2069, whose two digits are not taken for 19..
def test_the_other_forms_are_read(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    for form in ("%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"):
        assert read_date(moment.strftime(form).encode()) == seconds


def test_dates_that_are_taken() -> None:
    for text in (
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "  Sun, 06 Nov 1994 08:49:37 GMT",
        "x 06 nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37",
    ):
        assert read_date(text.encode()) == 784111777, text


def test_what_is_no_date_is_none() -> None:
    for text in (
        "",
        "0",
        "Sun",
        "Sun, 06 Nov 1994",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49",
        "Sun, 0x Nov 1994 08:49:37 GMT",
    ):
        assert read_date(text.encode()) == -1, text


@given(st.binary(max_size=60))
def test_any_bytes_are_a_date_or_none(data: bytes) -> None:
    assert read_date(data) >= -1
