"""OCSP answers in handshakes (staples.pxd)."""
# uses: shared

cdef extern from "<time.h>" nogil:
    time_t staple_now "time"(time_t *out)

cdef enum:
    STATUS_SENT = 0             # SSL_TLSEXT_ERR_OK
    STATUS_NOT_SENT = 3         # SSL_TLSEXT_ERR_NOACK: the handshake goes on without

STAPLE_FUNCTIONS = (
    "SSL_get_certificate", "SSL_set_tlsext_status_ocsp_resp", "OPENSSL_malloc",
    "OPENSSL_free",
)

STAPLE_ANSWER_MAX = STAPLE_BYTES_MAX    # for Python: an enum's name is C's alone

cdef staple_library staple_tls


cdef int staple_on_request(void *ssl, void *slots) noexcept nogil:
    """The library calls it when a client asks for an answer
    (SSL_CTX_set_tlsext_status_cb); slots: the first of the context. returns
    SSL_TLSEXT_ERR_OK or _NOACK."""
    cdef const staple_slot *s = <const staple_slot *>slots
    cdef void *certificate = staple_tls.SSL_get_certificate(ssl)
    cdef uint64_t left = s.count
    cdef char *copy = NULL
    cdef uint32_t size
    while s.certificate != certificate:
        left -= 1
        if left == 0:
            return STATUS_NOT_SENT
        s += 1
    size = staple_read(s, staple_now(NULL), &copy)
    if size == 0:
        return STATUS_NOT_SENT
    # The connection frees it.
    if staple_tls.SSL_set_tlsext_status_ocsp_resp(
            ssl, <unsigned char *>copy, <int>size) != 1:
        staple_tls.OPENSSL_free(copy)
        return STATUS_NOT_SENT
    return STATUS_SENT


cdef uint32_t staple_read(
        const staple_slot *s, int64_t now_s, char **copy) noexcept nogil:
    """Copy the answer into memory of the library's. returns its size, 0: there is
    none."""
    cdef uint32_t before, size
    cdef int _reads
    for _reads in range(STAPLE_READS_MAX):
        before = atomic_get_acquire_u32(&s.version)
        if before & 1:
            continue
        size = atomic_get_u32(&s.size)
        if size == 0 or size > STAPLE_BYTES_MAX \
                or now_s >= atomic_get_i64(&s.expires_s):
            return 0
        copy[0] = <char *>staple_tls.OPENSSL_malloc(size)
        if copy[0] == NULL:
            return 0
        memcpy(copy[0], &s.answer[0], size)
        atomic_fence_acquire()
        if atomic_get_u32(&s.version) == before:
            return size
        staple_tls.OPENSSL_free(copy[0])
    return 0


cdef void staple_write(
        staple_slot *s, const char *answer, uint32_t size,
        int64_t expires_s) noexcept nogil:
    # a writer that died left the version odd: the next one goes on from there
    cdef uint32_t odd = atomic_get_u32(&s.version) | 1
    atomic_set_u32(&s.version, odd)
    atomic_fence_release()
    memcpy(&s.answer[0], answer, size)
    atomic_set_u32(&s.size, size)
    atomic_set_i64(&s.expires_s, expires_s)
    atomic_set_release_u32(&s.version, odd + 1)


@final
cdef class Staples:
    """The answers for the certificates of one context (`_core.pyi`)."""

    cdef shared_part part
    cdef readonly int count
    cdef readonly size_t address
    cdef readonly size_t callback

    def __init__(self, certificates, functions):
        cdef void **pointers = <void **>&staple_tls
        cdef staple_slot *slots
        cdef int i
        if sizeof(staple_slot) != STAPLE_SLOT_SIZE or not certificates:
            raise ValueError("a context has a certificate, and each a slot")
        for i, name in enumerate(STAPLE_FUNCTIONS):
            pointers[i] = <void *><size_t>functions[name]
        if shared_make(
                &self.part, len(certificates) * STAPLE_SLOT_SIZE, WRITES_MONITOR,
                NULL) < 0:
            raise OSError(errno, "mmap failed")
        slots = <staple_slot *>self.part.writing
        self.address = <size_t>self.part.reading
        self.callback = <size_t>&staple_on_request
        self.count = len(certificates)
        for i, certificate in enumerate(certificates):
            slots[i].certificate = <void *><size_t>certificate
            slots[i].count = <uint64_t>(self.count - i)

    def __dealloc__(self):
        shared_end(&self.part)

    def put(self, int index, bytes answer not None, long long expires_s):
        if not 0 <= index < self.count:
            raise IndexError(index)
        if len(answer) > STAPLE_BYTES_MAX:
            raise ValueError("an answer of that size is not kept")
        if self.part.writing == NULL:
            raise RuntimeError("only master and monitor write answers")
        staple_write(
            <staple_slot *>self.part.writing + index, answer, <uint32_t>len(answer),
            expires_s)

    def get(self, int index, long long now_s):
        cdef char *copy = NULL
        cdef uint32_t size
        if not 0 <= index < self.count:
            raise IndexError(index)
        size = staple_read(
            <const staple_slot *>self.part.reading + index, now_s, &copy)
        if size == 0:
            return None
        try:
            return copy[:size]
        finally:
            staple_tls.OPENSSL_free(copy)
