"""Words of a text that a request has filled in, as httpd divides a line of its
configuration: blanks end them, quotes hold blanks, a backslash stands before a quote or
another backslash.
"""
# uses: ground/text, io/writer, ground/arena, plan/facts, plan/expr

cdef bint is_space(char c) noexcept nogil:
    return c == c' ' or 9 <= c <= 13


cdef unsigned int word_length(value text, char quote) noexcept nogil:
    """Up to the quote that ends it, or to a blank."""
    cdef unsigned int i = 0
    while i < text.length:
        if quote == 0:
            if is_space(text.data[i]):
                break
        elif text.data[i] == quote:
            break
        elif text.data[i] == c'\\' and i + 1 < text.length and (
                text.data[i + 1] == quote or text.data[i + 1] == c'\\'):
            i += 1
        i += 1
    return i


cdef value word_unescaped(
        request_facts *r, value word, char quote) noexcept nogil:
    cdef unsigned int i = 0
    cdef writer w
    if memchr(word.data, c'\\', word.length) == NULL:
        return word
    arena_write(&r.arena, &w)
    while i < word.length:
        if word.data[i] == c'\\' and i + 1 < word.length and (
                word.data[i + 1] == c'\\' or (quote and word.data[i + 1] == quote)):
            i += 1
        put_byte(&w, word.data[i])
        i += 1
    return arena_written(&r.arena, &w)


cdef value value_after(value v, unsigned int at) noexcept nogil:
    return value(v.data + at, v.length - at)


cdef bint next_word(request_facts *r, value *rest, value *word) noexcept nogil:
    """rest: in and out, what follows the word. False: there is none, or an empty one,
    which ends the list"""
    cdef char quote = 0
    cdef unsigned int length
    while rest.length and is_space(rest.data[0]):
        rest[0] = value_after(rest[0], 1)
    if rest.length == 0:
        return False
    if rest.data[0] == c'"' or rest.data[0] == c"'":
        quote = rest.data[0]
        rest[0] = value_after(rest[0], 1)
    length = word_length(rest[0], quote)
    word[0] = word_unescaped(r, value(rest.data, length), quote)
    if quote and length < rest.length:
        length += 1
    rest[0] = value_after(rest[0], length)
    return word.length > 0


cdef value words_of(request_facts *r, int expr) noexcept nogil:
    """The text of an expression, up to a NUL; data NULL: it could not be worked out"""
    cdef value found = expr_text(r, expr, NULL)
    if found.length:
        found.length = <unsigned int>(<const char *>memchr_or_end(
            found.data, 0, found.length) - found.data)
    return found


cdef value words_listed(request_facts *r, value words) noexcept nogil:
    """Each with a NUL behind it."""
    cdef value word
    cdef writer w
    arena_write(&r.arena, &w)
    while next_word(r, &words, &word):
        put(&w, word.data, word.length)
        put_byte(&w, 0)
    return arena_written(&r.arena, &w)
