"""The numbers by which the model knows a section and a mapping, for whoever tells
people where it stands."""
# uses: plan/plan, plan/facts

cdef int section_number(const request_facts *r, const plan_conf *c) noexcept nogil:
    """Number of the section that these settings are of; -1: of none. Behind the
    sections of the host come its <If>s, each one's own right behind it."""
    cdef plan_vhost *v = r.vhost
    cdef int i
    cdef int number = v.section_count
    if c == &v.conf:
        return -1
    for i in range(v.section_count):
        if &v.sections[i].conf == c:
            return i
    for i in range(v.file_section_count):
        if &v.file_sections[i].conf == c:
            return number + i
    number += v.file_section_count
    if if_is_within(&v.conf, c, &number):
        return number
    for i in range(v.section_count):
        if if_is_within(&v.sections[i].conf, c, &number):
            return number
    for i in range(v.file_section_count):
        if if_is_within(&v.file_sections[i].conf, c, &number):
            return number
    return -1


cdef bint if_is_within(
        const plan_conf *owner, const plan_conf *c, int *number) noexcept nogil:
    cdef int i
    for i in range(owner.if_count):
        if &owner.ifs[i].conf == c:
            return True
        number[0] += 1
        if if_is_within(&owner.ifs[i].conf, c, number):
            return True
    return False


cdef void mapping_number(
        const request_facts *r, const plan_mapping *m, int *section,
        int *number) noexcept nogil:
    """section and -1: of a ProxyPass in it; -1 and a number: of another; -2 and a
    number: of a target of rules; section and -3: of a SetHandler."""
    cdef plan_vhost *v = r.vhost
    cdef int i
    for i in range(r.conf_count):
        if (r.confs[i].has_mapping and r.confs[i].mapping == m) \
                or r.confs[i].handler_mapping == m:
            section[0] = section_number(r, r.confs[i])
            number[0] = -3 if r.confs[i].handler_mapping == m else -1
            return
    section[0] = -1
    for i in range(v.mapping_count):
        if &v.mappings[i] == m:
            number[0] = i
            return
    if v.rewrite != NULL:
        for i in range(v.rewrite.target_count):
            if &v.rewrite_mappings[i] == m:
                section[0] = -2
                number[0] = i
                return
    number[0] = -1
