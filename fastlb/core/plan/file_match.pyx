"""The file of what no mapping takes, and the sections that hold for it.

The name says it (file_names.pyx), unless somebody may take the request away before the
file is opened: a handler that leads to a member, a rule of a section. These hold for
what the disk says the file is, as in httpd: "/admin.php/x.php" is <Files admin.php>.
"""
# uses: plan/plan, plan/facts, plan/file_names, plan/handled, plan/conditional

cdef inline bint file_may_be_taken(const request_facts *r) noexcept nogil:
    cdef const plan_conf *c = handler_said(r)
    return (c != NULL and c.handler_mapping != NULL) or (
        r.vhost.rewrite != NULL and r.vhost.rewrite.has_dirs)


cdef int match_file(request_facts *r) noexcept nogil:
    """r.file, and sections for files in r.confs. returns 0; the status of an error,
    negated; FAILED: too many sections apply"""
    cdef file_facts *f
    cdef int rc = file_find(r)
    if unlikely(rc < 0):
        return rc
    f = r.file
    if not match_sections_of_file(r):
        return FAILED
    if likely(f == NULL or f.is_whole or not file_may_be_taken(r)):
        return 0
    f.end = file_end(f.name, 0)
    f.is_whole = True
    if unlikely(f.end == 0):
        return -403             # a name that is too long (as httpd)
    if likely(f.end == f.name.length):
        return 0
    forget_file_sections(r)
    return 0 if match_sections_of_file(r) else FAILED


cdef bint match_sections_of_file(request_facts *r) noexcept nogil:
    """... and those that ask for what is known now. False: too many apply"""
    if r.file != NULL and not match_file_sections(r):
        return False
    return not r.vhost.any_late_if or match_ifs_again(r)
