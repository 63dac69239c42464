"""Model in, C structs out (plan.pxd): the core's only door for settings.

This runs once when a worker starts; it may use Python freely. Text becomes latin-1,
which is what HTTP/1 carries.
"""
# uses: ground/text, ground/address, io/tls_state, io/watch, io/tls_library,
#       io/tls_stream, http/fields, balance/table, balance/lbmethods/methods,
#       balance/elect, balance/table_slots, plan/regex, plan/client_names, plan/build,
#       plan/template, plan/letters, plan/tls_names, plan/variable_names,
#       plan/expr_ops, plan/verdicts, plan/access_plan, plan/rewrite_rules

import ipaddress
from dataclasses import fields

cdef plan_root plan
cdef object plan_deciding = frozenset()     # variables that access hangs on
cdef tuple CONF_FLAGS = (       # by CONF_*
    "preserve_host", "add_headers", "redirect_relative", "use_canonical_name",
    "use_canonical_physical_port", "track_first_byte", "expect_continue",
    "interpolate_env", "require_ssl", "std_env_vars", "export_cert_data",
    "websocket_fallback",
)
cdef tuple ENV_KNOWN = (
    "BALANCER_NAME", "BALANCER_WORKER_NAME", "BALANCER_WORKER_ROUTE",
    "BALANCER_SESSION_STICKY", "BALANCER_SESSION_ROUTE", "BALANCER_ROUTE_CHANGED",
    "no-proxy", "proxy-nokeepalive", "force-proxy-request-1.0",
    "proxy-initial-not-pooled", "proxy-interim-response", "nokeepalive",
    "force-response-1.0", "proxy-allow-http09", "proxy-nohalfclose", "downgrade-1.0",
)


cdef dict VERIFY_NUMBERS = {     # VERIFY_* by facts.tls.Verify
    "none": VERIFY_NONE, "optional": VERIFY_OPTIONAL, "require": VERIFY_REQUIRE,
    "optional_no_ca": VERIFY_OPTIONAL_NO_CA,
}


cdef const unsigned char *plan_source(str address) except? NULL:
    """ProxySourceAddress as 16 bytes; NULL: none."""
    cdef unsigned char *out
    if address is None:
        return NULL
    out = <unsigned char *>plan_alloc(16)
    plan_address(out, ipaddress.ip_address(address))
    return out


cdef const unsigned short *plan_statuses(object statuses) except NULL:
    cdef unsigned short *out = <unsigned short *>plan_alloc(2 * len(statuses) + 2)
    cdef int i
    for i, status in enumerate(statuses):
        out[i] = status
    return out


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
        elif piece.kind == "c":
            p.env = plan_tls_name(TLS_OLD_NAMES.get((piece.arg or "").lower(), ""))
        elif piece.kind == "x":
            p.env = plan_tls_name(piece.arg)
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


cdef object plan_env_op(env_op *op, object rule):
    op.variable = plan_env(rule.variable)
    op.unset = rule.value is None
    op.value = plan_template(
        rule.value, 0 if rule.expression is not None
        else NO_GROUPS if rule.attribute is None else 1, False, False)
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
    elif rule.attribute in plan_envs:
        op.attribute = ATTR_ENV
        op.attribute_env = plan_envs[rule.attribute]
    elif any(c in rule.attribute for c in "*+?()[]{}^$|\\."):
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


cdef dict plan_said(object facts):
    """The numbers of facts by name, for a struct that is filled by name."""
    numbers = {}
    for field in fields(facts):
        value = getattr(facts, field.name)
        number = 0 if value is None else getattr(value, "number", value)
        numbers[field.name] = number
        if field.name.endswith("_ms"):
            numbers[field.name.removesuffix("ms") + "us"] = number * 1000
    return numbers


cdef signed char plan_flag(object value):
    return -1 if value is None else (1 if value else 0)


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


cdef object plan_conf_of(plan_conf *c, object conf, plan_section *sections):
    global client_names_wanted
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
        c.error_documents[i].value = plan_text(value)
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
    if conf.auth_basic_fake is not None:
        c.fake = plan_text(conf.auth_basic_fake)
        plan.any_fake = True
    if conf.handler is not None:
        c.handler = plan_text(conf.handler)
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
    c.limit_request_body = (
        -1 if conf.limit_request_body is None else conf.limit_request_body)
    c.if_count = len(conf.ifs)
    c.ifs = <plan_if *>plan_alloc(sizeof(plan_if) * c.if_count)
    for i, item in enumerate(conf.ifs):
        c.ifs[i].expr = -1
        if item.condition is not None:
            # Settings hang on it, and among them whoever may not come in.
            c.ifs[i].expr = plan_expression(item.condition, True)
        c.ifs[i].is_else = item.is_else
        plan_conf_of(&c.ifs[i].conf, item.conf, sections)


cdef bint any_if(object conf) except -1:
    return bool(conf.ifs)


cdef bint any_late_if(object conf) except -1:
    """Does an <If> ask for what the mapping says?"""
    return any([
        (item.condition is not None and item.condition.asks_for_target)
        or any_late_if(item.conf) for item in conf.ifs])


cdef object plan_named_groups(plan_section *s):
    """(?<name>...) in LocationMatch sets MATCH_NAME."""
    cdef int i
    named = [
        (name, number) for name, number in regex_kept[s.regex][0].names
        if number < REGEX_PAIRS_MAX]
    s.group_count = len(named)
    s.groups = <int *>plan_alloc(sizeof(int) * s.group_count)
    s.group_envs = <int *>plan_alloc(sizeof(int) * s.group_count)
    for i, (name, number) in enumerate(named):
        s.groups[i] = number
        name = name.encode("latin-1").upper().decode("latin-1")     # ASCII letters only
        s.group_envs[i] = plan_env(f"MATCH_{name}")


cdef read_limit read_limit_of(object limit):
    return read_limit(
        limit.first_s * 1000000, limit.most_s * 1000000,
        1000000 // limit.min_rate if limit.min_rate else 0)


cdef object plan_vhost_of(plan_vhost *v, object vhost):
    cdef int i
    kinds = {"Location": 0, "LocationMatch": 1, "Proxy": 2, "ProxyMatch": 3}
    v.index = vhost.index
    v.said = plan_said(vhost)
    v.server_name = plan_text(vhost.server_name)
    v.says_https = vhost.server_scheme == "https"
    v.port = vhost.server_port or 0
    v.registered = plan_text(
        " " + " ".join(vhost.registered_methods) + " ")
    if v.port not in (0, 80):
        v.server_port = plan_text(f":{v.port}")
    v.server_header = plan_text(vhost.server_tokens)
    v.server_admin = plan_text(vhost.server_admin or "[no address given]")
    v.tls_group = vhost.tls_group
    if vhost.tls is not None:
        v.tls_verify = VERIFY_NUMBERS[vhost.tls.verify.value]
        v.strict_sni = vhost.tls.strict_sni
        v.no_crl_is_fine = vhost.tls.trust.revocation_no_crl_ok
    v.read_handshake = read_limit_of(vhost.read_handshake)
    v.read_header = read_limit_of(vhost.read_header)
    v.read_body = read_limit_of(vhost.read_body)
    v.limits.line_bytes = vhost.limit_request_line
    v.limits.field_bytes = vhost.limit_request_field_size
    v.limits.field_count = min(
        vhost.limit_request_fields or FIELD_COUNT_MAX, FIELD_COUNT_MAX)
    v.limits.strict = vhost.strict
    # An answer to HTTP/0.9 is a bare body, which nobody can tell from an end.
    v.limits.allow_http09 = vhost.allow_http09 and plan.compat_apache
    v.limits.compat_apache = plan.compat_apache
    plan_remote_ip_of(&v.remote_ip, vhost)
    v.server_path = plan_text(vhost.server_path)
    v.source = plan_source(vhost.proxy_source_address)
    v.connect_port_count = len(vhost.connect_ports)
    v.connect_ports = <int *>plan_alloc(2 * sizeof(int) * v.connect_port_count)
    for i, (lowest, highest) in enumerate(vhost.connect_ports):
        v.connect_ports[2 * i] = lowest
        v.connect_ports[2 * i + 1] = highest
    v.section_count = len(vhost.sections)
    v.sections = <plan_section *>plan_alloc(sizeof(plan_section) * v.section_count)
    plan_conf_of(&v.conf, vhost.default_conf, v.sections)
    for i in range(v.conf.env_if_count):
        v.asks_for_uri |= v.conf.env_ifs[i].attribute == ATTR_REQUEST_URI
    v.asks_for_uri |= any([
        rule.expression is not None and rule.expression.asks_for_uri
        for rule in vhost.default_conf.set_env_if])
    v.any_if = any_if(vhost.default_conf)
    v.any_late_if = any_late_if(vhost.default_conf)
    for i in range(v.conf.request_header_count):
        v.has_early |= v.conf.request_headers[i].early
    for i, section in enumerate(vhost.sections):
        v.sections[i].kind = kinds[section.kind.value]
        v.sections[i].is_glob = section.is_glob
        v.sections[i].regex = plan_regex(section.pattern) if section.is_regex else -1
        v.sections[i].pattern = plan_text(section.pattern)
        if section.is_regex:
            plan_named_groups(&v.sections[i])
        plan_conf_of(&v.sections[i].conf, section.conf, v.sections)
        if v.sections[i].kind <= SECTION_LOCATION_MATCH:
            v.any_location = True
        v.any_if |= any_if(section.conf)
        v.any_late_if |= any_late_if(section.conf) or (
            v.sections[i].kind > SECTION_LOCATION_MATCH and any_if(section.conf))
    v.mapping_count = len(vhost.mappings)
    v.mappings = <plan_mapping *>plan_alloc(sizeof(plan_mapping) * v.mapping_count)
    for i, mapping in enumerate(vhost.mappings):
        plan_mapping_of(&v.mappings[i], mapping, v.sections)
    v.log_count = len(vhost.access_logs)
    v.logs = <plan_log *>plan_alloc(sizeof(plan_log) * v.log_count)
    for i, log in enumerate(vhost.access_logs):
        v.logs[i].target = log.target_index
        v.logs[i].format = plan_pieces(log.format)
        v.logs[i].condition = -1
        if log.condition is not None:
            v.logs[i].condition = plan_env(log.condition.name)
            v.logs[i].condition_negated = log.condition.negated
        v.logs[i].expr = -1
        if log.expression is not None:
            v.logs[i].expr = plan_expression(log.expression, False)


cdef object plan_member_of(plan_member *m, object member, int index):
    m.index = index
    m.said = plan_said(member)
    m.balancer = member.balancer_index
    m.url = plan_text(member.url)
    host = f"[{member.host}]" if ":" in member.host else member.host
    m.name = plan_text(f"{host}:{member.port}")
    url = member.url
    if member.balancer_index < 0 and member.path and url.endswith(member.path):
        url = url[:len(url) - len(member.path)]
    m.origin = plan_text(url)
    m.host_field = plan_text(
        f"{host}:{member.port}" if member.explicit_port else host)
    # A direct member's path is part of its mapping's target.
    m.path = plan_text(member.path if member.balancer_index >= 0 else "")
    m.route = plan_text(member.route)
    m.unix_path = plan_text(member.unix_path)
    m.smax = -1 if member.smax is None else member.smax
    m.source = plan_source(member.source_address)
    m.field_bytes = member.response_field_bytes or 8192
    m.is_websocket = member.scheme in ("ws", "wss")
    # NONE is the old module's way to tunnel without a 101, which is never done here.
    words = [one for one in member.upgrade if one.upper() not in ("ANY", "*", "NONE")]
    m.upgrade_any = any(one.upper() in ("ANY", "*") for one in member.upgrade)
    m.upgrade_count = len(words)
    m.upgrades = <text *>plan_alloc(sizeof(text) * m.upgrade_count)
    for i, word in enumerate(words):
        m.upgrades[<int>i] = plan_text(word)
    if member.tls is not None:
        m.tls_verify = VERIFY_NUMBERS[member.tls.verify.value]
        m.tls_check_name = member.tls.check_name or member.tls.check_cn
        m.tls_check_date = member.tls.check_expire
        m.tls_refused = plan.compat_apache and not member.tls.engine
        m.tls_name = plan_text(member.host)
        m.no_crl_is_fine = member.tls.trust.revocation_no_crl_ok


cdef object plan_balancer_of(balancer_plan *b, object balancer):
    cdef int i
    b.member_count = len(balancer.members)
    b.members = <member_slot **>plan_alloc(sizeof(void *) * b.member_count)
    b.member_index = <int *>plan_alloc(sizeof(int) * b.member_count)
    for i, index in enumerate(balancer.members):
        b.members[i] = plan.members[<int>index].slot
        b.member_index[i] = index
    b.lbmethod = lb_method_find(balancer.lbmethod.encode())
    if b.lbmethod < 0:
        raise ValueError(f"unknown lbmethod {balancer.lbmethod!r}")
    cdef text name
    if balancer.sticky_cookie:
        name = plan_text(balancer.sticky_cookie)
        b.sticky_cookie = name.data
        b.sticky_cookie_length = name.length
        name = plan_text(balancer.sticky_url or balancer.sticky_cookie)
        b.sticky_url = name.data
        b.sticky_url_length = name.length
    b.has_separator = balancer.sticky_separator is not None
    if b.has_separator:
        b.separator = ord(balancer.sticky_separator[:1] or ".")
    b.scolon_path_delim = balancer.scolon_path_delim
    b.route_regex = plan_regex(balancer.route_regex)
    b.nofailover = balancer.nofailover
    b.force_recovery = balancer.force_recovery
    b.compat_apache = plan.compat_apache
    b.fail_on_timeout = balancer.fail_on_timeout
    b.fail_status_count = len(balancer.fail_on_status)
    b.fail_statuses = plan_statuses(balancer.fail_on_status)
    attempts = balancer.max_attempts
    b.max_attempts = max(b.member_count - 1, 0) if attempts is None else attempts
    b.timeout_ms = balancer.timeout_ms


cdef plan_set *plan_set_of(object model, object indexes) except NULL:
    """Names of a set in file order: ServerName, aliases, names as written."""
    cdef plan_set *s = <plan_set *>plan_alloc(sizeof(plan_set))
    cdef int i
    s.count = len(indexes)
    s.vhosts = <int *>plan_alloc(sizeof(int) * s.count)
    names = []
    written = []
    for i, index in enumerate(indexes):
        s.vhosts[i] = index
        vhost = model.vhosts[index]
        names.append((vhost.server_name.lower(), index, False))
        for alias in vhost.aliases:
            names.append((alias.lower(), index, "*" in alias or "?" in alias))
        written += [(n.lower(), index, False) for n in vhost.written_names]
    names += written
    s.name_count = len(names)
    s.names = <host_name *>plan_alloc(sizeof(host_name) * s.name_count)
    for i, (name, index, wildcard) in enumerate(names):
        s.names[i].name = plan_text(name)
        s.names[i].vhost = index
        s.names[i].wildcard = wildcard
    return s


cdef bint same_host(str one, str other):
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False


cdef object plan_place(address_place *p, str host, object port):
    p.any_host = host == "*"
    p.any_port = port is None
    p.port = port or 0
    if not p.any_host:
        plan_address(&p.address[0], ipaddress.ip_address(host))


cdef address_place *plan_places_of(object listed) except NULL:
    cdef int i
    cdef address_place *places = <address_place *>plan_alloc(
        sizeof(address_place) * len(listed))
    for i, (host, port) in enumerate(listed):
        plan_place(&places[i], host, port)
    return places


cdef object plan_prefaces(object process):
    """RemoteIPProxyProtocol and its exceptions."""
    cdef int i
    plan.preface_on_count = len(process.proxy_protocol_on)
    plan.preface_on = plan_places_of(process.proxy_protocol_on)
    plan.preface_off_count = len(process.proxy_protocol_off)
    plan.preface_off = plan_places_of(process.proxy_protocol_off)
    plan.preface_exception_count = len(process.proxy_protocol_exceptions)
    plan.preface_exceptions = <network *>plan_alloc(
        sizeof(network) * plan.preface_exception_count)
    for i, written in enumerate(process.proxy_protocol_exceptions):
        plan_network(&plan.preface_exceptions[i], written)


cdef object plan_remote_ip_of(plan_remote_ip *said, object vhost):
    cdef int i
    if vhost.remote_ip_header is None:
        return
    said.header = plan_text(vhost.remote_ip_header)
    said.proxies_header = plan_text(vhost.remote_ip_proxies_header)
    said.is_listed = vhost.remote_ip_proxies is not None
    listed = vhost.remote_ip_proxies or ()
    said.proxy_count = len(listed)
    said.proxies = <remote_proxy *>plan_alloc(sizeof(remote_proxy) * len(listed))
    for i, proxy in enumerate(listed):
        plan_network(&said.proxies[i].network, proxy.network)
        said.proxies[i].internal = proxy.internal
    plan.remote_ip_note = plan_env(ENV_OF_NOTE + "remoteip-proxy-ip-list")


cdef object plan_addresses(object model):
    """Rules from the most to the least specific."""
    cdef int i
    cdef address_rule *rule
    cdef plan_listener *listener
    ordered = sorted(
        model.address_sets, key=lambda s: (s.host == "*", s.port is None))
    plan.address_rule_count = len(ordered)
    plan.address_rules = <address_rule *>plan_alloc(
        sizeof(address_rule) * len(ordered))
    for i, entry in enumerate(ordered):
        rule = &plan.address_rules[i]
        plan_place(&rule.place, entry.host, entry.port)
        rule.set = plan_set_of(model, entry.vhosts)
    plan.main_set = plan_set_of(model, (0,))
    plan.listener_count = len(model.listeners)
    plan.listeners = <plan_listener *>plan_alloc(
        sizeof(plan_listener) * plan.listener_count)
    for i, entry in enumerate(model.listeners):
        listener = &plan.listeners[i]
        listener.number = i
        listener.port = entry.port
        for index, candidate in enumerate(ordered):
            if candidate.port not in (None, entry.port):
                continue
            if candidate.host == "*" or same_host(candidate.host, entry.host):
                listener.set = plan.address_rules[<int>index].set
                break
            if entry.host in ("", "0.0.0.0", "::"):
                listener.wildcard = True    # decided for each connection
                break
        else:
            listener.set = plan.main_set


cdef object plan_begin(
        object model, Table table, object member_slots, object balancer_slots):
    """Make the plan of this process."""
    cdef int i
    global plan_deciding
    memset(&plan, 0, sizeof(plan))
    regex_begin()
    plan_places.clear()
    for regex in model.regexes:
        plan_places[regex.pattern, regex.ignore_case] = regex.place
    plan_deciding = model.deciding_variables
    access_forget()
    verdicts_begin()
    plan_envs.clear()
    tls_names_begin()
    variable_names_begin()
    expressions_begin()
    for name in ENV_KNOWN:
        plan_env(name)
    plan.remote_ip_note = -1
    plan.compat_apache = model.compat.value == "apache"
    plan.max_connections_per_child = model.process.max_connections_per_child
    plan.max_request_workers = model.process.max_request_workers
    plan.max_client_connections = model.process.max_client_connections
    plan.async_factor = model.process.async_factor
    if plan.max_request_workers == 0:
        plan.async_factor = -1
    plan.extended_status = model.process.extended_status
    plan.document_root = plan_text(model.process.document_root)
    plan.log_count = len(model.log_targets)
    plan.member_count = len(model.members)
    plan.members = <plan_member *>plan_alloc(sizeof(plan_member) * plan.member_count)
    for i, member in enumerate(model.members):
        plan_member_of(&plan.members[i], member, i)
        plan.members[i].slot = table.member(member_slots[i])
    plan.balancer_count = len(model.balancers)
    plan.balancers = <balancer_plan *>plan_alloc(
        sizeof(balancer_plan) * plan.balancer_count)
    plan.balancer_names = <text *>plan_alloc(sizeof(text) * plan.balancer_count)
    for i, balancer in enumerate(model.balancers):
        plan_balancer_of(&plan.balancers[i], balancer)
        plan.balancers[i].slot = table.balancer(balancer_slots[i])
        plan.balancer_names[i] = plan_text(balancer.name)
    plan.vhost_count = len(model.vhosts)
    plan.vhosts = <plan_vhost *>plan_alloc(sizeof(plan_vhost) * plan.vhost_count)
    for i, vhost in enumerate(model.vhosts):
        plan_vhost_of(&plan.vhosts[i], vhost)
    plan_addresses(model)
    plan_prefaces(model.process)
    tls_names_end()


cdef object plan_envs_end():
    """Every variable has its number: count them, and write down their names."""
    plan.env_count = len(plan_envs)
    plan_env_names_end()


cdef object plan_tls(object handles):
    """Put the contexts into the plan (tls/handles.py); None: nowhere is TLS spoken."""
    cdef int i
    if handles is None:
        return
    tls_library_begin(handles.functions)
    for i, server in enumerate(handles.servers):
        if server is not None:
            plan.vhosts[i].tls_context = <void *><size_t>server.certificate_context
            plan.vhosts[i].tls_session_context = (
                <void *><size_t>server.session_context)
            tls.SSL_CTX_set_alpn_select_cb(
                plan.vhosts[i].tls_session_context, tls_choose_protocol, NULL)
            tls.SSL_CTX_set_alpn_select_cb(
                plan.vhosts[i].tls_context, tls_choose_protocol, NULL)
    for i, context in enumerate(handles.members):
        if context is not None:
            plan.members[i].tls_context = <void *><size_t>context
