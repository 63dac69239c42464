# MD5 and SHA-1 (digest.h), and what is known of a client that proves with the former
# who it is: Authorization of the scheme Digest (RFC 7616 3.4).
#
# uses: ground/text

cdef extern from "plan/digest.h" nogil:
    enum:
        MD5_KNOWN_BITS
    struct md5_run:
        pass
    struct md5_known:
        pass
    void md5_begin(md5_run *run, md5_known *known)
    void md5_add(md5_run *run, const void *data, size_t length)
    void md5_add_letter(md5_run *run, unsigned char letter)
    void md5_end(md5_run *run, unsigned char *out)
    void digest_md5(const unsigned char *text, size_t length, unsigned char *out)
    void digest_sha1(const unsigned char *text, size_t length, unsigned char *out)

cdef enum:
    MD5_BYTES = 16
    MD5_LETTERS = 32            # in hexadecimal

cdef enum:
    LOGIN_MISSING = 0           # the field is
    LOGIN_OTHER = 1             # of another scheme
    LOGIN_BROKEN = 2            # it lacks something, or stands there twice
    LOGIN_WHOLE = 3

# In the request's arena, read once. Values without backslashes; data NULL: not there.
cdef struct digest_login:
    int status                  # LOGIN_*
    value user
    value realm
    value nonce
    value uri
    value response
    value algorithm
    value cnonce
    value opaque
    value qop
    value count                 # nc
    # what was found out about it (digest_auth.pyx)
    uint64_t client             # that opaque names; 0: none
    uint64_t number             # of its nonce
    int state                   # NONCE_*
    uint64_t told               # the client that the challenge names; 0: not made yet
    bint is_gone                # ... since its own has lost its place
    value hash                  # of user, realm and password; from the file
