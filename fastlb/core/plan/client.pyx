"""Who asks (client.pxd)."""
# uses: ground/address, io/watch, seam, plan/plan

# The address as text, made when first asked for; the local address, asked for once.
cdef void client_learn_remote(client_facts *client) noexcept nogil:
    if client.remote_known:
        return
    client.remote_known = True
    client.remote_text_length = <unsigned char>address_text(
        &client.remote[0], &client.remote_text[0])


cdef void client_learn_local(client_facts *client) noexcept nogil:
    cdef sockaddr_storage storage
    cdef socklen_t size = sizeof(storage)
    if client.local_known:
        return
    client.local_known = True
    if getsockname(client.c.fd, <sockaddr *>&storage, &size) == 0:
        address_store(&storage, &client.local[0], &client.local_port)


# HOST_* of a name by its number.
cdef int client_host(const client_facts *client, int number) noexcept nogil:
    cdef uint64_t bit = <uint64_t>1 << number
    if not client.hosts_known & bit:
        return HOST_UNKNOWN
    return HOST_ALLOWED if client.hosts_allowed & bit else HOST_DENIED


cdef void client_host_learn(
        client_facts *client, int number, bint allowed) noexcept nogil:
    cdef uint64_t bit = <uint64_t>1 << number
    ASSERT(number < HOST_NAMES_MAX)
    client.hosts_known |= bit
    if allowed:
        client.hosts_allowed |= bit
    else:
        client.hosts_allowed &= ~bit


# Another address than that of the connection; and that one again.
cdef void client_replace(
        client_facts *client, unsigned char how, const unsigned char *address,
        unsigned short port) noexcept nogil:
    if client.replaced == REPLACED_NOT:
        memcpy(&client.peer[0], &client.remote[0], sizeof(client.peer))
        client.peer_port = client.remote_port
    client.replaced = how
    client_set_remote(client, address, port)


cdef void client_restore(client_facts *client) noexcept nogil:
    client.replaced = REPLACED_NOT
    client_set_remote(client, &client.peer[0], client.peer_port)


cdef void client_set_remote(
        client_facts *client, const unsigned char *address,
        unsigned short port) noexcept nogil:
    memmove(&client.remote[0], address, sizeof(client.remote))
    client.remote_port = port
    client.remote_known = False
    client.hosts_known = 0


# Who has connected.
cdef const unsigned char *client_peer(client_facts *client) noexcept nogil:
    return &client.remote[0] if client.replaced == REPLACED_NOT else &client.peer[0]


# "address:port"
cdef str client_text(client_facts *client):
    client_learn_remote(client)
    host = string_of(&client.remote_text[0], client.remote_text_length)
    return f"{host}:{client.remote_port}"


cdef void client_failed(client_facts *client, int vhost) noexcept:
    """Python code of ours raised: say so. It stands in an `except`."""
    import traceback
    try:
        seam_say(
            "error", "core", vhost, client_text(client), 0,
            f"FB0315: [conn {client.number}] {traceback.format_exc()}")
    except Exception:
        pass
