"""Making legal lines of whatever was composed (exit.pxd)."""
# uses: ground/chartable, ground/number, io/writer, http/scan

cdef void put_value(writer *w, const char *data, size_t length) noexcept nogil:
    cdef const char *end
    cdef const char *stop
    if length == 0:
        return
    end = data + length
    while True:
        stop = scan_value(data, end)
        put(w, data, stop - data)
        if likely(stop == end):
            return
        put_byte(w, c' ')
        data = stop + 1


cdef void put_name(writer *w, const char *data, size_t length) noexcept nogil:
    cdef size_t i
    for i in range(length):
        put_byte(
            w, data[i] if char_class[<unsigned char>data[i]] & CHAR_TOKEN else c'-')


# "name: value" CRLF; the name is a constant of ours, with its colon and blank.
cdef void put_field(
        writer *w, const char *name, size_t name_length,
        const char *value, size_t value_length) noexcept nogil:
    put(w, name, name_length)
    put_value(w, value, value_length)
    put(w, b"\r\n", 2)


cdef void put_escape(writer *w, unsigned char c) noexcept nogil:
    """%XX, in upper case (RFC 3986 2.1)."""
    put_byte(w, c'%')
    put_byte(w, HEX_UPPER[c >> 4])
    put_byte(w, HEX_UPPER[c & 15])


cdef void put_target(writer *w, const char *data, size_t length) noexcept nogil:
    cdef const char *end
    cdef const char *stop
    if length == 0:
        return
    end = data + length
    while True:
        stop = scan_visible(data, end)
        put(w, data, stop - data)
        if likely(stop == end):
            return
        put_escape(w, <unsigned char>stop[0])
        data = stop + 1


# Is there a control or a blank in what would have to be sent as it is?
cdef bint target_needs_encoding(const char *data, size_t length) noexcept nogil:
    cdef size_t i
    for i in range(length):
        if <unsigned char>data[i] <= 0x20 or data[i] == 0x7f:
            return True
    return False
