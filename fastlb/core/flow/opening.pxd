# Opening a file of ours (opening.pyx).

cdef enum:
    FILE_IS_OPEN = 1        # f.fd, f.about: a regular file
    FILE_IS_DIRECTORY = 2
    FILE_HAS_REST = 3       # a part of its path that is not the last one is a file
    FILE_OVERRIDDEN = 4     # .htaccess is there, and might say something
    FILE_IS_MISSING = -404
    FILE_IS_FORBIDDEN = -403

# The kernel has no openat2; a test may say so.
cdef bint openat2_is_missing

# Open what f.name names, up to f.end. returns FILE_*
cdef int file_open(file_facts *f) noexcept nogil
# See what it names, for somebody else who opens it: it need not be one that a worker
# may read. returns FILE_*; nothing is open then
cdef int file_see(file_facts *f) noexcept nogil
