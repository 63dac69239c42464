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
    cdef const char *stop = NULL
    if length:
        stop = <const char *>memchr(content, 0, length)
    return length if stop == NULL else <unsigned int>(stop - content)


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
