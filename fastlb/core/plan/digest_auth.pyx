"""AuthType Digest (digest_auth.pxd)."""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/arena, nonces,
#       io/watch, http/scan, plan/verdicts, plan/access_plan, plan/plan, plan/digest,
#       plan/facts, plan/because, plan/auth_said, plan/access, plan/digest_login

cdef enum:
    NEXT_NONCE_MS = 30000       # before the end of a nonce the next one is told

# First blocks of logins; of users they hold no more than the verdicts do.
cdef md5_known[1 << MD5_KNOWN_BITS] md5_blocks


# What is hashed ------------------------------------------------------------------

cdef void md5_letters(md5_run *run, char *out) noexcept nogil:
    """Of what was added, MD5_LETTERS of hexadecimal."""
    cdef unsigned char[MD5_BYTES] digest
    md5_end(run, &digest[0])
    hex_letters(&digest[0], MD5_BYTES, out)


cdef void md5_part(md5_run *run, value part) noexcept nogil:
    md5_add(run, part.data, part.length)
    md5_add_letter(run, c":")


# out: MD5_LETTERS
cdef void digest_response(
        const digest_login *login, value method, char *out) noexcept nogil:
    """RFC 7616 3.4.1; method empty: what the server proves itself with (3.5)."""
    cdef md5_run run
    cdef char[MD5_LETTERS] target
    md5_begin(&run, &md5_blocks[0])
    md5_part(&run, method)
    md5_add(&run, login.uri.data, login.uri.length)
    md5_letters(&run, &target[0])
    md5_begin(&run, &md5_blocks[0])
    md5_part(&run, login.hash)
    md5_part(&run, login.nonce)
    md5_part(&run, login.count)
    md5_part(&run, login.cnonce)
    md5_part(&run, login.qop)
    md5_add(&run, &target[0], MD5_LETTERS)
    md5_letters(&run, out)


cdef bint is_same_secret(value a, value b) noexcept nogil:
    """Its time tells nothing of how much is the same."""
    cdef unsigned char wrong = 0
    cdef unsigned int i
    if a.length != b.length or a.data == NULL or b.data == NULL:
        return False
    for i in range(a.length):
        wrong |= <unsigned char>(a.data[i] ^ b.data[i])
    return wrong == 0


# The challenge -------------------------------------------------------------------

cdef uint64_t digest_now_ms() noexcept nogil:
    return <uint64_t>(watch.now_us // 1000)


cdef value opaque_of(request_facts *r, uint64_t client) noexcept nogil:
    cdef writer w
    if client == 0:
        return value(NULL, 0)
    arena_write(&r.arena, &w)
    put_hex(&w, client)
    return arena_written(&r.arena, &w)


cdef void put_new_nonce(
        writer *w, const plan_auth *said, value opaque) noexcept nogil:
    cdef bint once = said.digest.lifetime_ms == 0
    cdef uint64_t number = nonce_number(plan.nonces) if once else digest_now_ms()
    put_nonce(w, plan.nonces, number, once, opaque, said.name)


cdef void client_told(digest_login *login, const plan_digest *said) noexcept nogil:
    """The number that it gets; once for a request, however often it is asked."""
    cdef bint once = said.lifetime_ms == 0
    if login.told:
        return
    if login.opaque.data == NULL:
        if said.counts or once:
            login.told = nonce_client_new(plan.nonces, once)
    elif nonce_client_is_known(plan.nonces, login.client, once):
        login.told = login.client
    else:
        login.told = nonce_client_new(plan.nonces, once)
        login.is_gone = True


# Ask for a name and a password. stale: they were right, only the nonce is not
cdef void digest_challenge(
        request_facts *r, const plan_auth *said, bint stale) noexcept nogil:
    cdef digest_login *login = digest_read(r)
    cdef value opaque
    cdef writer w
    if login == NULL:
        return
    client_told(login, said.digest)
    opaque = opaque_of(r, login.told)
    arena_write(&r.arena, &w)
    put(&w, b'Digest realm="', 14)
    put(&w, said.name.data, said.name.length)
    put(&w, b'", nonce="', 10)
    put_new_nonce(&w, said, opaque)
    put(&w, b'", algorithm=MD5', 16)
    if opaque.length:
        put(&w, b', opaque="', 10)
        put(&w, opaque.data, opaque.length)
        put(&w, b'"', 1)
    if r.mapping == NULL and r.req.method_id != METHOD_CONNECT:
        # Of what a member answers it is not told, as by httpd.
        put(&w, said.digest.domain.data, said.digest.domain.length)
    if stale or login.is_gone:
        put(&w, b", stale=true", 12)
    put(&w, b', qop="auth"', 12)
    r.challenge = arena_written(&r.arena, &w)


cdef int digest_refused(
        request_facts *r, const plan_auth *said, bint stale, int *because,
        int why) noexcept nogil:
    because[0] = why
    digest_challenge(r, said, stale)
    return 401


# Who it is -----------------------------------------------------------------------

cdef bint count_read(value count, uint64_t *out) noexcept nogil:
    """nc: hexadecimal digits, eight by the RFC."""
    return hex_read(count.data, count.length, out)


cdef int nonce_judge(
        request_facts *r, const plan_auth *said, digest_login *login,
        int *because) noexcept nogil:
    """The password was right: is the nonce? returns 0 or 401"""
    cdef const plan_digest *d = said.digest
    cdef bint once = d.lifetime_ms == 0
    cdef uint64_t now_ms = digest_now_ms()
    cdef uint64_t count = 0
    if not nonce_is_ours(
            plan.nonces, login.nonce, once, login.opaque, said.name, &login.number):
        # One that serves once is as good where others live: another reading of the
        # path may ask for it, and a client has only one to give.
        if once or not login.client & 1 or not nonce_is_ours(
                plan.nonces, login.nonce, True, login.opaque, said.name,
                &login.number):
            return digest_refused(r, said, True, because, BECAUSE_NONCE_FORGED)
        once = True
    if not once and d.lifetime_ms > 0:
        if login.number > now_ms:
            return digest_refused(r, said, True, because, BECAUSE_NONCE_EARLY)
        if now_ms - login.number > <uint64_t>d.lifetime_ms:
            return digest_refused(r, said, True, because, BECAUSE_NONCE_OLD)
    if not d.counts and not once:
        login.state = NONCE_ACCEPTED
        return 0
    if not count_read(login.count, &count):
        return digest_refused(r, said, False, because, BECAUSE_NONCE_COUNT)
    if login.state == NONCE_UNTRIED:
        # Once for a request, however often it is decided about.
        login.state = nonce_use(plan.nonces, login.client, login.number, count)
    if login.state == NONCE_ACCEPTED:
        return 0
    if login.state == NONCE_CLIENT_GONE or login.state == NONCE_WORN:
        return digest_refused(r, said, True, because, BECAUSE_NONCE_CLIENT)
    if once:
        return digest_refused(r, said, True, because, BECAUSE_NONCE_USED)
    return digest_refused(r, said, False, because, BECAUSE_NONCE_REPLAYED)


cdef bint realm_is(value realm, text name) noexcept nogil:
    """... AuthName as a client reads it: without its backslashes?"""
    cdef unsigned int i = 0
    cdef unsigned int at = 0
    if likely(memchr_or_end(name.data, c'\\', name.length) == name.data + name.length):
        return same_text(realm, value(name.data, name.length))
    while i < name.length:
        if name.data[i] == c'\\' and i + 1 < name.length:
            i += 1
        if at == realm.length or realm.data[at] != name.data[i]:
            return False
        at += 1
        i += 1
    return at == realm.length


cdef int login_judge(
        request_facts *r, const plan_auth *said,
        const digest_login *login) noexcept nogil:
    """Was it made for this, as far as no file is asked? returns BECAUSE_*"""
    if not digest_uri_matches(r, login):
        return BECAUSE_DIGEST_URI
    if login.opaque.data != NULL and login.client == 0:
        return BECAUSE_DIGEST_OPAQUE
    if login.realm.length > PASSWORD_BYTES_MAX or not realm_is(
            login.realm, said.name):
        return BECAUSE_DIGEST_REALM
    if login.algorithm.data != NULL and not (
            login.algorithm.length == 3 and bytes_equal_nocase(
                login.algorithm.data, b"md5", 3)):
        return BECAUSE_DIGEST_ALGORITHM
    return BECAUSE_OF_NOTHING


cdef int hash_verdict(
        request_facts *r, const plan_auth *said, digest_login *login,
        int *because) noexcept nogil:
    """What the files hold of the user in this realm."""
    cdef const plan_providers *providers = said.digest.providers
    cdef int verdict = VERDICT_NOBODY
    cdef int i, file
    if likely(providers == NULL):
        return file_verdict(r, said.user_file, login, because)
    for i in range(providers.count):
        file = providers.list[i].user_file
        if file < 0:
            file = said.user_file
            if providers.list[i].kind == PROVIDER_DBM:
                file = said.dbm_user_file
        verdict = file_verdict(r, file, login, because)
        if verdict != VERDICT_NOBODY:
            break
    return verdict


cdef int file_verdict(
        request_facts *r, int file, digest_login *login,
        int *because) noexcept nogil:
    cdef auth_question q
    memset(&q, 0, sizeof(q))
    q.kind = ASKS_HASH
    q.file = file
    q.user = login.user
    q.secret = login.realm      # which is the one that is asked for
    q.names_number = -1
    because[0] = BECAUSE_FILE_CLOSED
    if q.file < 0:
        because[0] = BECAUSE_NO_FILE
        return VERDICT_FAULT
    return access_verdict(r, &q, &login.hash)


cdef int authenticate_digest(
        request_facts *r, const plan_auth *said, int *because) noexcept nogil:
    cdef char[MD5_LETTERS] proof
    cdef digest_login *login
    cdef int verdict, why
    r.user = value(NULL, 0)
    because[0] = BECAUSE_DIGEST_NO_NAME
    if said.name.data == NULL:
        return 500
    login = digest_read(r)
    if login == NULL:
        return 500
    if login.status != LOGIN_WHOLE:
        return digest_refused(
            r, said, False, because,
            BECAUSE_OF_NOTHING if login.status == LOGIN_MISSING else
            BECAUSE_DIGEST_SCHEME if login.status == LOGIN_OTHER else
            BECAUSE_DIGEST_BROKEN)
    r.user = login.user
    why = login_judge(r, said, login)
    if why == BECAUSE_DIGEST_URI:
        because[0] = why
        return 400
    if why != BECAUSE_OF_NOTHING:
        return digest_refused(r, said, False, because, why)
    verdict = hash_verdict(r, said, login, because)
    if verdict == VERDICT_BUSY:
        because[0] = BECAUSE_TOO_MANY
        return 503
    if verdict == VERDICT_LARGE:
        because[0] = BECAUSE_FILE_LARGE
        return 500
    if verdict == VERDICT_FAULT or verdict == VERDICT_UNKNOWN:
        return 500
    if verdict != VERDICT_GRANTED:
        return digest_refused(r, said, False, because, BECAUSE_DIGEST_NO_USER)
    if login.qop.length != 4 or not name_is(login.qop.data, b"auth", 4):
        return digest_refused(r, said, False, because, BECAUSE_DIGEST_QOP)
    digest_response(login, request_part(r, r.req.method), &proof[0])
    if not is_same_secret(login.response, value(&proof[0], MD5_LETTERS)):
        return digest_refused(r, said, False, because, BECAUSE_DIGEST_PASSWORD)
    return nonce_judge(r, said, login, because)


# What it is told -----------------------------------------------------------------

cdef void put_quoted(writer *w, value text) noexcept nogil:
    """With a backslash before a quote that has none, as httpd."""
    cdef unsigned int i
    cdef bint escaped = False
    for i in range(text.length):
        if text.data[i] == c'"' and not escaped:
            put_byte(w, c'\\')
        escaped = text.data[i] == c'\\' and not escaped
        put_byte(w, text.data[i])


cdef bint next_nonce_is_due(
        const plan_digest *d, const digest_login *login) noexcept nogil:
    if d.lifetime_ms == 0:
        return login.client != 0
    return d.lifetime_ms > 0 and (
        <int64_t>(digest_now_ms() - login.number) > d.lifetime_ms - NEXT_NONCE_MS)


# Authentication-Info of an answer that is made here; data NULL: there is none.
cdef value digest_info(request_facts *r) noexcept nogil:
    cdef digest_login *login = r.digest
    cdef plan_auth said
    cdef char[MD5_LETTERS] proof
    cdef writer w
    if login == NULL or login.state != NONCE_ACCEPTED:
        return value(NULL, 0)
    said = auth_said(r)
    if said.kind != AUTH_DIGEST:
        return value(NULL, 0)
    digest_response(login, value(b"", 0), &proof[0])
    arena_write(&r.arena, &w)
    put(&w, b'rspauth="', 9)
    put(&w, &proof[0], MD5_LETTERS)
    put(&w, b'"', 1)
    if next_nonce_is_due(said.digest, login):
        put(&w, b', nextnonce="', 13)
        put_new_nonce(&w, &said, login.opaque)
        put(&w, b'"', 1)
    put(&w, b', cnonce="', 10)
    put_quoted(&w, login.cnonce)
    put(&w, b'", nc=', 6)
    put(&w, login.count.data, login.count.length)
    put(&w, b", qop=", 6)
    put(&w, login.qop.data, login.qop.length)
    return arena_written(&r.arena, &w)
