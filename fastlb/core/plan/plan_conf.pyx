"""Settings of a place (a host, a section, an <If>), from the model into the plan."""
# uses: plan/client_names, plan/build, plan/template, plan/letters, plan/tls_names,
#       plan/variable_names, plan/expr_ops, plan/access_plan, plan/html_plan,
#       plan/filter_plan, plan/labels_plan, plan/listing_plan, plan/plan

cdef tuple CONF_FLAGS = (       # by CONF_*
    "preserve_host", "add_headers", "redirect_relative", "use_canonical_name",
    "use_canonical_physical_port", "track_first_byte", "expect_continue",
    "interpolate_env", "require_ssl", "std_env_vars", "export_cert_data",
    "websocket_fallback", "auth_request_cookies", "fake_basic_auth", "pass_trailers",
    "directory_slash", "accept_path_info", "cgi_pass_auth",
)


cdef bint plan_std_env_wanted = False    # SSLOptions StdEnvVars stands anywhere


cdef signed char plan_flag(object value):
    return -1 if value is None else (1 if value else 0)


cdef int plan_json_value(int key) except -2:
    """Number of the variable that the value is; -1: it is none."""
    if key == JSON_REQUEST_ID:
        return plan_env("REQUEST_ID")
    if key == JSON_TRACEPARENT:
        return plan_env("TRACEPARENT")
    if key == JSON_PARENT_ID:
        return plan_env("TRACE_PARENT_ID")
    if key == JSON_TLS:
        return plan_tls_name("SSL_PROTOCOL")
    return -1


cdef plan_format plan_pieces(object pieces) except *:
    cdef plan_format out
    cdef int i
    cdef plan_piece *p
    out.count = len(pieces)
    out.pieces = <plan_piece *>plan_alloc(sizeof(plan_piece) * len(pieces))
    for i, piece in enumerate(pieces):
        p = &out.pieces[i]
        p.env = -1
        if piece.kind == "literal":
            p.kind = PIECE_LITERAL
            p.literal = plan_text(piece.text)
            continue
        p.sub, p.kind = format_letter(piece.kind, piece.arg)
        p.literal = plan_text(piece.arg)
        if piece.kind == "e":
            p.env = plan_env(piece.arg)
        elif piece.kind == "L" and p.sub == 0:
            p.env = plan_env("UNIQUE_ID")
        elif piece.kind == "c":
            p.env = plan_tls_name(TLS_OLD_NAMES.get((piece.arg or "").lower(), ""))
        elif piece.kind == "x":
            p.env = plan_tls_name(piece.arg)
        elif piece.kind == "json":
            p.env = plan_json_value(p.sub)
        elif piece.kind == "s" and piece.arg:
            p.env = plan_variable_number(piece.arg, None)
        p.negated = piece.negated
        p.status_count = len(piece.statuses)
        p.statuses = plan_statuses(piece.statuses)
    return out


cdef object plan_header_op(header_op *op, object rule):
    actions = [
        "set", "setifempty", "append", "merge", "add", "unset", "edit", "edit*",
        "echo", "note",
    ]
    op.action = actions.index(rule.action.value)
    op.always = rule.always
    op.early = rule.early
    op.name = plan_text(rule.name)
    op.value = plan_pieces(rule.value)
    op.regex = plan_regex(rule.regex)
    if op.action == HEADER_ECHO:
        op.regex = plan_regex(rule.name)
    op.note = -1
    if op.action == HEADER_NOTE:
        note = b"".join(piece.text for piece in rule.value)
        op.note = plan_env(ENV_OF_NOTE + note.decode("latin-1").lower())
    op.condition = -1
    if rule.condition is not None:
        op.condition = plan_env(rule.condition.name)
        op.condition_negated = rule.condition.negated
    op.expr = op.composed = -1
    if rule.expression is not None:
        op.expr = plan_expression(rule.expression, False)
    if rule.composed is not None:
        op.composed = plan_expression(rule.composed, False)


cdef bint is_name_pattern(str attribute) except -1:
    """... of SetEnvIf: does it mean names of fields by a pattern?"""
    return any(c in attribute for c in "*+?()[]{}^$|\\.")


cdef bint env_rule_replaces(object rule) except -1:
    """Does $1 of its value mean a group? Where the pattern is a literal, with each of
    its special characters behind a backslash, httpd looks for that text and takes the
    value as it is (mod_setenvif, non_regex_pattern)."""
    cdef bint escaped = False
    if rule.attribute is None or rule.regex is None:
        return False
    for c in rule.regex:
        if escaped:
            if c not in "^.$|()[]*+?{}\\":
                return True
            escaped = False
        elif c == "\\":
            escaped = True
        elif c in "^.$|()[]*+?{}":
            return True
    return False


cdef object plan_env_op(env_op *op, object rule):
    op.variable = plan_env(rule.variable)
    op.unset = rule.value is None
    op.value = plan_template(
        rule.value, 0 if rule.expression is not None or env_rule_replaces(rule)
        else NO_GROUPS, False, False)
    op.attribute_env = -1
    op.regex = -1
    op.decides = rule.variable in plan_deciding
    if rule.expression is not None:
        op.attribute = ATTR_EXPR
        op.expr = plan_expression(rule.expression, op.decides)
        return
    if rule.attribute is None:
        op.attribute = ATTR_NONE
        return
    op.regex = plan_regex(rule.regex, rule.ignore_case)
    known = {
        "remote_addr": ATTR_REMOTE_ADDR, "remote_host": ATTR_REMOTE_ADDR,
        "server_addr": ATTR_SERVER_ADDR, "request_method": ATTR_REQUEST_METHOD,
        "request_protocol": ATTR_REQUEST_PROTOCOL, "request_uri": ATTR_REQUEST_URI,
    }
    low = rule.attribute.lower()
    if low in known:
        op.attribute = known[low]
    elif rule.attribute in plan_envs or rule.attribute == "UNIQUE_ID":
        op.attribute = ATTR_ENV
        op.attribute_env = plan_env(rule.attribute)
    elif is_name_pattern(rule.attribute):
        op.attribute = ATTR_FIELD_REGEX
        op.attribute_env = plan_regex(rule.attribute, rule.ignore_case)
    else:
        op.attribute = ATTR_FIELD
    op.name = plan_text(rule.attribute)


cdef object plan_pairs(pair_op **out, int *count, object pairs):
    cdef int i
    count[0] = len(pairs)
    out[0] = <pair_op *>plan_alloc(sizeof(pair_op) * len(pairs))
    for i, (internal, public) in enumerate(pairs):
        out[0][i].internal = plan_text(internal)
        out[0][i].public = plan_text(public)


cdef object plan_mapping_of(plan_mapping *m, object mapping, plan_section *sections):
    cdef int i
    m.pattern = plan_text(mapping.pattern)
    m.regex = plan_regex(mapping.pattern) if mapping.is_regex else -1
    m.exclude = mapping.exclude
    m.nocanon = mapping.nocanon or mapping.encoded
    m.noquery = mapping.noquery
    m.interpolate = mapping.interpolate
    m.balancer = mapping.balancer_index
    m.member = mapping.member_index
    # What is written in a target is canonicalised like the rest.
    first_group = 0 if mapping.is_regex else NO_GROUPS
    m.target = plan_template(mapping.target_path, first_group, False, not m.nocanon)
    m.interpolated = plan_template(
        mapping.target_path, first_group, m.interpolate, not m.nocanon)
    m.target_has_groups = mapping.is_regex and bool(
        re.search(r"\$[0-9]|\\\$", mapping.target_path))
    m.is_plain = not (mapping.is_regex or m.interpolate)
    m.target_path = plan_text(None)
    if m.is_plain and m.target.count:
        m.target_path = m.target.pieces[0].literal
    m.timeout_us = (mapping.timeout_ms or 0) * 1000
    dynamic = mapping.proxy_sections_dynamic
    if mapping.balancer_index >= 0:
        m.base = plan.balancer_names[<int>mapping.balancer_index]
    elif mapping.member_index >= 0:
        m.base = plan.members[<int>mapping.member_index].origin
        m.usual_port = plan.members[<int>mapping.member_index].usual_port
        m.is_websocket = plan.members[<int>mapping.member_index].is_websocket
    m.section_count = len(mapping.proxy_sections)
    # Not matching it would lead past a section's rules, or to whom `!` excludes.
    m.decides = m.exclude or m.section_count > 0
    m.section_dynamic = <bint *>plan_alloc(sizeof(bint) * m.section_count)
    for i, unsure in enumerate(dynamic):
        m.section_dynamic[i] = unsure
        m.any_dynamic |= unsure
    m.sections = <plan_section **>plan_alloc(sizeof(void *) * m.section_count)
    for i, index in enumerate(mapping.proxy_sections):
        m.sections[i] = &sections[index]


cdef object plan_tls_access(plan_conf *c, object conf):
    """What a section asks of the client's TLS."""
    cdef int i
    c.tls_verify = -1
    if conf.tls_verify is not None:
        c.tls_verify = VERIFY_NUMBERS[conf.tls_verify.value]
        plan_tls_name("SSL_CLIENT_VERIFY")
    c.tls_ciphers = -1
    if conf.tls_ciphers is not None:
        c.tls_ciphers = plan_cipher_list(conf.tls_ciphers)
    if conf.fake_basic_auth:
        plan_tls_name(TLS_SUBJECT_LINE)
    c.tls_user = -1
    if conf.tls_user is not None:
        c.tls_user = plan_variable_number(conf.tls_user, None)
    c.tls_require_count = len(conf.tls_requires)
    c.tls_requires = <int *>plan_alloc(sizeof(int) * c.tls_require_count)
    for i, expression in enumerate(conf.tls_requires):
        c.tls_requires[i] = plan_expression(expression, True)
    plan.any_tls_access |= (
        c.tls_require_count > 0 or c.tls_user >= 0 or c.tls_verify >= 0
        or c.tls_ciphers >= 0)


cdef file_said *plan_file_said(object conf) except? NULL:
    """NULL: it says nothing of files."""
    cdef file_said *said
    said_options = conf.file_options
    index = conf.directory_index
    if said_options is None and index is None and conf.overrides is None \
            and conf.fallback_resource is None and conf.listing is None:
        return NULL
    said = <file_said *>plan_alloc(sizeof(file_said))
    if said_options is not None:
        said.says_options = True
        said.options_whole = said_options.is_whole
        said.options_on = said_options.on
        said.options_off = said_options.off
    said.overrides = plan_flag(conf.overrides)
    said.index_count = -1
    if index is not None:
        said.index_count = len(index.names)
        said.indexes = plan_texts(index.names)
    said.says_fallback = conf.fallback_resource is not None
    said.fallback = plan_text(conf.fallback_resource)
    said.listing = plan_listing_of(conf.listing)
    return said


cdef object plan_conf_of(plan_conf *c, object conf, plan_section *sections):
    global client_names_wanted, plan_std_env_wanted
    cdef int i
    for i, name in enumerate(CONF_FLAGS):
        c.flags[i] = plan_flag(getattr(conf, name))
    c.auth_merging = conf.auth_merging.number if conf.auth_merging else 0
    c.hostname_lookups = (
        conf.hostname_lookups.number if conf.hostname_lookups else -1)
    client_names_wanted = (
        client_names_wanted or c.hostname_lookups > NAME_LOOKUPS_OFF)
    if conf.error_override is not None:
        c.has_error_override = True
        c.override_count = len(conf.error_override)
        c.overrides = plan_statuses(conf.error_override)
    c.error_document_count = len(conf.error_documents)
    c.error_documents = <error_document *>plan_alloc(
        sizeof(error_document) * c.error_document_count)
    for i, (status, value) in enumerate(conf.error_documents):
        c.error_documents[i].status = status
        c.error_documents[i].composed = -1
        if isinstance(value, str):
            c.error_documents[i].value = plan_text(value)
        else:
            c.error_documents[i].composed = plan_expression(value, False)
    # SetEnvIf before everything that may name its variables as attributes.
    c.env_if_count = len(conf.set_env_if)
    c.env_ifs = <env_op *>plan_alloc(sizeof(env_op) * c.env_if_count)
    for i, rule in enumerate(conf.set_env_if):
        plan_env_op(&c.env_ifs[i], rule)
    c.env_count = len(conf.env_rules)
    c.envs = <env_op *>plan_alloc(sizeof(env_op) * c.env_count)
    for i, rule in enumerate(conf.env_rules):
        plan_env_op(&c.envs[i], rule)
    c.header_count = len(conf.header_rules)
    c.headers = <header_op *>plan_alloc(sizeof(header_op) * c.header_count)
    for i, rule in enumerate(conf.header_rules):
        plan_header_op(&c.headers[i], rule)
    c.request_header_count = len(conf.request_header_rules)
    c.request_headers = <header_op *>plan_alloc(
        sizeof(header_op) * c.request_header_count)
    for i, rule in enumerate(conf.request_header_rules):
        plan_header_op(&c.request_headers[i], rule)
    c.fcgi_backend = conf.fcgi_backend.number if conf.fcgi_backend else 0
    c.cgi_env_count = len(conf.cgi_env_rules)
    c.cgi_envs = <cgi_env_op *>plan_alloc(sizeof(cgi_env_op) * c.cgi_env_count)
    for i, rule in enumerate(conf.cgi_env_rules):
        c.cgi_envs[i].condition = plan_expression(rule.condition, False)
        c.cgi_envs[i].name = plan_text(rule.name)
        c.cgi_envs[i].unset = rule.unset
        c.cgi_envs[i].content = -1
        if rule.value is not None:
            c.cgi_envs[i].content = plan_expression(rule.value, False)
    c.reverse_count = len(conf.reverse_maps)
    c.reverses = <reverse_op *>plan_alloc(sizeof(reverse_op) * c.reverse_count)
    for i, rule in enumerate(conf.reverse_maps):
        c.reverses[i].path = plan_text(rule.path)
        c.reverses[i].url = plan_text(rule.url)
        c.reverses[i].balancer = rule.balancer_index
        rest = rule.url[len("balancer://"):] if rule.balancer_index >= 0 else ""
        c.reverses[i].balancer_path = plan_text(
            rest[rest.find("/"):] if "/" in rest else "")
    plan_pairs(&c.cookie_domains, &c.cookie_domain_count, conf.cookie_domains)
    plan_pairs(&c.cookie_paths, &c.cookie_path_count, conf.cookie_paths)
    if conf.access is not None:
        c.access = plan_access(conf.access, &c.access_count)
    c.merging_off = conf.auth_merging is not None and conf.auth_merging.number == 0
    c.auth = plan_auth_of(conf)
    c.old = plan_old(conf)
    c.methods = plan_methods(conf)
    c.elsewhere = plan_elsewhere(conf)
    c.granted_count = len(conf.auth_request_headers)
    c.granted = plan_texts(conf.auth_request_headers)
    plan.any_elsewhere |= c.elsewhere >= 0
    if c.elsewhere >= 0:
        c.question = <plan_question *>plan_alloc(sizeof(plan_question))
        plan_mapping_of(&c.question.mapping, conf.auth_request.mapping, sections)
        c.question.path = plan_text(conf.auth_request.mapping.target_path)
    c.sign_in = SIGN_IN_UNSAID
    if conf.auth_request_sign_in is not None:
        c.sign_in = SIGN_IN_NOWHERE
        if conf.auth_request_sign_in.text:
            c.sign_in = plan_expression(conf.auth_request_sign_in, False)
    c.fake_user = c.fake_password = -1
    if isinstance(conf.auth_basic_fake, str):
        c.fake = plan_text(conf.auth_basic_fake)
    elif conf.auth_basic_fake is not None:
        c.fake = plan_text("")
        c.fake_user = plan_expression(conf.auth_basic_fake.user, False)
        c.fake_password = plan_expression(conf.auth_basic_fake.password, False)
    plan_std_env_wanted = (
        plan_std_env_wanted or conf.std_env_vars is True
        or conf.export_cert_data is True)
    plan.any_fake |= conf.auth_basic_fake is not None or bool(conf.fake_basic_auth)
    plan_tls_access(c, conf)
    c.says_handler = conf.handler is not None
    c.handler_expr = -1
    if isinstance(conf.handler, str):
        c.handler = plan_text(conf.handler)
    elif conf.handler is not None:
        c.handler_expr = plan_expression(conf.handler, False)
    if conf.handler_mapping is not None:
        c.handler_head = plan_text(conf.handler_head)
        c.handler_mapping = <plan_mapping *>plan_alloc(sizeof(plan_mapping))
        plan_mapping_of(c.handler_mapping, conf.handler_mapping, sections)
    if conf.mapping is not None:
        c.has_mapping = True
        c.mapping = <plan_mapping *>plan_alloc(sizeof(plan_mapping))
        plan_mapping_of(c.mapping, conf.mapping, sections)
        if plan.compat_apache and not any(s in conf.mapping.pattern for s in "*?[\\"):
            c.mapping.regex = -1    # a <LocationMatch> that httpd takes for a path
            c.mapping.target_has_groups = False
    c.redirect_count = len(conf.redirects)
    c.redirects = <redirect_op *>plan_alloc(sizeof(redirect_op) * c.redirect_count)
    for i, rule in enumerate(conf.redirects):
        c.redirects[i].status = rule.status
        c.redirects[i].pattern = plan_text(rule.pattern)
        c.redirects[i].regex = plan_regex(rule.pattern) if rule.is_regex else -1
        c.redirects[i].has_url = rule.url is not None
        c.redirects[i].composed = -1
        if rule.composed is not None:
            c.redirects[i].composed = plan_expression(rule.composed, False)
        c.redirects[i].url = plan_template(
            rule.url, 0 if rule.is_regex else NO_GROUPS, False, False)
    c.files = plan_file_said(conf)
    c.limit_request_body = (
        -1 if conf.limit_request_body is None else conf.limit_request_body)
    c.filters = plan_filters_of(conf)
    c.inflate_ratio_limit = (
        -1 if conf.inflate_ratio_limit is None else conf.inflate_ratio_limit)
    c.inflate_ratio_burst = (
        -1 if conf.inflate_ratio_burst is None else conf.inflate_ratio_burst)
    c.labels = plan_labels_of(conf)
    c.if_count = len(conf.ifs)
    c.ifs = <plan_if *>plan_alloc(sizeof(plan_if) * c.if_count)
    for i, item in enumerate(conf.ifs):
        c.ifs[i].expr = -1
        if item.condition is not None:
            # Settings hang on it, and among them whoever may not come in.
            c.ifs[i].expr = plan_expression(item.condition, True)
        c.ifs[i].is_else = item.is_else
        plan_conf_of(&c.ifs[i].conf, item.conf, sections)
        html_group_set(c.ifs[i].conf.filters, HTML_OF_IFS)


cdef bint any_if(object conf) except -1:
    return bool(conf.ifs)


cdef bint any_late_if(object conf) except -1:
    """Does an <If> ask for what the mapping says?"""
    return any([
        (item.condition is not None and item.condition.asks_for_target)
        or any_late_if(item.conf) for item in conf.ifs])
