# How long a client may take to send its request (RequestReadTimeout, mod_reqtimeout).
#
#   stage       begins                                      ends
#   handshake   with the connection                         TLS is established
#   header      with the connection, or behind the          the head is complete
#               handshake; later with a head's first byte
#   body        with the first wait for it                  the body is complete
#
# A stage has first_us, and byte_us more for each byte that came, up to most_us in all.
# Timeout holds beside it: for a head as a whole, for a body from piece to piece. Time
# in which a member does not take the body is not the client's.

# Deadline of a connection that begins, or has just finished its handshake.
cdef long long read_time_begun(downstream *d) noexcept nogil
cdef long long read_time_of_handshake(downstream *d) noexcept nogil
# Deadline of a head that is not complete.
cdef long long read_time_of_head(downstream *d) noexcept nogil
# Bytes of a body came.
cdef void read_time_got(exchange *x, ssize_t n) noexcept nogil
# We wait for the next ones, until then.
cdef long long read_time_of_body(exchange *x) noexcept nogil
