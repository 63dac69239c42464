# Access-log lines: a format as an op list, rendered once when an exchange is settled.
#
# Lines are gathered per file and written once a turn of the loop, whole lines only, to
# a descriptor opened for appending: lines of several workers do not mix.

cdef extern from "plan/tear.h" nogil:
    int PIPE_WHOLE
    bint file_is_pipe(int fd)
    void file_take_back(int fd, size_t bytes_written)

cdef struct log_buffer:
    int fd
    bint is_pipe                # a log program reads the other end
    unsigned int used
    char data[LOG_BUFFER_BYTES]

# A response field that some format asks for is kept as a variable of the request.
cdef struct response_field:
    text name
    int variable

# Write the lines of a settled exchange.
cdef void logline_write(exchange *x) noexcept nogil
# Hand what was gathered to the kernel.
cdef void logs_flush() noexcept nogil
