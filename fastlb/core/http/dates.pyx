"""Dates of HTTP, written and read (dates.pxd)."""
# uses: ground/chartable, io/writer

cdef const char *DAY_NAMES = b"SunMonTueWedThuFriSat"
cdef const char *MONTH_NAMES = b"JanFebMarAprMayJunJulAugSepOctNovDec"

cdef enum:
    DAY_SECONDS = 86400
    ERA_DAYS = 146097           # of 400 years
    EPOCH_DAYS = 719468         # from the first of March of the year 0 to 1970

cdef long long DATE_SECONDS_MAX = 253402300799  # the last second of 9999


# Days since 1970 of a date of the Gregorian calendar; month: from 1.
cdef long long days_of(long long year, int month, int day) noexcept nogil:
    """Years begin in March here, so that a leap day is the last of its year."""
    cdef long long era
    cdef int of_era, of_year
    if month <= 2:
        year -= 1
    era = year // 400
    of_era = <int>(year - era * 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (era * ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year
            - EPOCH_DAYS)


cdef void put_two(writer *w, int number) noexcept nogil:
    put_byte(w, c'0' + <char>(number // 10 % 10))
    put_byte(w, c'0' + <char>(number % 10))


cdef void put_date(writer *w, long long seconds) noexcept nogil:
    cdef long long days, era
    cdef int rest, of_era, year_of_era, of_year, month, day
    cdef long long year
    if seconds < 0:
        seconds = 0
    if seconds > DATE_SECONDS_MAX:
        seconds = DATE_SECONDS_MAX
    days = seconds // DAY_SECONDS
    rest = <int>(seconds - days * DAY_SECONDS)
    put(w, DAY_NAMES + 3 * ((days + 4) % 7), 3)
    days += EPOCH_DAYS
    era = days // ERA_DAYS
    of_era = <int>(days - era * ERA_DAYS)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year = era * 400 + year_of_era + (1 if month <= 2 else 0)
    put(w, b", ", 2)
    put_two(w, day)
    put_byte(w, c' ')
    put(w, MONTH_NAMES + 3 * (month - 1), 3)
    put_byte(w, c' ')
    put_two(w, <int>(year // 100))
    put_two(w, <int>(year % 100))
    put_byte(w, c' ')
    put_two(w, rest // 3600)
    put_byte(w, c':')
    put_two(w, rest // 60 % 60)
    put_byte(w, c':')
    put_two(w, rest % 60)
    put(w, b" GMT", 4)


# Reading -------------------------------------------------------------------------

cdef int month_of(const char *p) noexcept nogil:
    """1 to 12 of three letters in any case; 0: they are no month."""
    cdef int i
    for i in range(12):
        if bytes_equal_nocase(p, MONTH_NAMES + 3 * i, 3):
            return i + 1
    return 0


cdef int two_digits(const char *p) noexcept nogil:
    """-1: they are none."""
    if not char_class[<unsigned char>p[0]] & CHAR_DIGIT \
            or not char_class[<unsigned char>p[1]] & CHAR_DIGIT:
        return -1
    return (p[0] - c'0') * 10 + (p[1] - c'0')


cdef long long date_put_together(
        long long year, int month, int day, const char *clock) noexcept nogil:
    """clock: "08:49:37"."""
    cdef int hour = two_digits(clock)
    cdef int minute = two_digits(clock + 3)
    cdef int second = two_digits(clock + 6)
    cdef long long seconds
    if clock[2] != c':' or clock[5] != c':' or year < 1970 or month < 1 or day < 1 \
            or day > month_days(year, month) or not 0 <= hour <= 23 \
            or not 0 <= minute <= 59 or not 0 <= second <= 61:
        return DATE_NONE
    seconds = days_of(year, month, day) * DAY_SECONDS
    return seconds + hour * 3600 + minute * 60 + second


cdef int month_days(long long year, int month) noexcept nogil:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


cdef long long date_of(const char *data, unsigned int length) noexcept nogil:
    """
    Sun, 06 Nov 1994 08:49:37 GMT       RFC 9110, day with one digit as well
    Sunday, 06-Nov-94 08:49:37 GMT      RFC 850: of years before 70 this century's
    Sun Nov  6 08:49:37 1994            asctime
    """
    cdef const char *p = data
    cdef const char *end = data + length
    cdef int day, year
    while p < end and (p[0] == c' ' or p[0] == c'\t'):
        p += 1
    # the day's name is not looked at, as in httpd
    while p < end and p[0] != c' ':
        p += 1
    while p < end and p[0] == c' ':
        p += 1
    if end - p >= 20 and p[2] == c' ' and p[6] == c' ' and p[11] == c' ':
        year = two_digits(p + 9)
        day = two_digits(p + 7)
        if year < 0 or day < 0:
            return DATE_NONE
        return date_put_together(
            day * 100 + year, month_of(p + 3), two_digits(p), p + 12)
    if end - p >= 19 and p[1] == c' ' and p[5] == c' ' and p[10] == c' ':
        year = two_digits(p + 8)
        day = two_digits(p + 6)
        if year < 0 or day < 0 or not char_class[<unsigned char>p[0]] & CHAR_DIGIT:
            return DATE_NONE
        return date_put_together(day * 100 + year, month_of(p + 2), p[0] - c'0', p + 11)
    if end - p >= 18 and p[2] == c'-' and p[6] == c'-' and p[9] == c' ':
        year = two_digits(p + 7)
        if year < 0:
            return DATE_NONE
        return date_put_together(
            year + 1900 if year >= 70 else year + 2000, month_of(p + 3), two_digits(p),
            p + 10)
    if end - p >= 20 and p[3] == c' ' and p[6] == c' ' and p[15] == c' ':
        year = two_digits(p + 16)
        day = two_digits(p + 18)
        if year < 0 or day < 0:
            return DATE_NONE
        year = year * 100 + day
        day = two_digits(p + 4)
        if p[4] == c' ' and char_class[<unsigned char>p[5]] & CHAR_DIGIT:
            day = p[5] - c'0'
        return date_put_together(year, month_of(p), day, p + 7)
    return DATE_NONE
