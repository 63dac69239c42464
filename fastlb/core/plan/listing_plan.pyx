"""From the model into the plan (listing_plan.pxd)."""
# uses: ground/text, plan/build

cdef text plan_text_if_said(object said) except *:
    if said is None:
        return text(NULL, 0)
    return plan_text(said)


cdef object plan_listed_items(listed_items *out, object items):
    cdef int i
    out.count = len(items)
    out.items = <listed_item *>plan_alloc(sizeof(listed_item) * out.count)
    for i, item in enumerate(items):
        out.items[i].kind = item.kind.number
        out.items[i].within = plan_text(item.within)
        out.items[i].pattern = plan_text(item.pattern)
        out.items[i].said = plan_text(item.said)


cdef object plan_listing_width(listing_width *out, object width):
    if width is not None:
        out.is_said = True
        out.characters = width.characters
        out.adjusts = width.adjusts


cdef plan_listing *plan_listing_of(object said) except? NULL:
    """NULL: nothing is said."""
    cdef plan_listing *out
    cdef int i
    if said is None:
        return NULL
    out = <plan_listing *>plan_alloc(sizeof(plan_listing))
    out.says_options = said.options is not None
    out.options = said.options or 0
    out.plus = said.plus
    out.minus = said.minus
    plan_listed_items(&out.icons, said.icons)
    plan_listed_items(&out.alts, said.alts)
    out.about_count = len(said.descriptions)
    out.abouts = <listed_about *>plan_alloc(sizeof(listed_about) * out.about_count)
    for i, one in enumerate(said.descriptions):
        out.abouts[i].pattern = plan_text(one.pattern)
        out.abouts[i].is_glob = one.is_glob
        out.abouts[i].of_whole_path = one.of_whole_path
        out.abouts[i].said = plan_text(one.said)
    out.ignored_count = len(said.ignored)
    out.ignored = <listed_ignored *>plan_alloc(
        sizeof(listed_ignored) * out.ignored_count)
    for i, one in enumerate(said.ignored):
        out.ignored[i].within = plan_text(one.within)
        out.ignored[i].pattern = plan_text(one.pattern)
    out.is_reset = said.is_reset
    out.header = plan_text_if_said(said.header)
    out.readme = plan_text_if_said(said.readme)
    out.default_icon = plan_text_if_said(said.default_icon)
    out.style_sheet = plan_text_if_said(said.style_sheet)
    out.head_insert = plan_text_if_said(said.head_insert)
    out.content_type = plan_text_if_said(said.content_type)
    out.charset = plan_text_if_said(said.charset)
    out.old_dates = said.old_dates
    out.icon_width = said.icon_width
    out.icon_height = said.icon_height
    plan_listing_width(&out.name_width, said.name_width)
    plan_listing_width(&out.about_width, said.description_width)
    if said.sort_key:
        out.sort_key = ord(said.sort_key)
    if said.sort_order:
        out.sort_order = ord(said.sort_order)
    return out
