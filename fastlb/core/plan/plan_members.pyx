"""Members and balancers, from the model into the plan."""
# uses: ground/text, ground/hash, balance/table, balance/lbmethods/method,
#       balance/lbmethods/methods, balance/own_cookie, balance/elect, plan/build,
#       plan/plan

cdef dict PROTOCOL_NUMBERS = {
    "ajp": PROTOCOL_AJP, "fcgi": PROTOCOL_FCGI, "scgi": PROTOCOL_SCGI,
    "uwsgi": PROTOCOL_UWSGI,
}


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
    m.usual_port = plan_text(
        "" if member.explicit_port or member.unix_path else f":{member.port}")
    m.host_field = plan_text(
        f"{host}:{member.port}" if member.explicit_port else host)
    # A direct member's path is part of its mapping's target.
    m.path = plan_text(member.path if member.balancer_index >= 0 else "")
    m.route = plan_text(member.route)
    name = member.socket_name
    m.unix_path = plan_text(None if name is None else name.decode("latin-1"))
    m.has_agent = member.agent is not None
    m.smax = -1 if member.smax is None else member.smax
    m.source = plan_source(member.source_address)
    m.field_bytes = member.response_field_bytes or 8192
    m.protocol = PROTOCOL_NUMBERS.get(member.scheme, PROTOCOL_HTTP)
    m.secret = plan_text(member.secret)
    m.is_websocket = member.scheme in ("ws", "wss")
    # NONE is the old module's way to tunnel without a 101, which is never done here.
    words = [one for one in member.upgrade if one.upper() not in ("ANY", "*", "NONE")]
    m.upgrade_any = any(one.upper() in ("ANY", "*") for one in member.upgrade)
    m.upgrade_count = len(words)
    m.upgrades = <text *>plan_alloc(sizeof(text) * m.upgrade_count)
    for i, word in enumerate(words):
        m.upgrades[<int>i] = plan_text(word)
    if member.remote is not None:
        plan_remote_of(m, member, host)
    if member.tls is not None:
        m.tls_verify = VERIFY_NUMBERS[member.tls.verify.value]
        m.tls_check_name = member.tls.check_name or member.tls.check_cn
        m.tls_check_date = member.tls.check_expire
        m.tls_refused = plan.compat_apache and not member.tls.engine
        m.tls_name = plan_text(member.host)
        m.no_crl_is_fine = member.tls.trust.revocation_no_crl_ok


cdef object plan_remote_of(plan_member *m, object member, str host):
    """ProxyRemote. host: as it stands in a URL."""
    said = member.remote.authorization
    field = f"Proxy-Authorization: {said}\r\n" if said else ""
    if member.tls is None:
        port = f":{member.port}" if member.explicit_port else ""
        m.remote_origin = plan_text(f"http://{host}{port}")
        m.remote_field = plan_text(said)
        return
    asked = f"{host}:{member.port}"
    m.remote_connect = plan_text(
        f"CONNECT {asked} HTTP/1.0\r\nHost: {asked}\r\n{field}\r\n")


cdef object plan_own_cookie_of(balancer_plan *b, object said, bytes key):
    """key: of stickykey=; b"": the table's secret stands in its place."""
    cdef own_cookie *c = <own_cookie *>plan_alloc(sizeof(own_cookie))
    cdef const uint64_t *secret = &plan.nonces.secret[0]
    cdef bytes purpose = b"stickycookie " + said.name.encode()
    cdef uint64_t[2] kept
    cdef const text *route
    cdef int i
    if key:
        memcpy(&kept[0], <const char *>key, sizeof(kept))
        secret = &kept[0]
    sip_hash(purpose, <unsigned int>len(purpose), secret, &c.secret[0])
    c.name = plan_text(said.name)
    c.attributes = plan_text(said.attributes)
    c.secure = said.secure
    c.secure_on_tls = said.secure_on_tls
    c.max_age_s = said.max_age_s
    c.count = b.member_count
    c.members = <uint64_t *>plan_alloc(sizeof(uint64_t) * c.count)
    for i in range(c.count):
        route = &plan.members[b.member_index[i]].route
        c.members[i] = own_cookie_member(c, route.data, route.length)
    b.own_cookie = c


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
    b.is_timed = lb_method_of(b.lbmethod).needs & LB_TIMES != 0
    cdef text name
    if lb_method_of(b.lbmethod).needs & LB_HASHES:
        b.hash_by = balancer.hash_by.number
        name = plan_text(balancer.hash_name)
        b.hash_name = name.data
        b.hash_name_length = name.length
        b.hash_load_percent = balancer.hash_load_percent
    if balancer.sticky_cookie:
        name = plan_text(balancer.sticky_cookie)
        b.sticky_cookie = name.data
        b.sticky_cookie_length = name.length
        name = plan_text(balancer.sticky_url or balancer.sticky_cookie)
        b.sticky_url = name.data
        b.sticky_url_length = name.length
    if balancer.own_cookie is not None:
        plan_own_cookie_of(b, balancer.own_cookie, bytes.fromhex(balancer.sticky_key))
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
    b.queue = plan.members[b.member_index[0]].balancer if b.member_count \
        else <int>(b - plan.balancers)
    b.queue_max = 0x7FFFFFFF if plan.compat_apache else balancer.queue_max
    b.retry_status_count = len(balancer.retry_on_status)
    b.retry_statuses = plan_statuses(balancer.retry_on_status)
    b.ejects = (
        balancer.eject_failures > 0 or balancer.eject_errors_percent > 0)
    b.eject_failures = balancer.eject_failures
    b.eject_percent = balancer.eject_errors_percent
    b.eject_window_us = balancer.eject_window_ms * 1000
    b.eject_requests = balancer.eject_requests
    b.eject_us = balancer.eject_time_ms * 1000
    b.eject_max_percent = balancer.eject_max_percent
    # httpd bounds nothing.
    b.retry_budget = (
        -1 if balancer.retry_budget_percent is None or plan.compat_apache
        else balancer.retry_budget_percent)
