"""The head of what a program answers (script_head.pxd)."""
# uses: ground/chartable, ground/number, io/writer, http/scan

cdef int script_head_find_end(
    const char *data, unsigned int length, unsigned int *scanned
) noexcept nogil:
    cdef const char *stop
    if length and data[0] == c"\n":
        return 1
    if length >= 2 and data[0] == c"\r" and data[1] == c"\n":
        return 2
    stop = scan_empty_line(data + scanned[0], data + length)
    if stop != NULL:
        return <int>(stop - data)
    # The last two bytes may be the LF or LF CR of an empty line to come.
    if length >= 2:
        scanned[0] = length - 2
    return AGAIN


cdef bint line_is_of(
    const char *line, const char *end, const char *name, unsigned int length
) noexcept nogil:
    return end - line > length and line[length] == c":" and bytes_equal_nocase(
        line, name, length)


cdef inline bint script_is_blank(char one) noexcept nogil:
    return one == c" " or one == c"\t" or one == c"\r" or one == c"\n"


cdef long long script_length(const char *p, const char *end) noexcept nogil:
    """The number that a line ends with; -1: it is none"""
    while p < end and script_is_blank(p[0]):
        p += 1
    while end > p and script_is_blank((end - 1)[0]):
        end -= 1
    return decimal_of(p, <unsigned int>(end - p))


cdef int script_head_to_http(
    char *data, unsigned int length, char **begin, long long *announced
) noexcept nogil:
    cdef int lengths = 0
    cdef char *line = data
    cdef char *end = data + length
    cdef char *first = data     # what is taken out moves the lines before it down
    cdef char *stop
    cdef char[SCRIPT_STATUS_BYTES] status
    cdef writer w
    writer_begin(&w, &status[0], SCRIPT_STATUS_BYTES)
    announced[0] = -1
    if length >= 5 and memcmp(data, b"HTTP/", 5) == 0:
        return -502
    while line < end:
        stop = <char *>memchr(line, c"\n", end - line)
        if stop == NULL:
            return -502
        stop += 1
        if line_is_of(line, stop, b"status", 6):
            if writer_held(&w) or not put_script_status(&w, line + 7, stop):
                return -502
        elif line_is_of(line, stop, b"content-length", 14):
            lengths += 1
            announced[0] = script_length(line + 15, stop) if lengths == 1 else -1
        elif not line_is_of(line, stop, b"transfer-encoding", 17):
            line = stop
            continue
        memmove(first + (stop - line), first, line - first)
        first += stop - line
        line = stop
    if writer_held(&w) == 0:
        put(&w, b"HTTP/1.1 200 OK\r\n", 17)
    # No longer than what was taken out and SCRIPT_HEAD_ROOM.
    first -= writer_held(&w)
    memcpy(first, w.begin, writer_held(&w))
    begin[0] = first
    return <int>(end - first)


cdef bint put_script_status(
    writer *w, const char *p, const char *end
) noexcept nogil:
    """The status line of " 404\r\n", or "404 Not Found\n". False: it is none"""
    cdef int i
    while p < end and (p[0] == c" " or p[0] == c"\t"):
        p += 1
    end -= 1
    if end > p and byte_before(p, <unsigned int>(end - p)) == c"\r":
        end -= 1
    if end - p < 3 or not c"2" <= p[0] <= c"9" or (end - p > 3 and p[3] != c" "):
        return False
    for i in range(3):
        if not char_class[<unsigned char>p[i]] & CHAR_DIGIT:
            return False
    put(w, b"HTTP/1.1 ", 9)
    put(w, p, 3)
    put(w, b" ", 1)
    # With one that is none, the usual phrase: as of a member whose phrase holds
    # controls.
    if 4 < end - p <= SCRIPT_REASON_MAX:
        put(w, p + 4, end - p - 4)
    elif end - p > 4:
        put_byte(w, 1)
    put(w, b"\r\n", 2)
    return True
