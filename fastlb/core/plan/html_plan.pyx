"""What a section says of pages, from the model into the plan (html_plan.pxd)."""
# uses: ground/text, filters/page, plan/build, plan/expr_ops


cdef object html_parts_of(html_parts *p, object parts):
    cdef int i
    p.count = len(parts)
    p.items = <html_part *>plan_alloc(sizeof(html_part) * p.count)
    for i, part in enumerate(parts):
        p.items[i].literal = plan_text(part.literal)
        p.items[i].env = -1
        if part.variable is not None:
            p.items[i].env = plan_env(part.variable)


cdef object html_map_of(html_map *m, object one):
    """Letters that switch something off, and letters that switch it on."""
    for letter, flag in (("h", HTML_OF_LINKS), ("e", HTML_OF_EVENTS),
                         ("c", HTML_OF_TEXTS)):
        if letter not in one.flags:
            m.flags |= flag
    for letter, flag in (("^", HTML_AT_START), ("$", HTML_AT_END), ("L", HTML_LAST),
                         ("l", HTML_NOT_LAST)):
        if letter in one.flags:
            m.flags |= flag
    m.regex = -1
    if "R" in one.flags:
        m.regex = plan_regex(one.wanted, "i" in one.flags)
    m.expr = -1
    if one.condition is not None:
        m.expr = plan_expression(one.condition, False)
    m.wanted = plan_text(one.wanted)
    m.replacement = plan_text(one.replacement)
    html_parts_of(&m.wanted_parts, one.wanted_parts)
    html_parts_of(&m.replacement_parts, one.replacement_parts)


cdef unsigned char html_switches_of(object html) except? 0:
    cdef unsigned char switches = 0
    for on, switch in (
            (html.enabled, HTML_ENABLED), (html.extended, HTML_EXTENDED),
            (html.interpolate, HTML_INTERPOLATES), (html.strip_comments, HTML_STRIPS),
            (html.lower_case, HTML_LOWER_CASE), (html.slashes, HTML_SLASHES)):
        if on:
            switches |= switch
    return switches


cdef plan_html *plan_html_of(object html) except? NULL:
    """NULL for None."""
    cdef plan_html *h
    cdef int i, j
    if html is None:
        return NULL
    h = <plan_html *>plan_alloc(sizeof(plan_html))
    h.switches = html_switches_of(html)
    h.resets = html.resets
    h.map_count = len(html.maps)
    h.maps = <html_map *>plan_alloc(sizeof(html_map) * h.map_count)
    for i, one in enumerate(html.maps):
        html_map_of(&h.maps[i], one)
    h.says_links = html.links is not None
    if h.says_links:
        h.link_count = len(html.links)
        h.links = <html_link *>plan_alloc(sizeof(html_link) * h.link_count)
        for i, link in enumerate(html.links):
            h.links[i].element = plan_text(link.element)
            h.links[i].count = len(link.attributes)
            h.links[i].attributes = <text *>plan_alloc(
                sizeof(text) * h.links[i].count)
            for j, name in enumerate(link.attributes):
                h.links[i].attributes[j] = plan_text(name)
    if html.events is not None:
        h.events = <html_events *>plan_alloc(sizeof(html_events))
        h.events.count = len(html.events)
        h.events.names = <text *>plan_alloc(sizeof(text) * h.events.count)
        for i, name in enumerate(html.events):
            h.events.names[i] = plan_text(name)
    if html.doctype is not None:
        h.doctype = plan_text(html.doctype)
    return h
