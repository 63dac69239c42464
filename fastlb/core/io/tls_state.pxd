# What a connection knows of its TLS (tls_stream.pyx).
#
# uses: ground/text

# What a peer's certificate is measured by (facts.tls.Verify), and what was found.
cdef enum:
    VERIFY_NONE = 0
    VERIFY_OPTIONAL = 1
    VERIFY_REQUIRE = 2
    VERIFY_OPTIONAL_NO_CA = 3

cdef struct tls_state:
    void *ssl
    flag established            # the handshake is over
    flag failed                 # after a fatal error nothing may be said any more
    unsigned char verify        # VERIFY_*
    flag no_crl_is_fine         # SSLCARevocationCheck ... no_crl_for_cert_ok
    int write_size              # of the record that was begun; 0: none
    unsigned int burst_bytes    # sent since the connection was silent
    long long wrote_us          # when it last took anything
    # of the peer's certificate; 0: nothing is wrong
    int chain_error             # X509_V_ERR_* of its issuers or their signatures
    int name_error              # it is not for the name that was asked for,
    unsigned char names_asked   # in any of the forms that it was asked in,
    unsigned char names_wrong   # or only not in so many of them
    int date_error              # before or after its time
    unsigned long long acked    # stream_note_heard
    unsigned long long name_hash    # of the name that a member was asked for
    value *variables            # SSL_*, once asked for (flow/tls_variables.pyx)
