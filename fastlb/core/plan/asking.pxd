# A request that nobody has sent: a client for it, and words for what is decided. For
# whoever asks the plan without a socket (flow/explain.pyx, tests).

# Bytes for Python; None where there are none.
cdef object told_bytes(const char *data, unsigned int length)
# The words for DECIDED_* and BECAUSE_*.
cdef object told_decided(int what)
cdef object told_because(int because)
# A client at that listener; addresses have 16 bytes. c: a connection that is none
cdef object client_imagine(
    client_facts *client, conn *c, int listener, bytes remote, bytes local)
