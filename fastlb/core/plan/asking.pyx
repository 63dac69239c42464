"""A request that nobody has sent: a client for it, and words (asking.pxd)."""
# uses: io/watch, plan/plan, plan/client, plan/match, plan/because, plan/decide

cdef enum:
    IMAGINED_PORT = 50000       # from which it has connected

cdef dict DECIDED_WORDS = {
    DECIDED_MEMBER: "member", DECIDED_TUNNEL: "tunnel", DECIDED_ERROR: "error",
    DECIDED_HERE: "here", DECIDED_WAIT: "wait", DECIDED_REDIRECT: "redirect",
    DECIDED_HANDLER: "handler", DECIDED_NOTHING: "nothing", DECIDED_FILE: "file",
}
cdef dict BECAUSE_WORDS = {
    BECAUSE_OF_NOTHING: "", BECAUSE_OF_SECTIONS: "sections",
    BECAUSE_NOT_ASKED: "not asked", BECAUSE_PLAIN: "plain", BECAUSE_DENIED: "denied",
    BECAUSE_MISREAD: "misread", BECAUSE_CLIMBS: "climbs",
    BECAUSE_OF_HANDLER: "handler", BECAUSE_OLD: "old",
    BECAUSE_PASSWORD: "password", BECAUSE_NO_USER: "no user",
    BECAUSE_SCHEME: "scheme", BECAUSE_NO_NAME: "no name", BECAUSE_NO_FILE: "no file",
    BECAUSE_DIRECTORY: "directory",
    BECAUSE_FILE_CLOSED: "file closed", BECAUSE_NOT_HIM: "not him",
    BECAUSE_NO_TYPE: "no type", BECAUSE_NO_REQUIRE: "no require",
    BECAUSE_OF_A_RULE: "rule", BECAUSE_TOO_MANY: "too many",
    BECAUSE_UNKNOWN_TYPE: "unknown type", BECAUSE_METHOD: "method",
    BECAUSE_ELSEWHERE: "elsewhere", BECAUSE_NO_ANSWER: "no answer",
    BECAUSE_NO_CERTIFICATE: "no certificate", BECAUSE_TLS_REQUIRE: "tls require",
    BECAUSE_CIPHER: "cipher", BECAUSE_SPOOF: "spoof", BECAUSE_COLON: "colon",
    BECAUSE_FILE_LARGE: "file large", BECAUSE_DIGEST_NO_NAME: "no name",
    BECAUSE_DIGEST_SCHEME: "scheme", BECAUSE_DIGEST_BROKEN: "digest broken",
    BECAUSE_DIGEST_URI: "digest uri", BECAUSE_DIGEST_OPAQUE: "digest opaque",
    BECAUSE_DIGEST_REALM: "digest realm", BECAUSE_DIGEST_ALGORITHM: "digest algorithm",
    BECAUSE_DIGEST_NO_USER: "no user", BECAUSE_DIGEST_QOP: "digest qop",
    BECAUSE_DIGEST_PASSWORD: "password", BECAUSE_NONCE_FORGED: "nonce forged",
    BECAUSE_NONCE_EARLY: "nonce early", BECAUSE_NONCE_OLD: "nonce old",
    BECAUSE_NONCE_COUNT: "nonce count", BECAUSE_NONCE_CLIENT: "nonce client",
    BECAUSE_NONCE_USED: "nonce used", BECAUSE_NONCE_REPLAYED: "nonce replayed",
}


cdef object told_bytes(const char *data, unsigned int length):
    return None if data == NULL else data[:length]


cdef object told_decided(int what):
    return DECIDED_WORDS[what]


cdef object told_because(int because):
    return BECAUSE_WORDS[because]


cdef object client_imagine(
        client_facts *client, conn *c, int listener, bytes remote, bytes local):
    if len(remote) != ADDRESS_BYTES or len(local) != ADDRESS_BYTES:
        raise ValueError("an address has 16 bytes")
    if not 0 <= listener < plan.listener_count:
        raise ValueError("there is no such listener")
    memset(client, 0, sizeof(client_facts))
    c.fd = -1
    client.c = c
    client.listener = &plan.listeners[listener]
    client.local_known = True
    memcpy(&client.remote[0], <const char *>remote, ADDRESS_BYTES)
    memcpy(&client.local[0], <const char *>local, ADDRESS_BYTES)
    client.local_port = <unsigned short>client.listener.port
    client.remote_port = IMAGINED_PORT
    client.set = match_set(client.listener, client)
