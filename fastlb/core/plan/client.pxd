# Who asks: what is known of a client's connection. It is a part of the downstream;
# whoever drives the plan without a socket fills it in, with the addresses known.

# Is that the name of the client (Require host)?
cdef enum:
    HOST_UNKNOWN = 0
    HOST_ALLOWED = 1
    HOST_DENIED = 2

# Whose word it is that somebody else asks than who has connected.
cdef enum:
    REPLACED_NOT = 0
    REPLACED_BY_PREFACE = 1     # a PROXY header's, for the connection
    REPLACED_BY_FIELD = 2       # RemoteIPHeader's, for one request

cdef struct client_facts:
    conn *c                     # asked for addresses, and for what its TLS knows
    plan_vhost *tls_vhost       # of the handshake; NULL: plain
    plan_set *set               # virtual hosts of the local address
    plan_listener *listener
    unsigned long number        # of the connection, for the log
    uint64_t hosts_known        # bits by number of a host's name
    uint64_t hosts_allowed
    int requests                # answered on this connection
    unsigned char replaced      # REPLACED_*: remote is not the peer of the connection
    flag named                  # the handshake named a server (SNI)
    flag has_error_line         # the error log has told of it
    flag remote_known
    flag local_known
    unsigned short remote_port
    unsigned short local_port
    unsigned short peer_port
    unsigned char remote[ADDRESS_BYTES]     # who asks, for whatever is decided or said
    unsigned char peer[ADDRESS_BYTES]       # who has connected, where that is another
    unsigned char local[ADDRESS_BYTES]
    unsigned char remote_text_length
    char remote_text[ADDRESS_TEXT_BYTES]    # of the client's address

# What was found out about a name by its number, below HOST_NAMES_MAX.
cdef void client_host_learn(
    client_facts *client, int number, bint allowed) noexcept nogil
