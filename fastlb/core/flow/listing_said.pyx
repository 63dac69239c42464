"""What a listing shall look like: by all sections together, and by the query.

As mod_autoindex merges, and as it reads ?C=N;O=D. What shows a name and what leaves it
out is asked here, too. Nothing here looks at a disk.
"""
# uses: ground/chartable, ground/text, io/writer, ground/path, ground/arena,
#       http/html, plan/listing_plan, plan/entity, plan/listing, plan/facts,
#       plan/path, plan/mime, plan/expr_words

cdef enum:
    LISTING_NAME_WIDTH = 23     # of names and descriptions, where nothing is said


cdef bint star_match(
        value pattern, value subject, bint ignore_case) noexcept nogil:
    """* and ? alone, as ap_strcmp_match."""
    cdef unsigned int p = 0, s = 0, star_p = 0, star_s = 0
    cdef bint starred = False
    cdef unsigned char c, d
    while s < subject.length:
        if p < pattern.length:
            c = <unsigned char>pattern.data[p]
            d = <unsigned char>subject.data[s]
            if c == c'*':
                starred = True
                p += 1
                star_p = p
                star_s = s
                continue
            if c == c'?' or c == d or (
                    ignore_case and char_lower(c) == char_lower(d)):
                p += 1
                s += 1
                continue
        if not starred:
            return False
        star_s += 1
        s = star_s
        p = star_p
    while p < pattern.length and pattern.data[p] == c'*':
        p += 1
    return p == pattern.length


cdef inline value value_of(const text *t) noexcept nogil:
    return value(t.data, t.length)


# Options -------------------------------------------------------------------------

cdef unsigned int listing_options(const listing *ls) noexcept nogil:
    """As httpd merges them: words without a sign end all that was before."""
    cdef unsigned int options = 0, plus = 0, minus = 0
    cdef const plan_listing *said
    cdef int i
    for i in range(ls.said_count):
        said = ls.said[i]
        if i == 0:
            options = said.options
            plus = said.plus
            minus = said.minus
        elif not said.says_options:
            plus = (plus | said.plus) & ~said.minus
            minus |= said.minus
            options = (options & ~<unsigned int>LISTING_NONE | plus) & ~minus
        else:
            options = said.options
            plus = minus = 0
    return options


cdef void listing_learn(listing *ls, const request_facts *r) noexcept nogil:
    """From the sections that hold for the directory."""
    cdef const plan_listing *said
    cdef int i
    ls.said_count = 0
    for i in range(r.conf_count):
        if r.confs[i].files != NULL and r.confs[i].files.listing != NULL:
            ls.said[ls.said_count] = r.confs[i].files.listing
            ls.said_count += 1
    ls.options = listing_options(ls)
    ls.key = c'N'
    ls.order = c'A'
    ls.name_width = listing_width(False, LISTING_NAME_WIDTH, False)
    ls.about_width = ls.name_width
    for i in range(ls.said_count):
        said = ls.said[i]
        if said.header.data != NULL:
            ls.header = &said.header
        if said.readme.data != NULL:
            ls.readme = &said.readme
        if said.default_icon.data != NULL:
            ls.default_icon = &said.default_icon
        if said.style_sheet.data != NULL:
            ls.style_sheet = &said.style_sheet
        if said.head_insert.data != NULL:
            ls.head_insert = &said.head_insert
        if said.content_type.data != NULL:
            ls.content_type = &said.content_type
        if said.charset.data != NULL:
            ls.charset = &said.charset
        ls.old_dates |= said.old_dates
        if said.icon_width:
            ls.icon_width = said.icon_width
        if said.icon_height:
            ls.icon_height = said.icon_height
        if said.name_width.is_said:
            ls.name_width = said.name_width
        if said.about_width.is_said:
            ls.about_width = said.about_width
        if said.sort_key:
            ls.key = said.sort_key
        if said.sort_order:
            ls.order = said.sort_order


# The query -----------------------------------------------------------------------

cdef char query_letter(value *rest, char name, const char *known) noexcept nogil:
    """"C=N" with its end, if it stands there: its letter, and it is taken off. 0: it
    does not"""
    cdef char letter
    if rest.length < 3 or rest.data[0] != name or rest.data[1] != c'=':
        return 0
    letter = rest.data[2]
    if letter == 0 or memchr(known, letter, strlen(known)) == NULL:
        return 0
    if rest.length == 3:
        rest[0] = value(rest.data + 3, 0)
        return letter
    if rest.data[3] != c'&' and rest.data[3] != c';':
        return 0
    rest[0] = value(rest.data + 4, rest.length - 4)
    return letter


cdef void query_pattern(listing *ls, request_facts *r, value *rest) noexcept nogil:
    """P=*.txt"""
    cdef unsigned int i = 2
    while i < rest.length and rest.data[i] != c'&' and rest.data[i] != c';':
        i += 1
    ls.pattern = value(NULL, 0)
    if i > 2:
        ls.pattern = unescaped_path(r, value(rest.data + 2, i - 2), False)
    if i < rest.length:
        i += 1
    rest[0] = value(rest.data + i, rest.length - i)


cdef void listing_ask(listing *ls, request_facts *r) noexcept nogil:
    """What the query asks for: C order by what, O which way, F how it looks, V
    versions, P which names. The rest of one that is broken says nothing."""
    cdef value rest = query_of(r)
    cdef char letter, form = 0, versions = 0
    cdef writer w
    if ls.options & LISTING_IGNORES_CLIENT:
        ls.options |= LISTING_NO_SORTING
        return
    if rest.length:
        rest = value(rest.data + 1, rest.length - 1)
    while rest.length:
        letter = query_letter(&rest, c'C', b"NMSD")
        if letter:
            ls.key = letter
            continue
        letter = query_letter(&rest, c'O', b"AD")
        if letter:
            ls.order = letter
            continue
        letter = query_letter(&rest, c'F', b"012")
        if letter:
            form = letter
            continue
        letter = query_letter(&rest, c'V', b"01")
        if letter:
            versions = letter
            continue
        if rest.length < 2 or rest.data[0] != c'P' or rest.data[1] != c'=':
            break
        query_pattern(ls, r, &rest)
    arena_write(&r.arena, &w)
    if form:
        ls.options &= ~<unsigned int>(LISTING_FANCY | LISTING_TABLE)
        if form != c'0':
            ls.options |= LISTING_FANCY
        if form == c'2':
            ls.options |= LISTING_TABLE
        put(&w, b";F=", 3)
        put_byte(&w, form)
    if versions:
        ls.options &= ~<unsigned int>LISTING_VERSION_SORT
        if versions == c'1':
            ls.options |= LISTING_VERSION_SORT
        put(&w, b";V=", 3)
        put_byte(&w, versions)
    if 0 < ls.pattern.length <= LISTING_PATTERN_BYTES_MAX:
        put(&w, b";P=", 3)
        put_link_part(&w, ls.pattern.data, ls.pattern.length)
    ls.query = arena_written(&r.arena, &w)


# Names ---------------------------------------------------------------------------

cdef bint listing_ignores(
        const listing *ls, value path, value name) noexcept nogil:
    """IndexIgnore. path: the whole of it, which ends with the name"""
    cdef const plan_listing *said
    cdef int i, j
    for i in range(ls.said_count - 1, -1, -1):
        said = ls.said[i]
        for j in range(said.ignored_count):
            if star_match(value_of(&said.ignored[j].within), path, False) \
                    and star_match(value_of(&said.ignored[j].pattern), name, False):
                return True
        if said.is_reset:
            break
    return False


cdef const text *items_find(
        const listed_items *items, value path, const mime_found *found,
        bint by_path) noexcept nogil:
    """found: NULL of a name that httpd makes up ("^^DIRECTORY^^")"""
    cdef listed_item *item
    cdef bint is_made = path.length > 0 and path.data[0] == c'^'
    cdef value type
    cdef int i
    for i in range(items.count):
        item = &items.items[i]
        if not is_made and not star_match(value_of(&item.within), path, False):
            continue
        if item.pattern.length == 0:
            return &item.said
        if item.kind == LISTED_BY_PATH or is_made:
            if star_match(value_of(&item.pattern), path, False):
                return &item.said
        elif not by_path and found != NULL:
            if found.encoding.data == NULL:
                type = type_alone(found.type)
                if item.kind == LISTED_BY_TYPE and type.length and star_match(
                        value_of(&item.pattern), type, True):
                    return &item.said
            elif item.kind == LISTED_BY_ENCODING and star_match(
                    value_of(&item.pattern), found.encoding, True):
                return &item.said
    return NULL


cdef const text *listing_item(
        const listing *ls, bint of_alts, value path, const mime_found *found,
        bint by_path) noexcept nogil:
    """The icon of a name, or the text for it, by the innermost section that knows one.
    NULL: none does"""
    cdef const text *said
    cdef int i
    for i in range(ls.said_count - 1, -1, -1):
        said = items_find(
            &ls.said[i].alts if of_alts else &ls.said[i].icons, path, found, by_path)
        if said != NULL:
            return said
    return NULL


cdef bint value_holds(value whole, value part) noexcept nogil:
    cdef unsigned int i
    if part.length > whole.length:
        return False
    for i in range(whole.length - part.length + 1):
        if memcmp(whole.data + i, part.data, part.length) == 0:
            return True
    return False


cdef const text *listing_about(
        const listing *ls, value path, value name) noexcept nogil:
    """AddDescription"""
    cdef listed_about *one
    cdef value subject
    cdef int i, j
    for i in range(ls.said_count - 1, -1, -1):
        for j in range(ls.said[i].about_count):
            one = &ls.said[i].abouts[j]
            subject = path if one.of_whole_path else name
            if one.is_glob:
                if glob_match(one.pattern.data, one.pattern.length, subject.data,
                              subject.length, False, False):
                    return &one.said
            elif value_holds(subject, value_of(&one.pattern)):
                return &one.said
    return NULL


cdef text ALT_OF_DIRECTORY = text(b"DIR", 3)
cdef text ALT_OF_PARENT = text(b"PARENTDIR", 9)


cdef void listing_adorn(
        const listing *ls, listed_name *n, value path, value name, bint is_directory,
        const mime_found *found) noexcept nogil:
    """Icon, its text and description of a name. path: the whole one; found: NULL of the
    directory above"""
    cdef value directory = value(b"^^DIRECTORY^^", 13)
    cdef bint is_parent = found == NULL
    n.icon = listing_item(ls, False, path, found, is_directory)
    n.alt = listing_item(ls, True, path, found, is_directory)
    if is_directory and n.icon == NULL:
        n.icon = listing_item(ls, False, directory, NULL, True)
    if is_directory and n.alt == NULL:
        n.alt = listing_item(ls, True, directory, NULL, True)
        if n.alt == NULL:
            n.alt = &ALT_OF_PARENT if is_parent else &ALT_OF_DIRECTORY
    n.about = listing_about(ls, path, name)
