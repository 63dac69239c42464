"""Names of a directory, and the query of its listing, under the fuzzer.

The first byte and the second say options, the first line is the rest of the request's
target, each line behind it a name. No disk is looked at.
"""

from libc.stdint cimport uint8_t

cdef extern from "sys/stat.h" nogil:
    unsigned int S_IFDIR
    unsigned int S_IFREG


cdef exchange *listing_asked(const uint8_t *data, size_t size) noexcept nogil:
    """A request for what lies below /aa/. NULL: its head is refused, or too long"""
    cdef const char *before = b"GET /aa/"
    cdef const char *behind = b" HTTP/1.1\r\nHost: a.example\r\n\r\n"
    cdef size_t begin = strlen(before), end = strlen(behind)
    cdef exchange *x
    cdef char *head
    if size > 4096:
        return NULL
    head = <char *>malloc(begin + size + end)
    memcpy(head, before, begin)
    memcpy(head + begin, data, size)
    memcpy(head + begin + size, behind, end)
    x = fuzz_exchange(head, begin + size + end)
    free(head)
    return x


cdef void feed_name(
        exchange *x, listing *ls, const uint8_t *data, size_t size) noexcept nogil:
    """The first bit of a name says whether it is a directory's."""
    cdef file_status about
    cdef char *name = <char *>malloc(size + 1)
    memcpy(name, data, size)
    name[size] = 0
    memset(&about, 0, sizeof(about))
    about.st_mode = S_IFDIR if size and data[0] & 1 else S_IFREG
    about.st_size = <long long>size * 997
    about.st_mtim.tv_sec = <long long>size * 86399
    listing_name(ls, name)
    if memchr(name, c'/', strlen(name)) == NULL and listing_looks(
            ls, name, value(ls.folder, ls.folder_length + <unsigned int>strlen(name))):
        must(strlen(name) <= LISTING_NAME_BYTES_MAX)
        listing_add(ls, &x.facts, name, &about)
    free(name)


cdef void feed_names(
        exchange *x, listing *ls, const uint8_t *data, size_t size) noexcept nogil:
    cdef const uint8_t *end = data + size
    cdef const uint8_t *stop
    cdef made_cookie *cookies = x.facts.cookies
    cdef made_cookie *second = cookies.next if cookies != NULL else NULL
    listing_keep(ls, &x.facts)
    while data < end:
        stop = <const uint8_t *>memchr_or_end(
            <const char *>data, c'\n', end - data)
        feed_name(x, ls, data, stop - data)
        data = stop + 1
    must(x.facts.cookies == cookies)
    must(cookies == NULL or cookies.next == second)     # none of a name's hangs on it


cdef void sort_names(exchange *x, listing *ls) noexcept nogil:
    """Step by step, in so many steps as are known."""
    cdef int steps = 0, rounds = 1, i
    while 1 << rounds < ls.count:
        rounds += 1
    while listing_sort(ls, &x.facts, 0) == AGAIN:
        steps += 1
    must(steps <= rounds * ls.count // MERGES_PER_LOOK)
    for i in range(1, ls.count):
        must(names_compare(ls, ls.names[i - 1], ls.names[i]) <= 0)


cdef void check_page(const listing *ls, const char *page, size_t size) noexcept nogil:
    """A link leads to what is put into it; nothing of a name is a tag."""
    cdef const char *link = b"<a href=\""
    cdef const char *p = page
    cdef const char *end = page + size
    cdef int links = 0, tags = 0
    while p < end:
        if p[0] == c'<':
            tags += 1
            must(p + 1 < end and p[1] != c'<')
        if <size_t>(end - p) > strlen(link) and memcmp(p, link, strlen(link)) == 0:
            links += 1
            p += strlen(link)
            while p < end and p[0] != c'"':
                must(32 < <unsigned char>p[0] < 127 and p[0] != c'<' and p[0] != c'>')
                p += 1
            must(p < end)
        p += 1
    if not ls.options & (LISTING_FANCY | LISTING_TABLE):
        must(links == ls.count + ls.has_parent)
        must(tags == 4 * links + 2)


cdef void compose_page(listing *ls) noexcept nogil:
    cdef int i
    cdef char *page
    must(page_open(ls))
    put_listing_begin(ls)
    for i in range(ls.count):
        put_listed(ls, ls.names[i], i)
    put_listing_end(ls)
    must(page_write(&ls.w, 0) and not ls.w.full)
    page = <char *>malloc(ls.page_bytes)
    must(pread(ls.page, page, <size_t>ls.page_bytes, 0) == ls.page_bytes)
    check_page(ls, page, <size_t>ls.page_bytes)
    free(page)


cdef void list_names(
        exchange *x, const uint8_t *data, size_t size, unsigned int options) noexcept \
        nogil:
    cdef listing *ls = listing_take_memory(&x.facts)
    x.facts.file.listing = ls
    must(listing_place(ls, &x.facts))
    listing_learn(ls, &x.facts)
    ls.options |= options
    listing_ask(ls, &x.facts)
    must(ls.query.length == 0 or memchr(ls.query.data, c'"', ls.query.length) == NULL)
    listing_parent(ls)
    feed_names(x, ls, data, size)
    sort_names(x, ls)
    compose_page(ls)
    file_close(x)


cdef int fuzz_listings(const uint8_t *data, size_t size) noexcept nogil:
    """A directory's names, as its disk has them, in the page that is asked for."""
    cdef const uint8_t *line
    cdef unsigned int options
    cdef exchange *x
    cdef decision d
    if size < 3:
        return 0
    options = (data[0] | data[1] << 8 | data[2] << 16) & ~<unsigned int>LISTING_NONE
    data += 3
    size -= 3
    line = <const uint8_t *>memchr_or_end(<const char *>data, c'\n', size)
    x = listing_asked(data, line - data)
    if x == NULL:
        return 0
    if request_decide(&x.facts, &d) != DECIDED_WAIT and x.facts.file != NULL \
            and x.facts.file.listing == NULL:
        if line < data + size:
            line += 1
        list_names(x, line, data + size - line, options)
    fuzz_end(x)
    return 0
