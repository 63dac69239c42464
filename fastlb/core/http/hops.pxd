# Fields that end at the next hop.

# Fields that end there whether Connection names them or not; all ids < 32.
cdef enum:
    HOP_BY_HOP_IDS = (
        1 << FIELD_CONNECTION | 1 << FIELD_KEEP_ALIVE | 1 << FIELD_PROXY_CONNECTION
        | 1 << FIELD_TE | 1 << FIELD_TRAILER | 1 << FIELD_TRANSFER_ENCODING
        | 1 << FIELD_UPGRADE
    )

# Mark as dropped what must not travel (RFC 9110 7.6.1): Connection and every field it
# names, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade.
# close / keep_alive / upgrade: tokens met in Connection.
# returns 0, or FAILED: more is named than CONNECTION_OPTIONS_MAX, and such a head goes
# nowhere, since not all of that was taken out
cdef struct hop_facts:
    flag close
    flag keep_alive
    flag upgrade
cdef int head_drop_hop_by_hop(
    head *h, const char *data, hop_facts *facts) noexcept nogil
