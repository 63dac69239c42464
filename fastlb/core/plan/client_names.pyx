"""Names of clients and the lines that wait for them (client_names.pxd)."""
# uses: balance/table

cdef bint client_names_wanted = False   # HostnameLookups stands anywhere
cdef bint client_names_ended = False    # nobody is left who could ask
cdef client_name *client_names = NULL   # CLIENT_NAMES_MAX places, made when first used
cdef unsigned int client_name_number = 0
cdef int client_names_open = 0          # WANTED and ASKED
cdef int client_names_queued = 0        # WANTED
cdef unsigned int[CLIENT_NAMES_ASKED_MAX] client_names_queue    # places
cdef line_aside *lines_head = NULL      # in the order in which they came
cdef line_aside *lines_tail = NULL
cdef size_t lines_bytes = 0


cdef unsigned int client_name_place(
        const unsigned char *address, bint both_ways) noexcept nogil:
    cdef uint64_t hash = table_key_hash(<const char *>address, 16)
    return <unsigned int>((hash ^ (hash >> 32)) + both_ways) % CLIENT_NAMES_MAX


# The place of a client's name; NULL: it does without.
cdef client_name *client_name_find(
        const unsigned char *address, bint both_ways, long long now_us) noexcept nogil:
    global client_names, client_name_number, client_names_open, client_names_queued
    cdef unsigned int place = client_name_place(address, both_ways)
    cdef client_name *n
    if client_names == NULL:
        client_names = <client_name *>calloc(CLIENT_NAMES_MAX, sizeof(client_name))
        if client_names == NULL:
            return NULL
    n = &client_names[place]
    if n.state != NAME_FREE and n.both_ways == both_ways and now_us < n.until_us \
            and memcmp(&n.address[0], address, 16) == 0:
        return n
    # Whoever asks for longer than a line may wait has no name.
    if n.state == NAME_WANTED or n.state == NAME_ASKED:
        return NULL
    if client_names_ended or client_names_open >= CLIENT_NAMES_ASKED_MAX:
        return NULL
    client_name_number += 1
    n.number = client_name_number
    n.state = NAME_WANTED
    n.both_ways = both_ways
    n.until_us = now_us + NAME_WAIT_US
    n.length = 0
    memcpy(&n.address[0], address, 16)
    client_names_queue[client_names_queued] = place
    client_names_queued += 1
    client_names_open += 1
    return n


# The place whose look-up this was, now KNOWN; NULL: nobody waits any more.
cdef client_name *client_name_learn(
        unsigned int place, unsigned int number, const char *name, size_t length,
        long long now_us) noexcept nogil:
    global client_names_open
    cdef client_name *n
    if client_names == NULL or place >= CLIENT_NAMES_MAX:
        return NULL
    n = &client_names[place]
    if n.state != NAME_ASKED or n.number != number:
        return NULL
    client_names_open -= 1
    n.state = NAME_KNOWN
    n.until_us = now_us + NAME_KEPT_US
    if length <= NAME_BYTES_MAX:
        memcpy(&n.name[0], name, length)
        n.length = <unsigned char>length
    return n


# May one more line be set aside?
cdef bint line_may_wait() noexcept nogil:
    return lines_bytes + LOG_LINE_BYTES_MAX <= LINES_ASIDE_BYTES_MAX


# Set it aside, or (False) find no memory.
cdef bint line_set_aside(
        client_name *name, int target, const char *line, unsigned int length,
        const unsigned int *places, int place_count) noexcept nogil:
    global lines_head, lines_tail, lines_bytes
    cdef size_t size = sizeof(line_aside) + length
    cdef line_aside *aside = <line_aside *>malloc(size)
    if aside == NULL:
        return False
    memset(aside, 0, sizeof(line_aside))
    aside.name = name
    aside.number = name.number
    aside.until_us = name.until_us
    aside.target = target
    aside.length = length
    aside.place_count = place_count
    memcpy(&aside.places[0], places, sizeof(unsigned int) * place_count)
    memcpy(<char *>(aside + 1), line, length)
    if lines_tail != NULL:
        lines_tail.next = aside
    else:
        lines_head = aside
    lines_tail = aside
    lines_bytes += size
    return True


# Take the lines that wait for this look-up, or (name NULL) have waited until now_us,
# as a list in their order; whoever takes them frees them.
cdef line_aside *lines_take(client_name *name, long long now_us) noexcept nogil:
    global lines_head, lines_tail, lines_bytes
    cdef line_aside *aside = lines_head
    cdef line_aside *following
    cdef line_aside *taken = NULL
    cdef line_aside **taken_end = &taken
    cdef line_aside **kept_end = &lines_head
    lines_tail = NULL
    while aside != NULL:
        following = aside.next
        if now_us >= aside.until_us if name == NULL else (
                aside.name == name and aside.number == name.number):
            taken_end[0] = aside
            taken_end = &aside.next
            lines_bytes -= sizeof(line_aside) + aside.length
        else:
            kept_end[0] = aside
            kept_end = &aside.next
            lines_tail = aside
        aside = following
    taken_end[0] = NULL
    kept_end[0] = NULL
    return taken
