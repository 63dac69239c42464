# Answers of OCSP responders (RFC 6960): the monitor writes them, workers put them into
# handshakes (RFC 6066 8, "stapling").
#
#   region   slot | slot | ...       one mapping a context, made before the first fork
#   slot     version  size  expires_s  count  certificate | answer
#
# One slot for each certificate of the context. The master makes it, the monitor writes,
# and only version, size, expires_s and answer; workers cannot (shared.pxd). A reader
# compares the version before and after; odd means that a write is under way, or that
# the writer died in it: there is no answer then.

cdef enum:
    STAPLE_SLOT_SIZE = 16384
    STAPLE_BYTES_MAX = 16352        # of an answer; a longer one is not kept
    STAPLE_READS_MAX = 4            # of a record that changes meanwhile

cdef struct staple_slot:
    uint32_t version
    uint32_t size                   # of the answer; 0: none
    int64_t expires_s               # since 1970: from then on it is not sent
    uint64_t count                  # fixed: of the slots from this one on
    void *certificate               # fixed: the X509 as the context holds it
    char answer[STAPLE_BYTES_MAX]   # DER of an OCSPResponse

# In the order of STAPLE_FUNCTIONS: the struct is filled as an array of addresses.
cdef struct staple_library:
    void *(*SSL_get_certificate)(const void *ssl) noexcept nogil
    long (*SSL_set_tlsext_status_ocsp_resp)(
        void *ssl, unsigned char *answer, int size) noexcept nogil
    void *(*OPENSSL_malloc)(size_t size) noexcept nogil
    void (*OPENSSL_free)(void *p) noexcept nogil
