"""RewriteMap: a value for a key, from a file, a function or a program.

A file is held in memory (map_file.pyx). Whether it has changed is asked at most once a
second, and by who looks something up; then it is read beside the data path, and what it
was holds until it has been. What is found is copied into the request's arena, so that a
block may go at any time.

A program is asked beside the data path, as a password is (verdicts.pxd): the run ends,
the request waits, and is decided anew with what was said. Nothing of that is kept for
another request.
"""
# uses: ground/text, ground/number, io/writer, ground/arena, io/watch, seam,
#       plan/verdicts, plan/rewrite_rules, plan/client, plan/facts, plan/rewrite_run,
#       plan/rewrite_url, plan/rewrite_trace, plan/map_file

import os

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
    elif m.kind == MAP_PROGRAM:
        found = rewrite_map_told(w, m, key)
    else:
        map_file_look(&map_files[m.file], w.r.client, w.r.vhost.index)
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
    cdef const map_block *held = &map_files[m.file].held
    cdef rewrite_pair *p
    cdef value found
    if held.pairs == NULL:
        return value(NULL, 0)
    p = rewrite_pair_of(held.pairs, held.mask, key)
    if p.key.data == NULL or p.value.length == 0:
        return value(NULL, 0)
    found = p.value
    if m.kind == MAP_RANDOM:
        found = rewrite_map_part(found, w.r.is_reading)
        if found.length == 0:
            return value(NULL, 0)
    return arena_copy(&w.r.arena, found.data, found.length)


cdef value rewrite_map_told(
        rewriting *w, const rewrite_map *m, value key) noexcept nogil:
    """What the program says; the run ends where that is not known yet, or nobody says
    it. A key with a line's end is nowhere, as in httpd: it would be two questions."""
    cdef request_facts *r = w.r
    cdef verdict_key asked
    cdef auth_verdict *v
    cdef int i
    if request_waits(r) or w.map_is_silent or not r.vhost.rewrite.engine or (
            key.length and memchr(key.data, c'\n', key.length) != NULL):
        return value(NULL, 0)
    verdict_key_of_map(m.program, key, &asked)
    for i in range(r.verdict_count):
        v = &r.verdicts[i]
        if v.key.one == asked.one and v.key.other == asked.other:
            if v.verdict == VERDICT_GRANTED:
                # "" is a value as well
                return v.found if v.found.data != NULL else value(b"", 0)
            w.map_is_silent = v.verdict != VERDICT_NOBODY
            return value(NULL, 0)
    r.host_wanted = 0
    r.asks.kind = ASKS_MAP
    r.asks.file = m.program
    r.asks.user = arena_copy(&r.arena, key.data, key.length)
    r.asks.secret = value(NULL, 0)
    r.asks.names_number = -1
    r.asks.key = asked
    if r.asks.user.data == NULL and key.length:
        r.arena.starved = True
    return value(NULL, 0)


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


cdef void map_file_look(
        map_file *f, client_facts *client, int vhost) noexcept nogil:
    """Has it changed? Then have it read."""
    cdef file_status about
    cdef long long changed_ns = 0
    if f.is_being_read or (
            f.looked_us and watch.now_us - f.looked_us < REWRITE_MAP_LOOK_US):
        return
    f.looked_us = watch.now_us
    if file_status_of(f.path.data, &about) == 0:
        changed_ns = <long long>about.st_mtim.tv_sec * 1000000000 \
            + about.st_mtim.tv_nsec + about.st_size
    if changed_ns == f.changed_ns or seam_is_shut:
        return
    f.changed_ns = changed_ns
    map_file_renew(f, client, vhost)


cdef void map_file_renew(
        map_file *f, client_facts *client, int vhost) noexcept with gil:
    """In a thread, where there is a worker; Core.map_read is next."""
    cdef bint is_taken
    f.is_being_read = True
    try:
        is_taken = services.read_map(<int>(f - map_files), vhost)
    except Exception:
        is_taken = False
    if not is_taken:
        map_file_read(f, &f.fresh)
        map_file_take(f, client, vhost)


cdef void map_file_take(map_file *f, client_facts *client, int vhost):
    """What was read holds from now on; of a file that cannot be read, nothing."""
    map_block_end(&f.held)
    f.held = f.fresh
    memset(&f.fresh, 0, sizeof(map_block))
    f.is_being_read = False
    if f.held.problem:
        seam_say(
            "error", "rewrite", vhost, client_text(client) if client != NULL else "", 0,
            "AH00661: mod_rewrite: can't access text RewriteMap file "
            f"{said_of(f.path.data, f.path.length)}: {map_problem(f.held.problem)}")


cdef str map_problem(int problem):
    if problem == MAP_IS_LARGE:
        return (f"it is larger than {REWRITE_MAP_BYTES_MAX >> 20} MiB, or has more "
                f"than {REWRITE_MAP_PAIRS_MAX} pairs")
    if problem == MAP_IS_NO_FILE:
        return "it is no regular file"
    if problem == MAP_IS_TORN:
        return "it is no SDBM file"
    return os.strerror(problem)
