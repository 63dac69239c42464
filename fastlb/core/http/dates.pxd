# Dates of HTTP as seconds since 1970 (RFC 9110 5.6.7).

cdef enum:
    DATE_NONE = -1              # no date, or one before 1970: as good as none

# Any of the three forms, as httpd reads them; DATE_NONE: it is none.
cdef long long date_of(const char *data, unsigned int length) noexcept nogil
# "Sun, 06 Nov 1994 08:49:37 GMT"
cdef void put_date(writer *w, long long seconds) noexcept nogil
