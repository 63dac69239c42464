"""Opening files, along links that may be followed and others."""


def open_file(bytes name not None, levels, bint by_parts=False, bint reads=True):
    """(FILE_*, the first bytes): levels are pairs of a place in the name and FILES_*.

    by_parts: as where the kernel has no openat2; reads: False to see what it is
    """
    global openat2_is_missing
    cdef file_facts f
    cdef char[FILE_NAME_BYTES_MAX] data
    cdef ssize_t n
    cdef int rc, i
    cdef bint before = openat2_is_missing
    memset(&f, 0, sizeof(f))
    f.name = value(name, <unsigned int>len(name))
    f.end = <unsigned int>len(name)
    f.fd = -1
    f.level_count = len(levels)
    for i, (at, options) in enumerate(levels):
        f.levels[i] = file_level(at, options)
    openat2_is_missing = before or by_parts
    rc = file_open(&f) if reads else file_see(&f)
    openat2_is_missing = before
    if rc != FILE_IS_OPEN or not reads:
        return rc, b""
    n = read_file(f.fd, &data[0], sizeof(data))
    close(f.fd)
    return rc, data[:n]
