# The time of day, from the clock of the batch.

# "Sun, 06 Nov 1994 08:49:37 GMT", made once a second.
cdef const char *http_date() noexcept nogil
