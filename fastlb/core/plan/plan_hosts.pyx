"""Virtual hosts, and which of them has which address, from the model into the plan."""
# uses: ground/text, ground/address, plan/regex, plan/build, plan/template,
#       plan/expr_ops, plan/access_plan, plan/html_plan, plan/filter_plan,
#       plan/labels_plan, plan/plan, plan/plan_conf
import ipaddress

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


cdef object plan_files_of(plan_vhost *v, object vhost):
    """Where files lie, and which sections hold for them."""
    cdef int i
    cdef file_section *s
    kinds = {"Directory": 0, "DirectoryMatch": 1, "Files": 2, "FilesMatch": 3}
    v.alias_count = len(vhost.file_aliases)
    v.aliases = <file_alias *>plan_alloc(sizeof(file_alias) * v.alias_count)
    for i, found in enumerate(vhost.file_aliases):
        v.aliases[i].path = plan_text(found.pattern)
        v.aliases[i].regex = plan_regex(found.pattern) if found.is_regex else -1
        v.aliases[i].target = plan_text(found.target)
        v.aliases[i].composed = plan_template(
            found.target, 0 if found.is_regex else NO_GROUPS, False, False)
        v.aliases[i].is_script = found.is_script
    v.access_name_count = len(vhost.access_file_names)
    v.access_names = plan_texts(vhost.access_file_names)
    v.file_section_count = len(vhost.file_sections)
    v.file_sections = <file_section *>plan_alloc(
        sizeof(file_section) * v.file_section_count)
    for i, section in enumerate(vhost.file_sections):
        s = &v.file_sections[i]
        s.kind = kinds[section.kind.value]
        s.is_glob = section.is_glob
        s.regex = plan_regex(section.pattern) if section.is_regex else -1
        s.pattern = plan_text(section.pattern)
        s.within = section.within
        plan_conf_of(&s.conf, section.conf, v.sections)
        html_group_set(s.conf.filters, HTML_OF_DIRECTORIES
                       if s.kind <= SECTION_DIRECTORY_MATCH else HTML_OF_FILES)
        if any_if(section.conf):
            v.any_if = v.any_late_if = True     # which file it is, is known late


cdef int plan_note(object name) except -2:
    """The variable of a note; -1 for None."""
    return -1 if name is None else plan_env(ENV_OF_NOTE + name.lower())


cdef object plan_pages(plan_vhost *v, object vhost):
    cdef int i
    if vhost.pages_mapping is None:
        return
    v.page_count = len(vhost.pages)
    v.telling_count = vhost.pages_that_tell
    v.pages = <text *>plan_alloc(sizeof(text) * v.page_count)
    for i, name in enumerate(vhost.pages):
        v.pages[i] = plan_text(name)
    # as controller/scgi.py reads it
    v.page_head = plan_text(f"/{vhost.page_word}/")
    v.pages_mapping = <plan_mapping *>plan_alloc(sizeof(plan_mapping))
    plan_mapping_of(v.pages_mapping, vhost.pages_mapping, v.sections)


cdef object plan_vhost_of(plan_vhost *v, object vhost):
    global filters_found, labels_noted
    cdef int i
    filters_found = False
    labels_noted = 0
    kinds = {"Location": 0, "LocationMatch": 1, "Proxy": 2, "ProxyMatch": 3}
    v.index = vhost.index
    v.said = plan_said(vhost)
    v.tells_kept = plan_level(vhost, "proxy") >= 7      # Level.DEBUG
    v.tells_again = plan_level(vhost, "proxy_balancer") >= 6    # Level.INFO
    v.server_name = plan_text(vhost.server_name)
    v.says_https = vhost.server_scheme == "https"
    v.port = vhost.server_port or 0
    v.registered = plan_text(
        " " + " ".join(vhost.registered_methods) + " ")
    v.server_header = plan_text(vhost.server_tokens)
    v.request_id_header = plan_text(vhost.request_id_header)
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
    v.document_root = plan_text(vhost.document_root)
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
    v.deflate_note_ratio = plan_note(vhost.deflate_note_ratio)
    v.deflate_note_input = plan_note(vhost.deflate_note_input)
    v.deflate_note_output = plan_note(vhost.deflate_note_output)
    v.brotli_note_ratio = plan_note(vhost.brotli_note_ratio)
    v.brotli_note_input = plan_note(vhost.brotli_note_input)
    v.brotli_note_output = plan_note(vhost.brotli_note_output)
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
            html_group_set(v.sections[i].conf.filters, HTML_OF_LOCATIONS)
        if v.sections[i].kind <= SECTION_LOCATION_MATCH:
            v.any_location = True
        v.any_if |= any_if(section.conf)
        v.any_late_if |= any_late_if(section.conf) or (
            v.sections[i].kind > SECTION_LOCATION_MATCH and any_if(section.conf))
    plan_files_of(v, vhost)
    v.any_filter = filters_found
    v.labels = labels_of_all | labels_noted
    v.mapping_count = len(vhost.mappings)
    v.mappings = <plan_mapping *>plan_alloc(sizeof(plan_mapping) * v.mapping_count)
    for i, mapping in enumerate(vhost.mappings):
        plan_mapping_of(&v.mappings[i], mapping, v.sections)
    plan_pages(v, vhost)
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
