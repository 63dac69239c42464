# What a connection's socket knows beyond its bytes.

# The stream has ended (CLOSED): had the peer ended it before any of the last `sent`
# bytes was there? Its end acknowledges what had come when it was sent, and of these
# bytes nothing is acknowledged. The bytes of TLS are not ours to count: there nothing
# must have been acknowledged since stream_note_heard, and without that it is False. Not
# to be asked of a stream that ended by a reset, nor of a local one.
cdef bint stream_went_unheard(const conn *c, long long sent) noexcept nogil
