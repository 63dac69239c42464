"""The file of a RewriteMap, as a block of pairs by hash (map_file.pxd).

It is read without Python, so that a thread can do it while the loop goes on: it fills a
block of its own, which takes the place of the one before in the loop's thread. Only a
regular file is read: whoever puts a pipe there stops nobody.
"""
# uses: ground/text, ground/hash, plan/rewrite_rules

cdef map_file *map_files = NULL
cdef int map_file_count = 0


cdef bint map_blank(char c) noexcept nogil:
    return c == c' ' or c'\t' <= c <= c'\r'


cdef rewrite_pair *rewrite_pair_of(
        rewrite_pair *pairs, unsigned int mask, value key) noexcept nogil:
    """Its place, or the free one where it would be: half of them are free."""
    cdef unsigned int at = <unsigned int>hash_of(key.data, key.length) & mask
    while pairs[at].key.data != NULL and not same_text(pairs[at].key, key):
        at = (at + 1) & mask
    return &pairs[at]


cdef void map_block_end(map_block *b) noexcept nogil:
    free(b.pairs)
    free(b.data)
    memset(b, 0, sizeof(map_block))


cdef void map_file_read(const map_file *f, map_block *out) noexcept nogil:
    cdef struct_stat about
    cdef int fd
    memset(out, 0, sizeof(map_block))
    fd = open_file(f.path.data, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    if fd < 0:
        out.problem = errno
        return
    if fstat(fd, &about) != 0:
        out.problem = errno
    elif not S_ISREG(about.st_mode):
        out.problem = MAP_IS_NO_FILE
    elif about.st_size > REWRITE_MAP_BYTES_MAX:
        out.problem = MAP_IS_LARGE
    else:
        map_fill(f, fd, <unsigned int>about.st_size, out)
    close(fd)
    if out.problem:
        fd = out.problem
        map_block_end(out)
        out.problem = fd


cdef void map_fill(
        const map_file *f, int fd, unsigned int size, map_block *out) noexcept nogil:
    cdef ssize_t n
    cdef long long pairs
    cdef unsigned int places = 2
    out.data = <char *>malloc(size + 1)
    if out.data == NULL:
        out.problem = ENOMEM
        return
    while out.length < size:
        n = read_file(fd, out.data + out.length, size - out.length)
        if n == 0:
            break
        if n > 0:
            out.length += <unsigned int>n
        elif errno != EINTR:
            out.problem = errno
            return
    pairs = sdbm_pairs(out) if f.is_sdbm else text_pairs(out)
    if out.problem:
        return
    if pairs > REWRITE_MAP_PAIRS_MAX:
        out.problem = MAP_IS_LARGE
        return
    while places < 2 * pairs + 2:
        places *= 2
    out.pairs = <rewrite_pair *>calloc(places, sizeof(rewrite_pair))
    if out.pairs == NULL:
        out.problem = ENOMEM
        return
    out.mask = places - 1
    if f.is_sdbm:
        sdbm_pairs(out)
    else:
        text_pairs(out)


cdef void pair_put(map_block *out, value key, value said) noexcept nogil:
    """The first of equal keys counts; while places are counted nothing is put."""
    cdef rewrite_pair *p
    if out.pairs == NULL:
        return
    p = rewrite_pair_of(out.pairs, out.mask, key)
    if p.key.data == NULL:
        p.key = key
        p.value = said


cdef value map_word(value *line) noexcept nogil:
    """The next word of a line; length 0: there is none."""
    cdef value word
    cdef unsigned int i = 0
    while i < line.length and map_blank(line.data[i]):
        i += 1
    line[0] = value_from(line[0], i)
    i = 0
    while i < line.length and not map_blank(line.data[i]):
        i += 1
    word = value(line.data, i)
    line[0] = value_from(line[0], i)
    return word


cdef long long text_pairs(map_block *out) noexcept nogil:
    """`key value` on each line; returns how many."""
    cdef value rest = value(out.data, out.length)
    cdef value line, key, said
    cdef long long count = 0
    cdef unsigned int end
    while rest.length:
        end = <unsigned int>(
            <const char *>memchr_or_end(rest.data, c'\n', rest.length) - rest.data)
        line = value(rest.data, end)
        rest = value_from(rest, min(end + 1, rest.length))
        if line.length == 0 or line.data[0] == c'#' or map_blank(line.data[0]):
            continue
        key = map_word(&line)
        said = map_word(&line)
        if said.length:
            count += 1
            pair_put(out, key, said)
    return count


cdef int page_number(const char *page, int index) noexcept nogil:
    cdef short number
    memcpy(&number, page + 2 * index, sizeof(number))
    return number


cdef long long sdbm_pairs(map_block *out) noexcept nogil:
    """Pages of numbers of pairs first, their bytes from the end; returns how many."""
    cdef long long count = 0
    cdef const char *page = out.data
    cdef int numbers, i, end, key_at, said_at
    if out.length % SDBM_PAGE:
        out.problem = MAP_IS_TORN
        return 0
    while page < out.data + out.length:
        numbers = page_number(page, 0)
        if numbers < 0 or numbers > SDBM_PAGE // 2 - 1 or numbers % 2:
            out.problem = MAP_IS_TORN
            return 0
        end = SDBM_PAGE
        for i in range(numbers // 2):
            key_at = page_number(page, 1 + 2 * i)
            said_at = page_number(page, 2 + 2 * i)
            if said_at < 0 or said_at > key_at or key_at > end:
                out.problem = MAP_IS_TORN
                return 0
            pair_put(out, value(page + key_at, <unsigned int>(end - key_at)),
                     value(page + said_at, <unsigned int>(key_at - said_at)))
            end = said_at
            count += 1
        page += SDBM_PAGE
    return count
