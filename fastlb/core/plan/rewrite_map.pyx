"""RewriteMap: a value for a key, from a file or a function.

A file is held as one block with its pairs by hash. Whether it has changed is asked at
most once a second, and by who looks something up: then the block is made anew. What is
found is copied into the request's arena, so that a block may go at any time.
"""
# uses: ground/text, ground/number, ground/hash, io/writer, ground/arena, io/watch,
#       seam, plan/rewrite_rules, plan/client, plan/rewrite_run, plan/rewrite_url,
#       plan/rewrite_trace

from fastlb.facts.rewrite_maps import pairs_of

cdef list rewrite_map_facts = []    # facts.rewrite_maps.RewriteMap by number
cdef unsigned long long rewrite_chance = 0x9E3779B97F4A7C15ULL


cdef value rewrite_map_find(rewriting *w, int number, value key) noexcept nogil:
    """data NULL: nothing is found, or there is no such map."""
    cdef rewrite_map *m
    cdef value found = value(NULL, 0)
    if number < 0:
        return found
    m = &w.r.vhost.rewrite.maps[number]
    if m.kind == MAP_FUNCTION:
        found = rewrite_map_compute(w, m.function, key)
    else:
        rewrite_map_look(w, m)
        found = rewrite_map_value(w, m, key)
    if unlikely(w.trace >= 5):
        if found.data == NULL:
            trace_two(w, 5, False, b"map lookup FAILED: map=%s key=%s",
                      traced(&m.name), key)
        else:
            trace_more(w, 5, False, b"map lookup OK: map=%s key=%s -> val=%s",
                       traced(&m.name), key, found, value(b"", 0))
    return found


cdef value rewrite_map_value(rewriting *w, rewrite_map *m, value key) noexcept nogil:
    cdef rewrite_pair *p
    cdef value found
    if m.pairs == NULL:
        return value(NULL, 0)
    p = rewrite_pair_of(m.pairs, m.mask, key)
    if p.key.data == NULL or p.value.length == 0:
        return value(NULL, 0)
    found = p.value
    if m.kind == MAP_RANDOM:
        found = rewrite_map_part(found, w.r.is_reading)
        if found.length == 0:
            return value(NULL, 0)
    return arena_copy(&w.r.arena, found.data, found.length)


cdef rewrite_pair *rewrite_pair_of(
        rewrite_pair *pairs, unsigned int mask, value key) noexcept nogil:
    """Its place, or the free one where it would be: half of them are free."""
    cdef unsigned int at = <unsigned int>hash_of(key.data, key.length) & mask
    while pairs[at].key.data != NULL and not same_text(pairs[at].key, key):
        at = (at + 1) & mask
    return &pairs[at]


cdef value rewrite_map_part(value all_parts, bint again) noexcept nogil:
    """One of the parts between bars, each with the same chance. again: the one of
    before, for another reading of the same request."""
    global rewrite_chance
    cdef unsigned int count = 1
    cdef unsigned int i
    cdef unsigned int wanted
    cdef value part = all_parts
    for i in range(all_parts.length):
        count += all_parts.data[i] == c'|'
    if not again:
        rewrite_chance ^= rewrite_chance << 13
        rewrite_chance ^= rewrite_chance >> 7
        rewrite_chance ^= rewrite_chance << 17
    wanted = <unsigned int>(rewrite_chance >> 33) % count
    while True:
        i = <unsigned int>(
            <const char *>memchr_or_end(part.data, c'|', part.length) - part.data)
        if wanted == 0 or i >= part.length:
            return value(part.data, i)
        part = value_from(part, i + 1)
        wanted -= 1


cdef value rewrite_map_compute(rewriting *w, int function, value key) noexcept nogil:
    cdef writer out
    cdef unsigned int i = 0
    cdef unsigned char c
    cdef int byte
    arena_write(&w.r.arena, &out)
    if function == MAP_ESCAPE:
        put_uri(&out, key)
    elif function == MAP_TO_LOWER:
        put_lower(&out, key.data, key.length)
    else:
        while i < key.length:
            c = key.data[i]
            i += 1
            if function == MAP_TO_UPPER:
                if c'a' <= c <= c'z':
                    c -= 32
            elif c == c'%' and i + 1 < key.length:
                byte = hex_pair(key.data + i)
                if byte == 0:
                    break
                if byte > 0:
                    c = <unsigned char>byte
                    i += 2
            put_byte(&out, c)
    return arena_written(&w.r.arena, &out)


cdef void rewrite_map_look(rewriting *w, rewrite_map *m) noexcept nogil:
    """Has the file changed? Then read it."""
    cdef struct_stat about
    cdef long long changed_ns = 0
    if m.looked_us and watch.now_us - m.looked_us < REWRITE_MAP_LOOK_US:
        return
    m.looked_us = watch.now_us
    if stat(m.path.data, &about) == 0:
        changed_ns = <long long>about.st_mtim.tv_sec * 1000000000 \
            + about.st_mtim.tv_nsec + about.st_size
    if changed_ns == m.changed_ns or seam_is_shut:
        return
    m.changed_ns = changed_ns
    rewrite_map_read(m, w.r.client, w.r.vhost.index)


cdef void rewrite_map_read(
        rewrite_map *m, client_facts *client, int vhost) noexcept with gil:
    """Make the block anew; of a file that cannot be read nothing is found."""
    cdef object known = rewrite_map_facts[m.number]
    try:
        rewrite_map_fill(m, pairs_of(known.kind, known.source))
    except Exception as problem:
        rewrite_map_forget(m)
        seam_say(
            "error", "rewrite", vhost, client_text(client) if client != NULL else "", 0,
            "AH00661: mod_rewrite: can't access text RewriteMap file "
            f"{known.source}: {problem}")


cdef void rewrite_map_forget(rewrite_map *m) noexcept nogil:
    free(m.pairs)
    m.pairs = NULL


cdef object rewrite_map_fill(rewrite_map *m, object pairs):
    cdef unsigned int size = 2
    cdef rewrite_pair *made
    cdef rewrite_pair *p
    cdef writer w
    cdef bytes key, said
    cdef size_t room
    while size < 2 * len(pairs) + 2:
        size *= 2
    room = sum(len(k) + len(v) for k, v in pairs.items()) + 1
    made = <rewrite_pair *>calloc(1, sizeof(rewrite_pair) * size + room)
    if made == NULL:
        raise MemoryError("no memory for a RewriteMap")
    writer_begin(&w, <char *>(made + size), room)
    for key, said in pairs.items():
        p = rewrite_pair_of(
            made, size - 1, value(<const char *>key, <unsigned int>len(key)))
        p.key = value(w.p, <unsigned int>len(key))
        put(&w, <const char *>key, len(key))
        p.value = value(w.p, <unsigned int>len(said))
        put(&w, <const char *>said, len(said))
    rewrite_map_forget(m)
    m.pairs = made
    m.mask = size - 1
