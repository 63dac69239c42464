# Who asks: what is known of a client's connection. It is a part of the downstream;
# whoever drives the plan without a socket fills it in, with the addresses known.

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
    bint named                  # the handshake named a server (SNI)
    int requests                # answered on this connection
    unsigned char replaced      # REPLACED_*: remote is not the peer of the connection
    unsigned long number        # of the connection, for the log
    signed char host_known[HOST_NAMES_MAX]  # HOST_*: by number of a host's name
    bint remote_known
    bint local_known
    unsigned short remote_port
    unsigned short local_port
    unsigned short peer_port
    unsigned char remote[ADDRESS_BYTES]     # who asks, for whatever is decided or said
    unsigned char peer[ADDRESS_BYTES]       # who has connected, where that is another
    unsigned char local[ADDRESS_BYTES]
    unsigned char remote_text_length
    char remote_text[ADDRESS_TEXT_BYTES]    # of the client's address
