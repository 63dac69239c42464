# What the data path says in the error log: rows of log_rows.pxd, with what is known of
# an exchange. As everywhere on the seam, nothing raises: a line that cannot be written
# is lost. A worker that has only tunnels says nothing (lone.pxd).

cdef void say(exchange *x, const log_row *row) noexcept nogil
# error: an errno; 0: none
cdef void say_error(exchange *x, const log_row *row, int error) noexcept nogil
# With what only the caller knows: words, a number.
cdef void say_more(
    exchange *x, const log_row *row, int error, const char *detail,
    long number) noexcept nogil
# Of a client's connection, before there is a request; of the worker as a whole.
cdef void say_of_client(
    client_facts *client, plan_vhost *v, const log_row *row,
    const char *detail) noexcept nogil
cdef void say_of_worker(const log_row *row, int error) noexcept nogil
# Those that are chosen between.
cdef void say_connect(exchange *x, int error) noexcept nogil
cdef void say_bind(
    exchange *x, const unsigned char *source, int error) noexcept nogil
cdef void say_member_down(exchange *x) noexcept nogil
cdef void say_lock(exchange *x) noexcept nogil
cdef void say_nobody(exchange *x) noexcept nogil
cdef void say_no_handshake(exchange *x, const char *why) noexcept nogil
