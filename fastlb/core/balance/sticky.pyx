# The search follows Apache's in what it finds, not in how: nothing is copied, and the
# value is a piece of the target or of the Cookie field.
#
# uses: ground/chartable, balance/elect

cdef inline bint sticky_is_blank(char c) noexcept nogil:
    return c == 32 or 9 <= c <= 13      # isspace() in the C locale


# "the value ends at ? or &": and, as strtok has it, begins after any that lead it.
cdef inline bint sticky_ends_url_value(char c, bint scolon) noexcept nogil:
    return c == c'?' or c == c'&' or (scolon and c == c';')


# What may stand before a cookie's name, other than the start of the field.
cdef inline bint sticky_parts_cookies(char c) noexcept nogil:
    return c == c';' or c == c',' or sticky_is_blank(c)


# The value of a URL parameter: the name, wherever it stands, followed by "=".
cdef const char *sticky_url_value(
        const char *data, const char *end, const char *name, unsigned int name_length,
        bint scolon, unsigned int *length) noexcept nogil:
    cdef const char *p = data
    cdef const char *value
    while True:     # p moves on by at least one byte
        p = <const char *>sticky_memmem(p, end - p, name, name_length)
        if p == NULL:
            return NULL
        value = p + name_length
        p += 1
        if value >= end or value[0] != c'=':
            continue
        value += 1
        if value == end:
            continue
        while value < end and sticky_ends_url_value(value[0], scolon):
            value += 1
        if value == end:
            return NULL     # nothing but delimiters: then the cookie is asked
        p = value
        while p < end and not sticky_ends_url_value(p[0], scolon):
            p += 1
        length[0] = <unsigned int>(p - value)
        return value


# The value of a cookie: the name at the start of a pair, blanks, "=".
cdef const char *sticky_cookie_value(
        const char *data, const char *end, const char *name, unsigned int name_length,
        unsigned int *length) noexcept nogil:
    cdef const char *p = data
    cdef const char *value
    while True:     # p moves on by at least one byte
        p = <const char *>sticky_memmem(p, end - p, name, name_length)
        if p == NULL:
            return NULL
        value = p + name_length
        if p != data and not sticky_parts_cookies(
                byte_before(data, <unsigned int>(p - data))):
            p += 1
            continue
        p += 1
        while value < end and sticky_is_blank(value[0]):
            value += 1
        if value >= end or value[0] != c'=':
            continue
        value += 1
        if value == end:
            continue
        p = value
        while p < end and p[0] != c';' and p[0] != c',':
            p += 1
        length[0] = <unsigned int>(p - value)
        return value


cdef int sticky_find(
        const balancer_plan *b,
        const char *target, unsigned int target_length,
        const char *cookies, unsigned int cookies_length,
        sticky_result *out) noexcept nogil:
    cdef const char *separator
    cdef unsigned int length = 0
    memset(out, 0, sizeof(sticky_result))
    if b.sticky_url != NULL and b.sticky_url_length > 0 and target != NULL:
        out.value = sticky_url_value(
            target, target + target_length, b.sticky_url, b.sticky_url_length,
            b.scolon_path_delim, &length)
        out.from_url = out.value != NULL
    if (out.value == NULL and b.sticky_cookie != NULL and b.sticky_cookie_length > 0
            and cookies != NULL):
        out.value = sticky_cookie_value(
            cookies, cookies + cookies_length, b.sticky_cookie,
            b.sticky_cookie_length, &length)
    if out.value == NULL:
        return 0
    out.value_length = length
    if b.route_regex >= 0:
        return 0        # the caller matches the whole value
    if not b.has_separator:
        out.route = out.value
        out.route_length = length
    else:
        # everything after the first one, so "a.b.n2" asks for "b.n2"
        separator = <const char *>memchr(out.value, b.separator, length)
        if separator == NULL:
            return 0
        out.route = separator + 1
        out.route_length = length - <unsigned int>(separator + 1 - out.value)
    if out.route_length == 0:
        out.route = NULL
        return 0
    return 1
