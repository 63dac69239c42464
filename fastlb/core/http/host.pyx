"""Host and authority: for whom a request is (RFC 9110 7.2, RFC 9112 3.2).

The rules of Apache's Strict, as observed, and two of the RFC's where Apache is laxer
because an absolute-form target makes it forget the Host field: a second Host is 400
always, and an invalid one too.
"""
# uses: ground/chartable, ground/number, io/writer, http/fields, http/head

cdef enum:
    PORT_MAX = 65535
    IPV6_LITERAL_BYTES_MAX = 45     # eight groups, or six and a dotted IPv4 address


cdef int head_check_host(
    head *h, const char *data, bint strict, span *host, span *path
) noexcept nogil:
    cdef int result = check_host_and_target(h, data, strict, host, path)
    if result < 0:
        h.why = WHY_HOST
    return result


cdef int check_host_and_target(
    head *h, const char *data, bint strict, span *host, span *path
) noexcept nogil:
    cdef const char *target = data + h.target.offset
    cdef unsigned int length = h.target.length
    cdef unsigned int scheme
    cdef unsigned int name_length = 0
    cdef unsigned int i
    cdef field *f
    host.offset = host.length = 0
    path[0] = h.target
    f = head_field(h, FIELD_HOST)
    if f == NULL:
        if h.minor == 1:
            return -400
    else:
        for i in range(h.first[FIELD_HOST] + 1, h.field_count):
            if h.fields[i].id == FIELD_HOST:
                return -400
        if f.value_length == 0:
            # An empty Host is for targets without an authority; only HTTP/1.0 may
            # leave it out, so only there may it be empty (Apache).
            if h.minor == 1:
                return -400
        elif authority_check(
            data + f.value, f.value_length, strict, &name_length, NULL
        ) < 0:
            return -400
        host.offset = f.value
        host.length = name_length
    if h.method_id == METHOD_CONNECT:
        return connect_target_check(h, data, strict, host, path)
    if target[0] == c"/" or target[0] == c"*":
        return 0
    # absolute-form: its authority takes the place of Host
    scheme = scheme_length(target, length)
    target += scheme
    length -= scheme
    i = 0
    while i < length and target[i] != c"/" and target[i] != c"?":
        i += 1
    # An http URI must have a host (RFC 9110 4.2.1). "http://h?q" has no path that a
    # span could show; it is refused, since nothing but tests sends it.
    if i == 0 or (i < length and target[i] == c"?"):
        return -400
    if authority_check(target, i, strict, &name_length, NULL) < 0:
        return -400
    host.offset = h.target.offset + scheme
    host.length = name_length
    if i < length:
        path.offset = host.offset + i
        path.length = length - i
    else:
        # "/" is the last byte of "://".
        path.offset = host.offset - 1
        path.length = 1
    return 0


# authority-form: host and port, both (RFC 9112 3.2.3). There is no path.
cdef int connect_target_check(
    head *h, const char *data, bint strict, span *host, span *path
) noexcept nogil:
    cdef unsigned int name_length = 0
    cdef bint has_port = False
    if authority_check(
        data + h.target.offset, h.target.length, strict, &name_length, &has_port
    ) < 0 or not has_port:
        return -400
    host.offset = h.target.offset
    host.length = name_length
    path.length = 0
    return 0


# "host" or "host:port". name_length: bytes of the host name, without its last dot; an
# IPv6 literal keeps its brackets. has_port may be NULL. returns 0 or -400
cdef int authority_check(
    const char *p, unsigned int length, bint strict,
    unsigned int *name_length, bint *has_port
) noexcept nogil:
    cdef const char *end = p + length
    cdef const char *stop
    cdef unsigned int size
    if p[0] == c"[":
        stop = <const char *>memchr(p, c"]", length)
        if stop == NULL or not ipv6_is_valid(p + 1, <unsigned int>(stop - p - 1)):
            return -400
        stop += 1
        size = <unsigned int>(stop - p)
    else:
        stop = <const char *>memchr(p, c":", length)
        if stop == NULL:
            stop = end
        size = <unsigned int>(stop - p)
        if size > 1 and byte_before(p, size) == c".":
            size -= 1
        if not host_name_is_valid(p, size, strict):
            return -400
    name_length[0] = size
    if stop == end:
        return 0
    if stop[0] != c":" or not port_is_valid(stop + 1, end):
        return -400
    if has_port != NULL:
        has_port[0] = True
    return 0


cdef bint port_is_valid(const char *p, const char *end) noexcept nogil:
    return 1 <= decimal_of(p, <unsigned int>(end - p)) <= PORT_MAX


# The port that an authority names which was found valid; 0: none.
cdef int port_of_authority(const char *data, unsigned int length) noexcept nogil:
    cdef unsigned int at = length
    while c"0" <= byte_before(data, at) <= c"9":
        at -= 1
    if byte_before(data, at) != c":":
        return 0
    return <int>decimal_of(data + at, length - at) if at < length else 0


# Letters, digits, "-", "_", "." and no empty label but the first. Digits and dots only
# must be four parts without leading zeros; otherwise the last label begins with a
# letter (RFC 1123 2.1). Without strict: any visible ASCII but "/" and "\", and no "..".
cdef bint host_name_is_valid(
    const char *p, unsigned int length, bint strict
) noexcept nogil:
    cdef unsigned int i
    cdef unsigned int label = 0
    cdef int dots = 0
    cdef bint is_dotted_decimal = True
    cdef bint has_leading_zero = False
    cdef unsigned char c
    if length == 0:
        return False
    for i in range(length):
        c = <unsigned char>p[i]
        if c == c".":
            if i + 1 < length and p[i + 1] == c".":
                return False
            dots += 1
            label = i + 1
        elif char_class[c] & CHAR_DIGIT:
            if i == label and c == c"0" and i + 1 < length and (
                char_class[<unsigned char>p[i + 1]] & CHAR_DIGIT
            ):
                has_leading_zero = True
        elif char_class[c] & CHAR_HOST:
            is_dotted_decimal = False
        elif strict or c <= 0x20 or c >= 0x7f or c == c"/" or c == c"\\":
            return False
        else:
            is_dotted_decimal = False
    if not strict:
        return True
    if is_dotted_decimal:
        return dots == 3 and not has_leading_zero and p[0] != c"."
    return label == 0 or (
        label < length and char_class[<unsigned char>p[label]] & CHAR_ALPHA != 0
    )


cdef bint ipv6_is_valid(const char *p, unsigned int length) noexcept nogil:
    cdef char[IPV6_LITERAL_BYTES_MAX + 1] text
    cdef unsigned char[ADDRESS_BYTES] address
    # inet_pton reads up to a NUL, which no target and no value can hold.
    return copy_terminated(
        text, sizeof(text), p, length) and inet_pton(AF_INET6, text, address) == 1
