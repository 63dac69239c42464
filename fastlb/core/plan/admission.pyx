"""The phases of access (admission.pxd)."""
# uses: ground/chartable, ground/text, io/writer, ground/arena, plan/verdicts,
#       plan/access_plan, plan/plan, plan/facts, plan/expr, plan/credentials,
#       plan/because, plan/tls_access, plan/auth_said, plan/access, plan/digest_auth


cdef int refused(int *because, int why, int status) noexcept nogil:
    because[0] = why
    return status


cdef void challenge_note(request_facts *r, const plan_auth *said) noexcept nogil:
    """WWW-Authenticate of the answer."""
    cdef writer w
    if said.kind == AUTH_DIGEST:
        digest_challenge(r, said, False)
        return
    arena_write(&r.arena, &w)
    put(&w, b'Basic realm="', 13)
    put(&w, said.name.data, said.name.length)
    put(&w, b'"', 1)
    r.challenge = arena_written(&r.arena, &w)


cdef int authenticate_basic(
        request_facts *r, const plan_auth *said, int *because) noexcept nogil:
    """returns 0 when r.user is who it says, or a status"""
    cdef value password
    cdef int i, found
    cdef int verdict = VERDICT_NOBODY
    if said.name.data == NULL:
        return refused(because, BECAUSE_NO_NAME, 500)
    found = credentials_basic(r, &r.user, &password)
    if unlikely(found == CREDENTIALS_FOUND and r.user.length and r.user.data[0] == c'/'
                and same_word(password, FAKE_PASSWORD)):
        return refused(because, BECAUSE_SPOOF, 403)
    if unlikely(tls_is_user(r)):
        r.user = tls_user_faked(r)
        password = FAKE_PASSWORD
        found = CREDENTIALS_FOUND
        if memchr(r.user.data, c':', r.user.length) != NULL:
            return refused(because, BECAUSE_COLON, 403)
        if r.user.length > USER_BYTES_MAX:
            found = CREDENTIALS_BROKEN
    if found != CREDENTIALS_FOUND:
        r.user = value(NULL, 0)
        challenge_note(r, said)
        return refused(
            because, BECAUSE_OF_NOTHING if found == CREDENTIALS_NONE
            else BECAUSE_SCHEME, 401)
    if likely(said.providers == NULL):
        verdict = password_verdict(r, said, password, PROVIDER_FILE, because)
    else:
        for i in range(said.providers.count):
            verdict = provider_verdict(
                r, said, &said.providers.list[i], password, because)
            if verdict != VERDICT_NOBODY:
                break
    if verdict == VERDICT_GRANTED:
        return 0
    if said.authoritative == 0 and verdict != VERDICT_DENIED:
        return refused(because, BECAUSE_UNKNOWN_TYPE, 500)
    if verdict == VERDICT_BUSY:
        return refused(because, BECAUSE_TOO_MANY, 503)
    if verdict == VERDICT_LARGE:
        return refused(because, BECAUSE_FILE_LARGE, 500)
    if verdict == VERDICT_FAULT:
        return 500
    challenge_note(r, said)
    return refused(
        because, BECAUSE_PASSWORD if verdict == VERDICT_DENIED else BECAUSE_NO_USER,
        401)


cdef int provider_verdict(
        request_facts *r, const plan_auth *said, const plan_provider *provider,
        value password, int *because) noexcept nogil:
    """Of one of several who may know the user."""
    cdef plan_auth own
    if unlikely(provider.is_alias):
        own = said[0]
        alias_said(&own, provider)
        said = &own
    if provider.kind == PROVIDER_ANON:
        return guest_verdict(r.user, password, said.guests)
    return password_verdict(r, said, password, provider.kind, because)


cdef int guest_verdict(
        value user, value password, const plan_guests *guests) noexcept nogil:
    """mod_authn_anon: who names one of these gives an address of mail, or nothing."""
    cdef int i
    cdef bint known = False
    if guests == NULL or (guests.name_count == 0 and not guests.anybody):
        return VERDICT_NOBODY
    if user.length == 0:
        known = guests.may_be_nobody
    else:
        known = guests.anybody
        for i in range(guests.name_count):
            if guests.names[i].length == user.length and bytes_equal_nocase(
                    guests.names[i].data, user.data, user.length):
                known = True
    if not known:
        return VERDICT_NOBODY
    if guests.must_give and password.length == 0:
        return VERDICT_DENIED
    if guests.verify and (
            memchr(password.data, c'@', password.length) == NULL
            or memchr(password.data, c'.', password.length) == NULL):
        return VERDICT_DENIED
    return VERDICT_GRANTED


cdef int password_verdict(
        request_facts *r, const plan_auth *said, value password, int kind,
        int *because) noexcept nogil:
    """Of a file or a directory: PROVIDER_*."""
    cdef bint of_directory = kind == PROVIDER_LDAP
    cdef auth_question q
    cdef value found = value(NULL, 0)
    cdef int verdict
    memset(&q, 0, sizeof(q))
    q.kind = ASKS_PASSWORD
    q.file = said.directory if of_directory else said.user_file
    if kind == PROVIDER_DBM:
        q.file = said.dbm_user_file
    q.user = r.user
    q.secret = password
    because[0] = BECAUSE_DIRECTORY if of_directory else BECAUSE_FILE_CLOSED
    if q.file < 0:
        because[0] = BECAUSE_DIRECTORY if of_directory else BECAUSE_NO_FILE
        return VERDICT_FAULT
    verdict = access_verdict(r, &q, &found)
    if verdict == VERDICT_GRANTED and of_directory and not user_told(
            r, said, &auth_files[q.file], found):
        return VERDICT_FAULT
    if verdict == VERDICT_GRANTED and of_directory:
        r.told_by = q.file + 1
        r.told = said.attributes
    return verdict


cdef bint user_told(
        request_facts *r, const plan_auth *said, const auth_file *directory,
        value found) noexcept nogil:
    """AUTHENTICATE_*, and what he is called from now on (AuthLDAPRemoteUser*).

    False: the directory does not say it, or at too great a length
    """
    cdef value called = r.user
    cdef value part
    cdef int i
    for i in range(said.attribute_count):
        part = part_told(&found)
        if part.data == NULL:
            part = value(b"", 0)
        env_set(r, said.attributes[i], part.data, part.length)
        if i == directory.called_by:
            called = part
    if directory.user_is_dn and directory.called_by < 0:
        called = part_told(&found)
    if not 0 < called.length <= USER_BYTES_MAX:
        return r.user.length == 0 and called.length == 0
    if directory_login >= 0:
        env_set(r, directory_login, r.user.data, r.user.length)
        env_set(r, directory_server, directory.server.data, directory.server.length)
        r.user = called
    return True


cdef int authenticate(
        request_facts *r, const plan_auth *said, int *because) noexcept nogil:
    """Who is it? And then Require once more."""
    cdef int rc, result
    if said.kind <= AUTH_NONE:
        return refused(because, BECAUSE_NO_TYPE, 500)
    if said.kind == AUTH_OTHER:
        return refused(because, BECAUSE_UNKNOWN_TYPE, 500)
    if said.kind == AUTH_DIGEST:
        rc = authenticate_digest(r, said, because)
    else:
        rc = authenticate_basic(r, said, because)
    if rc != 0:
        return rc
    because[0] = BECAUSE_OF_NOTHING
    result = access_requires(r)
    if result == ACCESS_IS_GRANTED or result == ACCESS_IS_UNSAID:
        return 0
    because[0] = BECAUSE_NOT_HIM
    if said.forbids > 0 and result != ACCESS_NEEDS_USER:
        return 403
    challenge_note(r, said)
    return 401


cdef int refused_early(
        request_facts *r, old_access *old, const method_limit *methods,
        int *because) noexcept nogil:
    """AllowMethods; then Order, Allow and Deny. returns 0 or a status"""
    if methods != NULL and methods.name_count and not names_method(
            r, methods.names, methods.name_count):
        return refused(because, BECAUSE_METHOD, 405)
    if old != NULL and not access_old_admits(r, old):
        return refused(because, BECAUSE_OLD, 403)
    return 0


cdef int admitted_elsewhere(request_facts *r, int *because) noexcept nogil:
    """AuthRequest: what does that server say? returns 0 or a status"""
    cdef int number = ELSEWHERE_UNSAID
    cdef int i
    for i in range(r.conf_count):
        if r.confs[i].elsewhere != ELSEWHERE_UNSAID:
            number = r.confs[i].elsewhere
            r.question = r.confs[i].question
    if number < 0:
        return 0
    memset(&r.asks, 0, sizeof(r.asks))
    r.asks.file = number
    r.asks.key.one = ASKS_REQUEST
    r.asks.key.other = number
    for i in range(r.verdict_count):
        if r.verdicts[i].key.one != ASKS_REQUEST \
                or r.verdicts[i].key.other != <uint64_t>number:
            continue
        if r.verdicts[i].verdict == VERDICT_GRANTED:
            return 0
        if r.verdicts[i].verdict == VERDICT_DENIED:
            return refused(because, BECAUSE_ELSEWHERE, r.granted_status)
        return refused(because, BECAUSE_NO_ANSWER, 500)
    r.asks.kind = ASKS_REQUEST
    return refused(because, BECAUSE_NO_ANSWER, 500)


cdef int request_admission(request_facts *r, int *because) noexcept nogil:
    cdef int refusal = admitted_here(r, because)
    if unlikely(plan.any_elsewhere) and refusal == 0 and not r.host_wanted \
            and r.asks.kind == ASKS_NOTHING:
        return admitted_elsewhere(r, because)
    return refusal


cdef int admitted_here(request_facts *r, int *because) noexcept nogil:
    cdef old_access *old = NULL
    cdef method_limit *methods = NULL
    cdef plan_auth said
    cdef bint any_auth = False
    cdef int i, result
    cdef int satisfy = SATISFY_UNSAID
    because[0] = BECAUSE_OF_NOTHING
    r.user = value(NULL, 0)
    r.told_by = 0
    if unlikely(directory_login >= 0):
        r.env[directory_login] = value(NULL, 0)
    r.challenge = value(NULL, 0)
    r.asks.kind = ASKS_NOTHING
    because[0] = tls_refusal(r)
    if unlikely(because[0] != BECAUSE_OF_NOTHING):
        return 403
    if unlikely(plan.any_tls_access and r.client.tls_vhost != NULL
                and not conf_flag(r, CONF_FAKE_BASIC_AUTH, False)):
        r.user = tls_user(r)
    for i in range(r.conf_count):
        any_auth |= r.confs[i].auth != NULL
        if unlikely(r.confs[i].old != NULL):
            # As a whole: httpd has no merging of them.
            old = r.confs[i].old
        if unlikely(r.confs[i].methods != NULL):
            methods = r.confs[i].methods
    if unlikely(old != NULL or methods != NULL):
        if old != NULL:
            satisfy = access_old_word(
                r, old.satisfies, old.satisfy_count, SATISFY_UNSAID)
        i = refused_early(r, old, methods, because)
        if i == 0 and satisfy == SATISFY_ANY:
            return 0
        if i != 0 and satisfy != SATISFY_ANY:
            return i
        because[0] = BECAUSE_OF_NOTHING
    result = access_requires(r)
    if likely(not any_auth):
        if likely(result == ACCESS_IS_GRANTED or result == ACCESS_IS_UNSAID):
            return 0
        if result == ACCESS_NEEDS_USER:
            return refused(because, BECAUSE_NO_TYPE, 500)
        return refused(because, BECAUSE_DENIED, 403)
    if result == ACCESS_IS_GRANTED:
        return 0
    said = auth_said(r)
    if result == ACCESS_IS_UNSAID:
        if said.kind > AUTH_NONE:
            return refused(because, BECAUSE_NO_REQUIRE, 500)
        return 0
    if result == ACCESS_NEEDS_USER:
        return authenticate(r, &said, because)
    return refused(because, BECAUSE_DENIED, 403)
