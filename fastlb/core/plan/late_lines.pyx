"""Writing the lines that waited for a client's name (client_names.pxd)."""
# uses: io/writer, ground/address, plan/client_names, plan/logline

cdef void late_line_write(line_aside *aside) noexcept nogil:
    """With the name if it is known, else with the address."""
    global logs_dirty
    cdef client_name *n = aside.name
    cdef const char *line = <const char *>(aside + 1)
    cdef log_buffer *b = log_buffers[aside.target]
    cdef bint has_name = n.number == aside.number and n.state == NAME_KNOWN \
        and n.length > 0
    cdef char[ADDRESS_TEXT_BYTES] address
    cdef unsigned int begin = 0
    cdef writer w
    cdef int i
    if log_has_room(b):
        writer_begin(&w, &b.data[b.used], LOG_LINE_BYTES_MAX - 1)
        for i in range(aside.place_count):
            put(&w, line + begin, aside.places[i] - begin)
            begin = aside.places[i]
            if has_name:
                put_escaped(&w, &n.name[0], n.length)
            else:
                put(&w, &address[0], address_text(&n.address[0], &address[0]))
        put(&w, line + begin, aside.length - begin)
        w.end += 1
        put_byte(&w, c'\n')
        b.used += writer_held(&w)
        logs_dirty = True


cdef void late_lines_write(client_name *name, long long now_us) noexcept nogil:
    """Those that waited for this name, or (NULL) those that have waited enough."""
    cdef line_aside *aside = lines_take(name, now_us)
    cdef line_aside *following
    while aside != NULL:
        following = aside.next
        late_line_write(aside)
        free(aside)
        aside = following


cdef void late_lines_end() noexcept nogil:
    """Nobody will answer any more: all of them, as they are."""
    global client_names_ended
    client_names_ended = True
    late_lines_write(NULL, LLONG_MAX)
