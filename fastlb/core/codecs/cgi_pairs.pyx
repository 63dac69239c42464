"""The list of variables for an application (cgi_pairs.pxd)."""
# uses: ground/chartable, io/writer

cdef cgi_list cgi_scratch       # one list is made at a time


cdef cgi_pair *cgi_next(
        cgi_list *all, const char *content, unsigned int length) noexcept nogil:
    cdef cgi_pair *p
    if unlikely(all.count >= CGI_PAIRS_MAX):
        all.overflow = True
        return NULL
    p = &all.pairs[all.count]
    all.count += 1
    p.content = content
    p.content_length = until_nul(content, length)
    return p


# To an application a NUL is the end: what stands behind one must not begin another
# variable.
cdef inline unsigned int until_nul(
        const char *content, unsigned int length) noexcept nogil:
    cdef unsigned int at = 0
    cdef unsigned long long word
    while at + 8 <= length:
        memcpy(&word, content + at, 8)
        # Is one of the eight bytes 0?
        if unlikely((word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull):
            break
        at += 8
    while at < length and content[at] != 0:
        at += 1
    return at


cdef void cgi_add(
        cgi_list *all, const char *name, unsigned int name_length, const char *content,
        unsigned int content_length) noexcept nogil:
    cdef cgi_pair *p = cgi_next(all, content, content_length)
    if likely(p != NULL):
        p.name = name
        p.name_length = name_length
        p.is_field = False


cdef bint cgi_add_field(
        cgi_list *all, const char *name, unsigned int name_length, const char *content,
        unsigned int content_length) noexcept nogil:
    cdef unsigned int i
    cdef cgi_pair *p
    for i in range(name_length):
        if not (char_class[<unsigned char>name[i]] & (CHAR_ALPHA | CHAR_DIGIT)
                or name[i] == c'-'):
            return False
    if name_length == 0 or (
            name_length == 5 and bytes_equal_nocase(name, b"proxy", 5)):
        return False
    p = cgi_next(all, content, content_length)
    if likely(p != NULL):
        p.name = name
        p.name_length = name_length + 5
        p.is_field = True
    return True


cdef inline void copy_short(
        char *to, const char *data, size_t size) noexcept nogil:
    """As memcpy, without a call for what is short, as most names and values are."""
    cdef size_t at = 0
    if size > 32:
        memcpy(to, data, size)
    elif size >= 16:
        memcpy(to, data, 16)
        memcpy(to + size - 16, data + size - 16, 16)
    elif size >= 8:
        memcpy(to, data, 8)
        memcpy(to + size - 8, data + size - 8, 8)
    elif size >= 4:
        memcpy(to, data, 4)
        memcpy(to + size - 4, data + size - 4, 4)
    else:
        while at < size:
            to[at] = data[at]
            at += 1


cdef char *copy_pair(char *to, const cgi_pair *p) noexcept nogil:
    """Name and value where there is room for them. returns what is behind them"""
    cdef unsigned int i
    if p.is_field:
        memcpy(to, b"HTTP_", 5)
        for i in range(5, p.name_length):
            to[i] = cgi_upper(p.name[i - 5])
    else:
        copy_short(to, p.name, p.name_length)
    to += p.name_length
    copy_short(to, p.content, p.content_length)
    return to + p.content_length


cdef inline char cgi_upper(char c) noexcept nogil:
    if c'a' <= c <= c'z':
        return c - 32
    return c'_' if c == c'-' else c


cdef bint cgi_is_named(
        const cgi_pair *p, const char *name, unsigned int length) noexcept nogil:
    cdef unsigned int i
    if p.name_length != length:
        return False
    if not p.is_field:
        return memcmp(p.name, name, length) == 0
    if memcmp(name, b"HTTP_", 5) != 0:
        return False
    for i in range(5, length):
        if cgi_upper(p.name[i - 5]) != name[i]:
            return False
    return True


cdef cgi_pair *cgi_find(
        cgi_list *all, const char *name, unsigned int name_length) noexcept nogil:
    cdef int i
    for i in range(all.count):
        if cgi_is_named(&all.pairs[i], name, name_length):
            return &all.pairs[i]
    return NULL


cdef void cgi_set(
        cgi_list *all, const char *name, unsigned int name_length, const char *content,
        unsigned int content_length) noexcept nogil:
    cdef cgi_pair *p = cgi_find(all, name, name_length)
    if p == NULL:
        cgi_add(all, name, name_length, content, content_length)
        return
    p.content = content
    p.content_length = until_nul(content, content_length)


cdef void cgi_unset(
        cgi_list *all, const char *name, unsigned int name_length) noexcept nogil:
    cdef cgi_pair *p = cgi_find(all, name, name_length)
    if p != NULL:
        all.count -= 1
        p[0] = all.pairs[all.count]


cdef void put_pair_name(writer *w, const cgi_pair *p) noexcept nogil:
    cdef unsigned int i
    if not p.is_field:
        put(w, p.name, p.name_length)
        return
    put(w, b"HTTP_", 5)
    for i in range(5, p.name_length):
        put_byte(w, cgi_upper(p.name[i - 5]))
