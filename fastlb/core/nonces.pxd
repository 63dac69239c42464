# What AuthType Digest gives to clients once, in memory that all workers share.
#
# A nonce is a number and a signature over it: whoever has the secret knows its own
# again, and nothing is kept of it. The number is a time, or, where a nonce serves once,
# a count. What must be kept is which number a client has used last, and how often
# (AuthDigestNcCheck, AuthDigestNonceLifetime 0): one word for each client, which only
# rises.
#
#   part    heads | group | group | ...         a group: NONCE_WAYS clients
#   key     the client's number, times 2; + 1: its nonces serve once. 0: nobody
#   used    44 bits of the nonce's number, 20 bits of the count; 0: none was used
#
# A client stands in the group that its key names. A new one takes the place of the
# client there that has used nothing, or the oldest nonce; who lost its place gets
# another number and asks again, without its user.
#
# The secret is made with the table, by the master, and inherited; a reload keeps both.

cdef enum:
    NONCE_WAYS = 8
    NONCE_BYTES = 48            # 16 letters of the number, 32 of the signature
    NONCE_COUNT_BITS = 20

# What has become of a nonce that was used.
cdef enum:
    NONCE_UNTRIED = 0
    NONCE_ACCEPTED = 1
    NONCE_CLIENT_GONE = 2       # its client has lost its place
    NONCE_USED = 3              # its number, or its count, is not above the last one
    NONCE_WORN = 4              # it has served as often as can be counted

cdef struct nonce_client:
    uint64_t key
    uint64_t used

cdef struct nonce_heads:
    uint64_t clients            # keys that were given
    uint64_t numbers            # of nonces that serve once

cdef struct nonce_view:
    shared_part part
    nonce_heads *heads
    nonce_client *clients
    uint64_t group_count
    uint64_t secret[2]

# Is it one of ours, for these? number is set.
cdef bint nonce_is_ours(
    const nonce_view *v, value nonce, bint serves_once, value opaque, text realm,
    uint64_t *number) noexcept nogil
