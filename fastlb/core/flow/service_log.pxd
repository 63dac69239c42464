# What the data path says in the error log: rows of log_rows.pxd, with what is known of
# an exchange. As everywhere on the seam, nothing raises: a line that cannot be written
# is lost. A worker that has only tunnels says nothing (lone.pxd).

cdef void say(exchange *x, const log_row *row) noexcept nogil
