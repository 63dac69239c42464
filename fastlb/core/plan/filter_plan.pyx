"""Filters of a section, from the model into the plan (filter_plan.pxd)."""
# uses: ground/text, filters/stage, filters/brotli, filters/substitute, plan/build,
#       plan/expr_ops, plan/html_plan
cdef dict filter_names = {}     # of smart filters, by number
cdef bint filters_found = False     # since somebody has looked


# Numbers of the variables that filters ask for; -1: no rule sets it.
cdef filter_variables filter_env


cdef object filter_env_end():
    """Every variable has its number."""
    filter_env.no_gzip = plan_envs.get("no-gzip", -1)
    filter_env.gzip_only = plan_envs.get("gzip-only-text/html", -1)
    filter_env.force_gzip = plan_envs.get("force-gzip", -1)
    filter_env.on_errors = plan_envs.get("filter-errordocs", -1)
    filter_env.no_brotli = plan_envs.get("no-brotli", -1)
    filter_env.rate_limit = plan_envs.get("rate-limit", -1)
    filter_env.rate_burst = plan_envs.get("rate-initial-burst", -1)
    filter_env.force_html = plan_envs.get("PROXY_HTML_FORCE", -1)


cdef object brotli_begin_library():
    """Open it, once; OSError when it is not there."""
    cdef void *library
    if brotli.create != NULL:
        return
    library = dlopen(b"libbrotlienc.so.1", RTLD_NOW | RTLD_LOCAL)
    if library == NULL:
        raise OSError("libbrotlienc.so.1 cannot be opened")
    (<void **>&brotli.destroy)[0] = dlsym(library, b"BrotliEncoderDestroyInstance")
    (<void **>&brotli.set)[0] = dlsym(library, b"BrotliEncoderSetParameter")
    (<void **>&brotli.code)[0] = dlsym(library, b"BrotliEncoderCompressStream")
    (<void **>&brotli.is_finished)[0] = dlsym(library, b"BrotliEncoderIsFinished")
    (<void **>&brotli.has_more)[0] = dlsym(library, b"BrotliEncoderHasMoreOutput")
    if brotli.destroy == NULL or brotli.set == NULL or brotli.code == NULL \
            or brotli.is_finished == NULL or brotli.has_more == NULL:
        raise OSError("libbrotlienc.so.1 lacks what it should have")
    (<void **>&brotli.create)[0] = dlsym(library, b"BrotliEncoderCreateInstance")


cdef object filter_names_begin():
    filter_names.clear()


cdef int filter_name(object name) except -2:
    return filter_names.setdefault(name, len(filter_names))


cdef object filter_provider_of(filter_provider *p, object provider):
    cdef int i
    p.filter = provider.filter.number if provider.filter is not None else FILTER_NONE
    if p.filter == FILTER_BROTLI:
        brotli_begin_library()
    p.expr = -1
    if provider.expression is not None:
        p.expr = plan_expression(provider.expression, False)
    p.type_count = len(provider.types)
    p.types = <text *>plan_alloc(sizeof(text) * p.type_count)
    for i, one in enumerate(provider.types):
        p.types[i] = plan_text(one)


cdef object substitution_of(substitution *s, object rule):
    s.is_plain = not rule.is_regex
    s.ignore_case = rule.ignore_case
    s.wanted = plan_text(rule.wanted)
    s.regex = plan_regex(rule.wanted, rule.ignore_case) if rule.is_regex else -1
    s.replacement = plan_text(rule.replacement)


cdef void html_group_set(plan_filters *f, unsigned char group) noexcept:
    if f != NULL and f.html != NULL:
        f.html.group = group


cdef plan_filters *plan_filters_of(object conf) except? NULL:
    """NULL: it says nothing of them."""
    global filters_found
    cdef plan_filters *f
    cdef smart_filter *smart
    cdef int i, j
    says_any = (
        conf.output_filters is not None or conf.substitute_line_bytes is not None
        or conf.substitute_inherit_before is not None or any(
            (conf.smart_filters, conf.filter_chain, conf.substitutions,
             conf.ending_filters)))
    if not says_any and conf.html is None:
        return NULL
    # What pages have for links is said everywhere, and heeded where it is switched on.
    filters_found |= says_any or conf.html.enabled
    f = <plan_filters *>plan_alloc(sizeof(plan_filters))
    f.html = plan_html_of(conf.html)
    f.says_set = conf.output_filters is not None
    if f.says_set:
        f.set_count = len(conf.output_filters.filters)
        f.set = <unsigned char *>plan_alloc(f.set_count)
        for i, one in enumerate(conf.output_filters.filters):
            f.set[i] = one.number
            if f.set[i] == FILTER_BROTLI:
                brotli_begin_library()
    f.ending_count = len(conf.ending_filters)
    f.endings = <ending_filters *>plan_alloc(sizeof(ending_filters) * f.ending_count)
    for i, item in enumerate(conf.ending_filters):
        f.endings[i].ending = plan_text(item.ending)
        f.endings[i].count = len(item.filters)
        f.endings[i].filters = <unsigned char *>plan_alloc(f.endings[i].count)
        for j, one in enumerate(item.filters):
            f.endings[i].filters[j] = one.number
            if f.endings[i].filters[j] == FILTER_BROTLI:
                brotli_begin_library()
    f.smart_count = len(conf.smart_filters)
    f.smarts = <smart_filter *>plan_alloc(sizeof(smart_filter) * f.smart_count)
    for i, item in enumerate(conf.smart_filters):
        smart = &f.smarts[i]
        smart.name = filter_name(item.name)
        smart.rank = item.rank
        smart.provider_count = len(item.providers)
        smart.providers = <filter_provider *>plan_alloc(
            sizeof(filter_provider) * smart.provider_count)
        for j, provider in enumerate(item.providers):
            filter_provider_of(&smart.providers[j], provider)
    f.chain_count = len(conf.filter_chain)
    f.chain = <int *>plan_alloc(sizeof(int) * f.chain_count)
    for i, name in enumerate(conf.filter_chain):
        f.chain[i] = filter_name(name) if name else CHAIN_RESET
    f.substitution_count = len(conf.substitutions)
    f.substitutions = <substitution *>plan_alloc(
        sizeof(substitution) * f.substitution_count)
    for i, rule in enumerate(conf.substitutions):
        substitution_of(&f.substitutions[i], rule)
    f.line_bytes = -1
    if conf.substitute_line_bytes is not None:
        f.line_bytes = min(conf.substitute_line_bytes, SUBSTITUTE_LINE_MAX)
    f.inherit_before = -1
    if conf.substitute_inherit_before is not None:
        f.inherit_before = conf.substitute_inherit_before
    return f
