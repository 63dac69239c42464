"""Who asks, where proxies stand before us (mod_remoteip).

RemoteIPHeader lists a request's way: client, first proxy, second proxy. Whoever has
connected is the last one; its word about who was before it counts if it is believed,
then that one's word, and so on to the left. What is left of the list goes on to the
member, and the client of this request is the last address that was taken.

  who speaks              believed about
  in no list              nobody; without any list a public address
  RemoteIPTrustedProxy    a public address
  RemoteIPInternalProxy   any address, if only internal ones have spoken so far
"""
# uses: ground/chartable, ground/text, io/writer, ground/address, ground/arena,
#       http/fields, plan/plan, plan/client, plan/facts, plan/variables

cdef struct remote_way:
    const char *data            # the list
    unsigned int end            # of what has not been read
    bint is_read                # all of it was
    bint is_learned             # an address was taken
    bint internal
    unsigned char address[ADDRESS_BYTES]    # whose word is next


cdef bint address_is_public(const unsigned char *address) noexcept nogil:
    """As Apache has it: none of the private networks of IPv4, or IPv6's 2000::/3."""
    cdef const unsigned char *four = address + 12
    if not address_is_four(address):
        return address[0] & 0xE0 == 0x20
    return not (
        four[0] == 10 or four[0] == 127 or (four[0] == 169 and four[1] == 254)
        or (four[0] == 172 and four[1] & 0xF0 == 16)
        or (four[0] == 192 and four[1] == 168))


cdef bint remote_is_believed(
        const plan_remote_ip *said, remote_way *way) noexcept nogil:
    cdef int i
    for i in range(said.proxy_count):
        if network_holds(&said.proxies[i].network, &way.address[0]):
            # Whoever follows an external proxy is external.
            way.internal = way.internal and said.proxies[i].internal
            return True
    return not said.is_listed


cdef bint remote_step(remote_way *way, writer *w) noexcept nogil:
    """Take the last address of the list. False: it ends, or there is none to take."""
    cdef unsigned char[ADDRESS_BYTES] named
    cdef char[ADDRESS_TEXT_BYTES] text
    cdef unsigned int comma = way.end
    cdef unsigned int begin
    cdef unsigned int end = way.end
    while comma > 0 and byte_before(way.data, comma) != c',':
        comma -= 1
    begin = comma
    while begin < end and way.data[begin] == c' ':
        begin += 1
    while end > begin and byte_before(way.data, end) == c' ':
        end -= 1
    if begin == end:
        return False
    if not address_read(way.data + begin, end - begin, &named[0]) \
            or (not way.internal and not address_is_public(&named[0])):
        way.end = end
        return False
    if not way.internal:
        if writer_held(w):
            put(w, b", ", 2)
        put(w, &text[0], address_text(&way.address[0], &text[0]))
    memcpy(&way.address[0], &named[0], sizeof(way.address))
    way.is_learned = True
    way.is_read = comma == 0
    way.end = comma - 1 if comma else 0
    return comma > 0


cdef bint field_is(const field *f, const char *data, const text *name) noexcept nogil:
    return f.name_length == name.length and bytes_equal_nocase(
        data + f.name, name.data, name.length)


cdef void remote_keep(
        request_facts *r, const text *name, unsigned int kept,
        bint none) noexcept nogil:
    """Of a field's lines the first so many bytes stay, as they are joined; or none."""
    cdef const char *data = request_bytes(r)
    cdef unsigned int at = 0
    cdef field *f
    cdef int i
    for i in range(r.req.field_count):
        f = &r.req.fields[i]
        if not field_is(f, data, name):
            continue
        if none or (at and at >= kept):
            f.name_length = 0
            continue
        if at + f.value_length > kept:
            f.value_length = kept - at
        at += f.value_length + 2
    head_without_nameless(&r.req)


# Learn it from the head; the address of the connection otherwise.
cdef void remote_ip_learn(request_facts *r) noexcept nogil:
    cdef const plan_remote_ip *said = &r.vhost.remote_ip
    cdef remote_way way
    cdef value listed
    cdef value proxies
    cdef writer w
    if r.client.replaced == REPLACED_BY_PREFACE:
        return
    listed = request_field(r, &said.header)
    if listed.data == NULL:
        return
    memset(&way, 0, sizeof(way))
    way.data = listed.data
    way.end = listed.length
    way.internal = said.is_listed
    memcpy(&way.address[0], &r.client.remote[0], sizeof(way.address))
    arena_write(&r.arena, &w)
    while remote_is_believed(said, &way) and remote_step(&way, &w):
        pass
    if not way.is_learned:
        return
    proxies = arena_written(&r.arena, &w)
    remote_keep(r, &said.header, way.end, way.is_read)
    client_replace(r.client, REPLACED_BY_FIELD, &way.address[0], 0)
    if proxies.length == 0:
        return
    env_set(r, plan.remote_ip_note, proxies.data, proxies.length)
    if said.proxies_header.length:
        remote_keep(r, &said.proxies_header, 0, True)
        r.proxies = proxies


cdef bint place_holds(
        const address_place *places, int count, client_facts *client) noexcept nogil:
    cdef const address_place *p
    cdef int i
    for i in range(count):
        p = &places[i]
        if (p.any_port or p.port == client.local_port) and (
                p.any_host or memcmp(
                    &p.address[0], &client.local[0], ADDRESS_BYTES) == 0):
            return True
    return False


# RemoteIPProxyProtocol: does a connection begin with a header? Its addresses are known.
cdef bint preface_is_due(client_facts *client) noexcept nogil:
    cdef int i
    client_learn_local(client)
    if not place_holds(plan.preface_on, plan.preface_on_count, client) \
            or place_holds(plan.preface_off, plan.preface_off_count, client):
        return False
    for i in range(plan.preface_exception_count):
        if network_holds(&plan.preface_exceptions[i], &client.remote[0]):
            return False
    return True
