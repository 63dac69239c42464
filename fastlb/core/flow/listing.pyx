"""A listing of a directory that has no index (mod_autoindex), turn by turn.

    listing_begin   what is said of it; open it
    listing_read    the names (listing_read)      -.
    listing_sort    their order (listing_order)     |  a turn is LISTING_TURN_US long,
    listing_write   the page (listing_page)       -'  then others are served
    listing_send    the page goes out as a file does: HEAD, ranges, filters, TLS
"""
# uses: ground/chartable, ground/text, io/writer, ground/path, ground/arena, io/timer,
#       io/watch, http/html, plan/listing_plan, plan/plan, plan/entity, plan/listing,
#       plan/facts, plan/mime, plan/decide, flow/exchange, flow/states, flow/log_rows,
#       flow/service_log, flow/services, flow/opening, flow/entity, flow/file_send,
#       flow/file_answer, flow/answer, flow/listing_said, flow/listing_order,
#       flow/listing_page, flow/listing_read

cdef enum:
    TEXT_IS_NONE = 0
    TEXT_IS_PLAIN = 1
    TEXT_IS_HTML = 2
    ROWS_PER_LOOK = 64          # at the clock
    TEXT_PIECE = 4096           # of HeaderName, read at once


# It begins -----------------------------------------------------------------------

cdef bint listing_place(listing *ls, request_facts *r) noexcept nogil:
    """Where names are put behind. False: there is no memory"""
    cdef value path = r.decoded
    cdef value folder = value(r.file.name.data, r.file.end)
    cdef unsigned int more = 1 + LISTING_NAME_BYTES_MAX + 1
    cdef writer w
    ls.path = arena_take(&r.arena, path.length + more)
    ls.folder = arena_take(&r.arena, folder.length + more)
    if ls.path == NULL or ls.folder == NULL:
        return False
    writer_begin(&w, ls.path, path.length + 1)
    put(&w, path.data, path.length)
    if byte_before(path.data, path.length) != c'/':
        put_byte(&w, c'/')
    ls.path_length = writer_held(&w)
    writer_begin(&w, ls.folder, folder.length + 1)
    put(&w, folder.data, folder.length)
    if byte_before(folder.data, folder.length) != c'/':
        put_byte(&w, c'/')
    ls.folder_length = writer_held(&w)
    ls.folder_options = file_options_at(r.file, ls.folder_length - 1)
    return True


cdef void listing_parent(listing *ls) noexcept nogil:
    """The directory above, unless IndexIgnore names it."""
    cdef unsigned int length = ls.path_length - 1
    cdef value above = value(ls.folder, ls.folder_length + 2)
    while length and byte_before(ls.path, length) != c'/':
        length -= 1
    if length == 0:
        return                  # it is the root
    memcpy(ls.folder + ls.folder_length, b"..", 2)
    if listing_ignores(ls, above, value(b"..", 2)):
        return
    ls.has_parent = True
    ls.parent.name = value(ls.path, length)
    ls.parent.size = ls.parent.modified_us = -1
    if ls.options & LISTING_FANCY:
        listing_adorn(ls, &ls.parent, above, value(b"..", 2), True, NULL)


cdef listing *listing_take_memory(request_facts *r) noexcept nogil:
    """NULL: there is none"""
    cdef listing *ls = <listing *>arena_take_struct(&r.arena, sizeof(listing))
    if ls == NULL:
        return NULL
    memset(ls, 0, sizeof(listing))
    ls.directory = ls.page = -1
    ls.kept = <char *>arena_take_struct(
        &r.arena, <unsigned int>(
            listing_kept_head(r) + sizeof(void *) * CONFS_MAX
            + sizeof(value) * plan.env_count))
    ls.batch = <char *>arena_take_struct(&r.arena, BATCH_BYTES)
    ls.piece = arena_take(&r.arena, LISTING_PIECE)
    if ls.kept == NULL or ls.batch == NULL or ls.piece == NULL:
        return NULL
    return ls


cdef void listing_begin(exchange *x) noexcept nogil:
    """x.facts.file is a directory, and its Options let it be listed."""
    cdef request_facts *r = &x.facts
    cdef file_facts *f = r.file
    cdef listing *ls
    if file_reach(f, True) != FILE_IS_DIRECTORY:
        file_close(x)
        say(x, &SAY_LISTING_DENIED)
        exchange_answer_error(x, 403, NULL)
        return
    ls = listing_take_memory(r)
    if ls == NULL:
        exchange_answer_error(x, 500, NULL)
        return
    f.listing = ls
    ls.directory = f.fd
    f.fd = -1
    if not listing_place(ls, r):
        exchange_answer_error(x, 500, NULL)
        return
    listing_learn(ls, r)
    listing_ask(ls, r)
    if x.head_request:
        listing_send(x)         # nothing is read for it (as httpd)
        return
    listing_parent(ls)
    listing_go_on(x)


# It goes on ----------------------------------------------------------------------

cdef void listing_go_on(exchange *x) noexcept nogil:
    """One turn of it."""
    cdef listing *ls = x.facts.file.listing
    cdef long long until = clock_us() + LISTING_TURN_US
    cdef int rc = 0
    if ls.stage == LISTING_READS:
        rc = listing_read(ls, &x.facts, until)
        if rc == 0:
            close(ls.directory)
            ls.directory = -1
            ls.stage = LISTING_SORTS
    if ls.stage == LISTING_SORTS:
        rc = listing_sort(ls, &x.facts, until)
        if rc == 0:
            ls.stage = LISTING_BEGINS_PAGE
    if rc == 0:
        rc = listing_write(x, ls, until)
    if rc == AGAIN and listings_held > LISTING_BYTES_MAX:
        rc = -503
    if rc == 0:
        listing_send(x)
    elif rc == AGAIN:
        if x.state != X_LISTING:
            exchange_enter(x, X_LISTING)
        timer_set(&x.down.c.timer, watch.now_us + x.facts.vhost.said.timeout_us)
        watch_queue(&x.down.c)
    else:
        if rc == -503:
            say(x, &SAY_LISTINGS_ARE_MANY)
        exchange_answer_error(x, -rc, NULL)


cdef int listing_write(
        exchange *x, listing *ls, long long until) noexcept nogil:
    """The page. returns as listing_read"""
    if ls.stage == LISTING_BEGINS_PAGE:
        if not page_open(ls):
            return -500
        listing_head(x, ls)
        put_listing_begin(ls)
        ls.stage = LISTING_WRITES
    while ls.next < ls.count:
        put_listed(ls, ls.names[ls.next], ls.next + ls.has_parent)
        ls.next += 1
        if ls.next % ROWS_PER_LOOK == 0 and clock_us() >= until:
            return AGAIN
    put_listing_end(ls)
    listing_foot(x, ls)
    if ls.w.full or not page_write(&ls.w, 0) or x.facts.arena.starved:
        return -500
    return 0


# HeaderName and ReadmeName -------------------------------------------------------

cdef int listing_text_of(
        exchange *x, listing *ls, const text *said, int *fd,
        long long *size) noexcept nogil:
    """Open the file that is meant, as a request for it would. returns TEXT_IS_*; fd:
    out, to be closed"""
    cdef request_facts *r = &x.facts
    cdef arena_place place
    cdef decision d
    cdef mime_found found
    cdef value path = value(ls.path, ls.path_length)
    cdef int what, kind = TEXT_IS_NONE
    cdef writer w
    fd[0] = -1
    if said == NULL or said.length == 0:
        return TEXT_IS_NONE
    listing_keep(ls, r)
    place = arena_here(&r.arena)
    arena_write(&r.arena, &w)
    if said.data[0] != c'/':
        put(&w, path.data, path.length)
    put(&w, said.data, said.length)
    path = arena_written(&r.arena, &w)
    what = listing_decide(r, path, &d)
    if what == DECIDED_FILE and not path_climbs(path.data, path.length) \
            and not file_is_overridden(r.file, r.vhost) \
            and file_open(r.file) == FILE_IS_OPEN:
        if r.file.about.st_size <= LISTING_TEXT_BYTES_MAX:
            path = entity_name(x)
            mime_of(r, path.data, path.length, &found)
            if not file_is_kept(r, &found):
                kind = text_kind(type_of_file(r, &found))
        if kind == TEXT_IS_NONE:
            close(r.file.fd)
        else:
            fd[0] = r.file.fd
            size[0] = r.file.about.st_size
    listing_restore(ls, r)
    arena_back(&r.arena, place)
    return kind


cdef int text_kind(value type) noexcept nogil:
    type = type_alone(type)
    if (type.length == 9 and bytes_equal_nocase(type.data, b"text/html", 9)) or (
            type.length == 21
            and bytes_equal_nocase(type.data, b"application/xhtml+xml", 21)):
        return TEXT_IS_HTML
    if type.length > 5 and bytes_equal_nocase(type.data, b"text/", 5):
        return TEXT_IS_PLAIN
    return TEXT_IS_NONE


cdef void put_file(
        listing *ls, int fd, long long size, bint is_html) noexcept nogil:
    """HTML as it is, other text as text. It is closed."""
    cdef char[TEXT_PIECE] piece
    cdef long long at = 0
    cdef ssize_t n
    if not is_html:
        put(&ls.w, b"<pre>\n", 6)
    while at < size:
        n = pread(fd, &piece[0], <size_t>min(size - at, TEXT_PIECE), at)
        if n < 0 and errno == EINTR:
            continue
        if n <= 0:
            break
        at += n
        if is_html:
            put_as_is(&ls.w, &piece[0], n)
        else:
            put_plain_text(&ls.w, &piece[0], n)
    if not is_html:
        put(&ls.w, b"</pre>\n", 7)
    close(fd)


cdef void put_plain_text(writer *w, const char *data, size_t length) noexcept nogil:
    """As put_html, but between tags a quote is harmless (as httpd)."""
    cdef size_t i, begin = 0
    for i in range(length):
        if data[i] == c'"':
            put_html(w, data + begin, i - begin)
            put_byte(w, c'"')
            begin = i + 1
    put_html(w, data + begin, length - begin)


cdef void listing_head(exchange *x, listing *ls) noexcept nogil:
    cdef value path = x.facts.decoded
    cdef long long size = 0
    cdef int fd
    cdef int kind = listing_text_of(x, ls, ls.header, &fd, &size)
    if kind != TEXT_IS_HTML or not ls.options & LISTING_NO_PREAMBLE:
        put_preamble(ls, path)
    if kind == TEXT_IS_NONE:
        put_headline(ls, path)
    else:
        put_file(ls, fd, size, kind == TEXT_IS_HTML)


cdef void listing_foot(exchange *x, listing *ls) noexcept nogil:
    cdef long long size = 0
    cdef int fd
    cdef int kind = listing_text_of(x, ls, ls.readme, &fd, &size)
    cdef value line
    if kind != TEXT_IS_NONE:
        put_file(ls, fd, size, kind == TEXT_IS_HTML)
    else:
        line = service_signature(x)
        put_as_is(&ls.w, line.data, line.length)
    if kind != TEXT_IS_HTML or not ls.options & LISTING_NO_PREAMBLE:
        put(&ls.w, b"</body></html>\n", 15)


# It is sent ----------------------------------------------------------------------

cdef value listing_type(const listing *ls, request_facts *r) noexcept nogil:
    cdef writer w
    arena_write(&r.arena, &w)
    if ls.content_type != NULL:
        put(&w, ls.content_type.data, ls.content_type.length)
    else:
        put(&w, b"text/html", 9)
    if ls.charset == NULL:
        put(&w, b";charset=ISO-8859-1", 19)
    elif ls.charset.length:
        put(&w, b";charset=", 9)
        put(&w, ls.charset.data, ls.charset.length)
    return arena_written(&r.arena, &w)


cdef void listing_send(exchange *x) noexcept nogil:
    cdef file_facts *f = x.facts.file
    cdef listing *ls = f.listing
    cdef bint is_tracked = ls.options & LISTING_TRACKS != 0
    cdef int status
    f.fd = ls.page
    ls.page = -1
    f.entity = entity_of_listing(
        x, listing_type(ls, &x.facts), -1 if x.head_request else ls.page_bytes,
        is_tracked)
    if f.entity == NULL or x.facts.arena.starved:
        f.entity = NULL
        exchange_answer_error(x, 500, NULL)
        return
    if f.entity.status == 416:
        f.entity = NULL
        exchange_answer_error(x, 416, NULL)
        return
    status = file_head(x)
    if unlikely(status):
        exchange_answer_error(x, status, NULL)
