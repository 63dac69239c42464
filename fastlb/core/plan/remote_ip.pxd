# Who asks, where proxies stand before us (mod_remoteip).
#
# RemoteIPHeader lists a request's way: client, first proxy, second proxy. Whoever has
# connected is the last one; its word about who was before it counts if it is believed,
# then that one's word, and so on to the left. What is left of the list goes on to the
# member, and the client of this request is the last address that was taken.
#
#   who speaks              believed about
#   in no list              nobody; without any list a public address
#   RemoteIPTrustedProxy    a public address
#   RemoteIPInternalProxy   any address, if only internal ones have spoken so far

# Learn it from the head; the address of the connection otherwise.
cdef void remote_ip_learn(request_facts *r) noexcept nogil
# RemoteIPProxyProtocol: does a connection begin with a header? Its addresses are known.
cdef bint preface_is_due(client_facts *client) noexcept nogil
