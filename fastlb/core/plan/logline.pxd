# Access-log lines: a format as an op list, rendered once when an exchange is settled.
#
# Lines are gathered per file and written once a turn of the loop, whole lines only, to
# a descriptor opened for appending: lines of several workers do not mix.

cdef extern from "plan/tear.h" nogil:
    int PIPE_WHOLE
    bint file_is_pipe(int fd)
    bint file_is_socket(int fd)
    ssize_t file_write(int fd, bint is_socket, const void *data, size_t bytes)
    void file_take_back(int fd, size_t bytes_written)

cdef struct log_buffer:
    int fd
    bint is_pipe                # a log program reads the other end
    bint is_socket
    unsigned int used
    # What could not be written, until lost_lines.pyx has told it
    unsigned long lost_count    # lines
    int lost_error              # errno; EAGAIN: a program is behind; 0: it is written
    long long lost_us           # when that was
    bint lost_is_told
    char data[LOG_BUFFER_BYTES]

# A response field that some format asks for is kept as a variable of the request.
cdef struct response_field:
    text name
    int variable

# Buffers for the logs of this worker; variables for the fields and notes that formats
# name.
cdef object logline_begin(object log_fds)
cdef object logline_fields(object model)
# Write the lines of a request that is over.
cdef void logline_write(request_facts *r, const logged *l) noexcept nogil
# Hand what was gathered to the kernel; all of it even under BufferedLogs.
cdef void logs_flush() noexcept nogil
