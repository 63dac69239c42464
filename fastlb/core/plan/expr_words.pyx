"""Functions and operators of expressions (expr_words.pxd; ap_expr).

A text of httpd ends at a NUL, so one that is decoded here does, too.
"""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/arena,
#       plan/build, plan/digest, plan/facts, plan/variables

cdef value env_by_name(request_facts *r, value name) noexcept nogil:
    """A variable whose name no configuration holds as it is."""
    cdef int number = plan_env_find(name)
    return r.env[number] if number >= 0 else value(NULL, 0)


cdef value note_by_name(request_facts *r, value name) noexcept nogil:
    """Notes are variables, too: behind their mark, in lower case (plan/build.pyx)."""
    cdef writer w
    arena_write(&r.arena, &w)
    put(&w, b"\0n:", 3)
    put_lower(&w, name.data, name.length)
    return env_by_name(r, arena_written(&r.arena, &w))


cdef const char *terminated(request_facts *r, value word) noexcept nogil:
    """With a NUL behind it, for the system; NULL: no memory."""
    cdef writer w
    arena_write(&r.arena, &w)
    put(&w, word.data, word.length)
    put_byte(&w, 0)
    return arena_written(&r.arena, &w).data


cdef value system_env(request_facts *r, value name) noexcept nogil:
    cdef const char *asked = terminated(r, name)
    cdef const char *found = NULL
    if asked != NULL:
        found = getenv(asked)
    if found == NULL:
        return value(NULL, 0)
    return value(found, <unsigned int>strlen(found))


cdef value any_env(request_facts *r, value name) noexcept nogil:
    """env(): a note, a variable of the request, one of the system."""
    cdef value found = note_by_name(r, name)
    if found.data == NULL:
        found = env_by_name(r, name)
    if found.data == NULL:
        found = system_env(r, name)
    return found


cdef value upper_or_lower(request_facts *r, value word, bint upper) noexcept nogil:
    cdef unsigned int i
    cdef unsigned char c
    cdef writer w
    arena_write(&r.arena, &w)
    if not upper:
        put_lower(&w, word.data, word.length)
        return arena_written(&r.arena, &w)
    for i in range(word.length):
        c = word.data[i]
        put_byte(&w, c - 32 if c'a' <= c <= c'z' else c)
    return arena_written(&r.arena, &w)


cdef bint escapes_in_path(unsigned char c) noexcept nogil:
    """As httpd's ap_escape_path_segment and its table: what escape() escapes."""
    return c <= 32 or c >= 127 or strchr(b"\"#%<>?[\\]^`{|}", c) != NULL


cdef value escaped_path(request_facts *r, value word) noexcept nogil:
    cdef unsigned int i
    cdef unsigned char c
    cdef writer w
    arena_write(&r.arena, &w)
    for i in range(word.length):
        c = word.data[i]
        if escapes_in_path(c):
            put_byte(&w, c'%')
            put_byte(&w, HEX_LOWER[c >> 4])
            put_byte(&w, HEX_LOWER[c & 15])
        else:
            put_byte(&w, c)
    return arena_written(&r.arena, &w)


cdef value unescaped_path(
        request_facts *r, value word, bint has_slashes) noexcept nogil:
    """Empty where an escape is none or a NUL; one of a slash stays as it is, or is none
    where it has no slashes."""
    cdef unsigned int i = 0
    cdef int byte
    cdef writer w
    arena_write(&r.arena, &w)
    while i < word.length:
        if word.data[i] != c'%':
            put_byte(&w, word.data[i])
            i += 1
            continue
        byte = hex_pair(word.data + i + 1) if i + 2 < word.length else -1
        if byte <= 0 or (byte == c'/' and not has_slashes):
            arena_written(&r.arena, &w)
            return value(NULL, 0)
        if byte == c'/':
            put(&w, word.data + i, 3)
        else:
            put_byte(&w, <char>byte)
        i += 3
    return arena_written(&r.arena, &w)


cdef value escaped_ldap(request_facts *r, value word) noexcept nogil:
    cdef unsigned int i
    cdef unsigned char c
    cdef writer w
    arena_write(&r.arena, &w)
    for i in range(word.length):
        c = word.data[i]
        if c < 32 or strchr(b"\"()*+,;<>\\", c) != NULL:
            put_byte(&w, c'\\')
            put_byte(&w, HEX_LOWER[c >> 4])
            put_byte(&w, HEX_LOWER[c & 15])
        else:
            put_byte(&w, c)
    return arena_written(&r.arena, &w)


cdef const char *BASE64 = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


cdef value base64_of(request_facts *r, value word) noexcept nogil:
    cdef unsigned int i = 0, bits
    cdef unsigned int left
    cdef const unsigned char *p = <const unsigned char *>word.data
    cdef writer w
    arena_write(&r.arena, &w)
    while i < word.length:
        left = word.length - i
        bits = p[i] << 16
        if left > 1:
            bits |= p[i + 1] << 8
        if left > 2:
            bits |= p[i + 2]
        put_byte(&w, BASE64[bits >> 18])
        put_byte(&w, BASE64[bits >> 12 & 63])
        put_byte(&w, BASE64[bits >> 6 & 63] if left > 1 else c'=')
        put_byte(&w, BASE64[bits & 63] if left > 2 else c'=')
        i += 3
    return arena_written(&r.arena, &w)


cdef value of_base64(request_facts *r, value word) noexcept nogil:
    """What comes before the first letter that is none; a last one alone is nothing."""
    cdef unsigned int i
    cdef unsigned int bits = 0
    cdef int count = 0
    cdef const char *at
    cdef value out
    cdef writer w
    arena_write(&r.arena, &w)
    for i in range(word.length):
        at = strchr(BASE64, word.data[i]) if word.data[i] else NULL
        if at == NULL:
            break
        bits = bits << 6 | <unsigned int>(at - BASE64)
        count += 6
        if count >= 8:
            count -= 8
            put_byte(&w, <char>(bits >> count & 255))
    out = arena_written(&r.arena, &w)
    if out.data != NULL:
        out.length = <unsigned int>(
            <const char *>memchr_or_end(out.data, 0, out.length) - out.data)
    return out


cdef value hex_of(
        request_facts *r, const unsigned char *bytes_in,
        unsigned int count) noexcept nogil:
    """count: DIGEST_BYTES_MAX at most"""
    cdef char[PAIR_LETTERS * DIGEST_BYTES_MAX] letters
    hex_letters(bytes_in, count, &letters[0])
    return arena_copy(&r.arena, &letters[0], PAIR_LETTERS * count)


cdef value digest_of(request_facts *r, value word, bint sha1) noexcept nogil:
    cdef unsigned char[DIGEST_BYTES_MAX] digest
    cdef const unsigned char *p = <const unsigned char *>word.data
    if sha1:
        digest_sha1(p, word.length, &digest[0])
        return hex_of(r, &digest[0], 20)
    digest_md5(p, word.length, &digest[0])
    return hex_of(r, &digest[0], 16)


cdef bint file_look(value path, struct_stat *found, bint follow) noexcept nogil:
    cdef char[FILE_NAME_BYTES] name
    if path.length == 0 or not copy_terminated(
            &name[0], FILE_NAME_BYTES, path.data, path.length):
        return False
    if follow:
        return stat(&name[0], found) == 0
    return lstat(&name[0], found) == 0


# -d -e -f -s -L -h -x
cdef bint expr_file_is(value path, int letter) noexcept nogil:
    cdef struct_stat found
    cdef bint is_link = letter == c'L' or letter == c'h'
    if not file_look(path, &found, not is_link):
        return False
    if is_link:
        return S_ISLNK(found.st_mode)
    if letter == c'd':
        return S_ISDIR(found.st_mode)
    if letter == c'f':
        return S_ISREG(found.st_mode)
    if letter == c's':
        return S_ISREG(found.st_mode) and found.st_size > 0
    if letter == c'x':
        return found.st_mode & 0o111 != 0
    return True


cdef value file_size(request_facts *r, value path) noexcept nogil:
    cdef struct_stat found
    cdef writer w
    arena_write(&r.arena, &w)
    if file_look(path, &found, True) and S_ISREG(found.st_mode):
        put_number(&w, found.st_size)
    else:
        put_byte(&w, c'0')
    return arena_written(&r.arena, &w)


cdef value file_content(
        request_facts *r, value path, bint *failed) noexcept nogil:
    """Of an ordinary file of at most EXPR_FILE_BYTES_MAX; what is longer fails, and so
    does what has none, as in httpd."""
    cdef struct_stat found
    cdef const char *name = terminated(r, path)
    cdef char *room
    cdef ssize_t got = -1
    cdef int fd
    if name == NULL or path.length == 0:
        failed[0] = True
        return value(NULL, 0)
    # Not a pipe, which would wait for its writer.
    fd = open_file(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if fd < 0:
        failed[0] = True
        return value(NULL, 0)
    if fstat(fd, &found) == 0 and 0 <= found.st_size <= EXPR_FILE_BYTES_MAX:
        room = arena_take(&r.arena, <unsigned int>found.st_size + 1)
        if room == NULL:
            r.arena.starved = True
        else:
            got = read_file(fd, room, <size_t>found.st_size)
    close(fd)
    if got < 0:
        failed[0] = True
        return value(NULL, 0)
    return value(room, <unsigned int>(
        <const char *>memchr_or_end(room, 0, <size_t>got) - room))


# The word that a function makes of one. failed: out, when it could not
cdef value expr_function(
        request_facts *r, int function, value word, bint *failed) noexcept nogil:
    cdef text name
    name.data = word.data
    name.length = word.length
    if function == FUNCTION_TOLOWER or function == FUNCTION_TOUPPER:
        return upper_or_lower(r, word, function == FUNCTION_TOUPPER)
    if function == FUNCTION_REQ:
        return request_field(r, &name)
    if function == FUNCTION_RESP:
        return answer_field(r, &name, -1)
    if function == FUNCTION_REQENV:
        return env_by_name(r, word)
    if function == FUNCTION_NOTE:
        return note_by_name(r, word)
    if function == FUNCTION_OSENV:
        return system_env(r, word)
    if function == FUNCTION_ENV:
        return any_env(r, word)
    if function == FUNCTION_ESCAPE:
        return escaped_path(r, word)
    if function == FUNCTION_UNESCAPE:
        return unescaped_path(r, word, True)
    if function == FUNCTION_BASE64:
        return base64_of(r, word)
    if function == FUNCTION_UNBASE64:
        return of_base64(r, word)
    if function == FUNCTION_MD5 or function == FUNCTION_SHA1:
        return digest_of(r, word, function == FUNCTION_SHA1)
    if function == FUNCTION_FILE:
        return file_content(r, word, failed)
    if function == FUNCTION_FILESIZE:
        return file_size(r, word)
    return escaped_ldap(r, word)


cdef long long expr_number(value word) noexcept nogil:
    """As httpd reads a number: blanks, a sign, digits, and no further.

    What is too large is the largest that there is.
    """
    cdef unsigned int i = 0
    cdef unsigned char c
    cdef bint negative = False
    cdef unsigned long long found = 0
    cdef unsigned long long most = LLONG_MAX
    while i < word.length and (word.data[i] == c' ' or c'\t' <= word.data[i] <= c'\r'):
        i += 1
    if i < word.length and (word.data[i] == c'-' or word.data[i] == c'+'):
        negative = word.data[i] == c'-'
        i += 1
    while i < word.length and c'0' <= word.data[i] <= c'9':
        c = word.data[i] - c'0'
        if found > (most - c) // 10:
            found = most
            break
        found = 10 * found + c
        i += 1
    return -<long long>found if negative else <long long>found


# -T: anything but nothing, "0", "off", "no" and "false".
cdef bint expr_truth(value word) noexcept nogil:
    if word.length == 0 or (word.length == 1 and word.data[0] == c'0'):
        return False
    if word.length == 3 and bytes_equal_nocase(word.data, b"off", 3):
        return False
    if word.length == 2 and bytes_equal_nocase(word.data, b"no", 2):
        return False
    return not (word.length == 5 and bytes_equal_nocase(word.data, b"false", 5))


cdef int glob_class(
        value pattern, unsigned int *at, unsigned char c, int how) noexcept nogil:
    """The brackets at at: 1 or 0 whether they hold c, at behind them; FAILED: they are
    not closed, and stand for themselves."""
    cdef unsigned int q = at[0] + 1
    cdef unsigned char low, high, d = char_lower(c) if how & GLOB_IGNORES_CASE else c
    cdef bint negated = q < pattern.length and (
        pattern.data[q] == c'!' or pattern.data[q] == c'^')
    cdef bint hit = False, first = True
    if negated:
        q += 1
    while q < pattern.length and (first or pattern.data[q] != c']'):
        first = False
        if pattern.data[q] == c'\\' and q + 1 < pattern.length:
            q += 1
        low = high = <unsigned char>pattern.data[q]
        q += 1
        if q + 1 < pattern.length and pattern.data[q] == c'-' \
                and pattern.data[q + 1] != c']':
            high = <unsigned char>pattern.data[q + 1]
            q += 2
        hit |= low <= c <= high
        if how & GLOB_IGNORES_CASE:
            hit |= char_lower(low) <= d <= char_lower(high)
    if q >= pattern.length:
        return FAILED
    at[0] = q + 1
    return hit != negated and (how & GLOB_CROSSES or c != c'/')


# 1, 0; FAILED: more steps than EXPR_GLOB_STEPS_MAX
cdef int expr_glob(value pattern, value subject, int how) noexcept nogil:
    cdef unsigned int p = 0, s = 0, star_p = 0, star_s = 0, at
    cdef bint starred = False
    cdef int steps = EXPR_GLOB_STEPS_MAX
    cdef int inside
    cdef unsigned char c, d
    while s < subject.length:
        steps -= 1
        if unlikely(steps == 0):
            return FAILED
        d = subject.data[s]
        if p < pattern.length:
            c = pattern.data[p]
            if c == c'*':
                starred = True
                p += 1
                star_p = p
                star_s = s
                continue
            if c == c'?' and (how & GLOB_CROSSES or d != c'/'):
                p += 1
                s += 1
                continue
            if c == c'[':
                at = p
                inside = glob_class(pattern, &at, d, how)
                if inside == 1:
                    p = at
                    s += 1
                    continue
                if inside == FAILED and d == c'[':
                    p += 1
                    s += 1
                    continue
            elif c != c'?':
                at = p
                if c == c'\\' and p + 1 < pattern.length:
                    at += 1
                    c = pattern.data[at]
                if c == d or (
                        how & GLOB_IGNORES_CASE and char_lower(c) == char_lower(d)):
                    p = at + 1
                    s += 1
                    continue
        if not starred or (
                not how & GLOB_CROSSES and subject.data[star_s] == c'/'):
            return 0
        star_s += 1
        s = star_s
        p = star_p
    while p < pattern.length and pattern.data[p] == c'*':
        p += 1
    return p == pattern.length


cdef bint expr_address(value word, unsigned char *address) noexcept nogil:
    """An address in one of the ways that the system reads. False: it is none.

    No name is looked up, as httpd would: a request does not wait for that.
    """
    cdef char[ADDRESS_SPELLED_BYTES] spelled
    cdef in_addr four
    if word.length == 0 or not copy_terminated(
            &spelled[0], ADDRESS_SPELLED_BYTES, word.data, word.length):
        return False
    memset(address, 0, ADDRESS_BYTES)
    if memchr(&spelled[0], c':', word.length) != NULL:
        return inet_pton(AF_INET6, &spelled[0], address) == 1
    if strspn(&spelled[0], b"0123456789.xabcdefABCDEFX") != word.length \
            or inet_aton(&spelled[0], &four) == 0:
        return False
    address[10] = 255
    address[11] = 255
    memcpy(address + 12, &four, 4)
    return True
