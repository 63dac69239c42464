"""Which file of ours a request names, and which sections hold for it.

As httpd's mod_alias, core_translate, ap_directory_walk and ap_file_walk; but the disk
is not looked at here: a name is taken for a file's as a whole. Where it is not,
file_match.pyx finds out where the file ends, or whoever opens it (flow/files.pyx); he
keeps it in r.cut, and the request is decided about anew.
"""
# uses: ground/chartable, ground/text, io/writer, ground/path, ground/arena,
#       plan/template, plan/plan, plan/facts, plan/undecided

cdef file_facts *file_take(request_facts *r, value name, int alias) noexcept nogil:
    """name: in the request's arena. NULL: no memory"""
    cdef file_facts *f
    cdef flag reduced = False
    cdef unsigned int length = name.length
    if unlikely(name.data == NULL):
        return NULL
    f = <file_facts *>arena_take_struct(&r.arena, sizeof(file_facts))
    if unlikely(f == NULL):
        r.arena.starved = True
        return NULL
    if length > 1:
        length = <unsigned int>max(
            0, path_normalise(<char *>name.data, length, True, &reduced))
    f.name = value(name.data, length)
    f.end = length
    f.is_whole = r.cut != NULL and same_text(r.cut.name, f.name)
    if f.is_whole:
        f.end = r.cut.end
    f.cuts = 0
    f.alias = alias
    f.level_count = 0
    f.sends = False
    f.fd = -1
    f.entity = NULL
    f.listing = NULL
    f.at = f.left = 0
    return f


cdef int alias_takes(
        request_facts *r, const file_alias *a, value *name) noexcept nogil:
    """1: the path is the alias's, and name is what is meant; 0: it is not"""
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int taken = 0
    cdef writer w
    if a.regex >= 0:
        if not request_matches(
                r, a.regex, True, r.decoded.data, r.decoded.length, &groups[0]):
            return 0
    else:
        taken = prefix_match(&a.path, r.decoded.data, r.decoded.length)
        if taken < 0:
            return 0
    arena_write(&r.arena, &w)
    if a.regex >= 0:
        put_template(
            &r.env[0], &w, &a.composed, &groups[0], r.decoded, PATH_AS_IS)
    else:
        put(&w, a.target.data, a.target.length)
        put(&w, r.decoded.data + taken, r.decoded.length - taken)
    name[0] = arena_written(&r.arena, &w)
    return 1


# r.file, for what no mapping takes. returns 0, or the status of an error, negated
cdef int file_find(request_facts *r) noexcept nogil:
    cdef int i
    cdef int alias = -1
    cdef value name = value(NULL, 0)
    cdef writer w
    cdef const text *root = &r.vhost.document_root
    if unlikely(r.file != NULL):
        return 0                # a rule has found it
    if r.decoded.data[0] != c'/':
        return 0
    for i in range(r.vhost.alias_count):
        if alias_takes(r, &r.vhost.aliases[i], &name):
            if r.vhost.aliases[i].is_script:
                return 0
            alias = i
            break
    if alias < 0:
        arena_write(&r.arena, &w)
        put(&w, root.data, root.length)
        put(&w, r.decoded.data, r.decoded.length)
        name = arena_written(&r.arena, &w)
    if unlikely(name.length == 0 or name.data[0] != c'/'):
        return -500 if r.arena.starved else 0
    if unlikely(path_climbs(name.data, name.length)):
        return -403
    r.file = file_take(r, name, alias)
    return -500 if unlikely(r.file == NULL) else 0


# Options -------------------------------------------------------------------------

cdef inline unsigned char file_options_over(
        unsigned char options, const file_said *said) noexcept nogil:
    """What one section makes of FILES_*."""
    cdef unsigned char kept = options & FILES_OVERRIDES
    if said.says_options:
        if said.options_whole:
            options = said.options_on | kept
        else:
            options = (options & ~said.options_off) | said.options_on
    if said.overrides >= 0:
        options &= ~FILES_OVERRIDES
        if said.overrides:
            options |= FILES_OVERRIDES
    return options


cdef unsigned char file_options_of(const request_facts *r) noexcept nogil:
    """FILES_* by all that applies to the request."""
    cdef unsigned char options = FILES_FOLLOW
    cdef int i
    for i in range(r.conf_count):
        if r.confs[i].files != NULL:
            options = file_options_over(options, r.confs[i].files)
    return options


# Sections ------------------------------------------------------------------------

cdef int directory_takes(
        request_facts *r, const file_section *s, value name) noexcept nogil:
    """Bytes of the directory's path in the file's; -1: the file does not lie there."""
    cdef unsigned int at = s.pattern.length
    if s.regex >= 0:
        return <int>name.length if request_matches(
            r, s.regex, True, name.data, name.length, NULL) > 0 else -1
    if not s.is_glob:
        if name.length >= at and memcmp(name.data, s.pattern.data, at) == 0 and (
                name.length == at or name.data[at] == c'/'):
            return <int>at
        return -1
    for at in range(1, name.length + 1):
        if (at == name.length or name.data[at] == c'/') and glob_match(
                s.pattern.data, s.pattern.length, name.data, at, True, False):
            return <int>at
    return -1


cdef bint file_is_called(
        request_facts *r, const file_section *s, value name) noexcept nogil:
    """<Files>: is that the last part of its path?"""
    cdef unsigned int at = name.length
    while at and byte_before(name.data, at) != c'/':
        at -= 1
    name = value(name.data + at, name.length - at)
    if s.regex >= 0:
        return request_matches(r, s.regex, True, name.data, name.length, NULL) > 0
    if s.is_glob:
        return glob_match(
            s.pattern.data, s.pattern.length, name.data, name.length, False, False)
    return name.length == s.pattern.length and memcmp(
        name.data, s.pattern.data, name.length) == 0


cdef bint file_level_note(
        file_facts *f, unsigned int at, const file_said *said) noexcept nogil:
    """Options are others from there on. False: too many"""
    cdef file_level *last = f.levels + f.level_count
    last -= 1
    cdef unsigned char options = file_options_over(last.options, said)
    if options == last.options:
        return True
    if at > last.at:
        if f.level_count == FILE_LEVELS_MAX:
            return False
        f.level_count += 1
        last += 1
        last.at = at
    last.options = options
    return True


cdef bint match_file_sections(request_facts *r) noexcept nogil:
    """Merge <Directory> and <Files> of r.file into r.confs. False: too many apply."""
    cdef file_facts *f = r.file
    cdef plan_vhost *v = r.vhost
    cdef plan_conf *found[SECTIONS_MATCHED_MAX]
    cdef value name = value(f.name.data, f.end)
    cdef int i, j, at
    cdef int count = 0
    cdef bint inside
    cdef file_section *s
    f.level_count = 1
    f.levels[0] = file_level(0, FILES_FOLLOW)
    if r.confs[0].files != NULL:
        f.levels[0].options = file_options_over(FILES_FOLLOW, r.confs[0].files)
    for i in range(v.file_section_count):
        s = &v.file_sections[i]
        if s.kind >= SECTION_FILES:
            if s.within >= 0:
                inside = False
                for j in range(count):
                    inside |= found[j] == &v.file_sections[s.within].conf
                if not inside:
                    continue
            if not file_is_called(r, s, name):
                continue
        else:
            at = directory_takes(r, s, name)
            if at < 0:
                continue
            if s.conf.files != NULL and s.regex < 0 and not file_level_note(
                    f, <unsigned int>at, s.conf.files):
                return False
        if r.conf_count + count == SECTIONS_MATCHED_MAX:
            return False
        found[count] = &s.conf
        count += 1
    memmove(&r.confs[1 + count], &r.confs[1], sizeof(void *) * (r.conf_count - 1))
    for i in range(count):
        r.confs[1 + i] = found[i]
    r.conf_count += count
    r.proxy_conf_count = count
    return True


cdef void forget_file_sections(request_facts *r) noexcept nogil:
    """... which are to be matched once more."""
    cdef int count = r.proxy_conf_count
    memmove(&r.confs[1], &r.confs[1 + count],
            sizeof(void *) * (r.conf_count - 1 - count))
    r.conf_count -= count
    r.proxy_conf_count = 0
