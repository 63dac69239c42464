"""Model in, C structs out (plan.pxd): the core's only door for settings."""
# uses: ground/text, io/tls_library, io/tls_stream, balance/elect,
#       balance/table_slots, plan/regex, plan/build, plan/tls_names,
#       plan/variable_names, plan/expr_ops, plan/verdicts, plan/access_plan,
#       plan/filter_plan, plan/labels_plan, plan/plan, plan/plan_conf,
#       plan/plan_members, plan/plan_hosts
cdef tuple ENV_KNOWN = (
    "BALANCER_NAME", "BALANCER_WORKER_NAME", "BALANCER_WORKER_ROUTE",
    "BALANCER_SESSION_STICKY", "BALANCER_SESSION_ROUTE", "BALANCER_ROUTE_CHANGED",
    "no-proxy", "proxy-nokeepalive", "force-proxy-request-1.0",
    "proxy-initial-not-pooled", "proxy-interim-response", "nokeepalive",
    "force-response-1.0", "proxy-allow-http09", "proxy-nohalfclose", "downgrade-1.0",
    "suppress-error-charset", "proxy-fcgi-pathinfo", "proxy-scgi-pathinfo",
)


# In the order of TOLD_*.
cdef tuple TOLD_NAMES = (
    "SSL_CLIENT_CERT", "SSL_CIPHER", "SSL_SESSION_ID", "SSL_CIPHER_USEKEYSIZE",
    "SSL_PROTOCOL",
)


cdef object plan_begin(
        object model, Table table, object member_slots, object balancer_slots):
    """Make the plan of this process."""
    cdef int i
    global plan_deciding, plan_std_env_wanted
    plan_std_env_wanted = False
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
    filter_names_begin()
    plan_types(model.mime_types, model.types_of_members)
    plan.lists_directories = model.lists_directories
    for name in ENV_KNOWN:
        plan_env(name)
    plan.remote_ip_note = -1
    plan.nonces = &table.view.nonces
    plan.compat_apache = model.compat.value == "apache"
    plan.max_connections_per_child = model.process.max_connections_per_child
    plan.max_request_workers = model.process.max_request_workers
    plan.max_client_connections = model.process.max_client_connections
    plan.async_factor = model.process.async_factor
    if plan.max_request_workers == 0:
        plan.async_factor = -1
    plan.buffered_logs = model.process.buffered_logs
    plan.extended_status = model.process.extended_status
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
        plan.vhosts[i].counted = table.vhost(vhost.vhost_id)
    plan_addresses(model)
    plan_prefaces(model.process)
    if any([member.scheme == "ajp" for member in model.members]):
        for i, name in enumerate(TOLD_NAMES):
            plan.told_tls[i] = plan_tls_name(name)
    plan_tls_of_gateways()
    tls_names_end()


# What StdEnvVars tells an application; of a certificate's names the parts that httpd
# knows.
cdef tuple TLS_STANDARD = (
    "VERSION_INTERFACE", "VERSION_LIBRARY", "PROTOCOL", "SECURE_RENEG",
    "COMPRESS_METHOD", "CIPHER", "CIPHER_EXPORT", "CIPHER_USEKEYSIZE",
    "CIPHER_ALGKEYSIZE", "CLIENT_VERIFY", "SESSION_ID", "SESSION_RESUMED",
    "CLIENT_V_REMAIN", "SERVER_CERT", "CLIENT_CERT",
)
cdef tuple TLS_OF_CERTIFICATES = (
    "M_VERSION", "M_SERIAL", "V_START", "V_END", "A_KEY", "A_SIG", "S_DN", "I_DN",
)
cdef tuple TLS_OF_NAMES = (
    "C", "ST", "L", "O", "OU", "CN", "T", "I", "G", "S", "D", "UID", "Email",
)


cdef bint any_gateway():
    cdef int i
    for i in range(plan.member_count):
        if plan.members[i].protocol >= PROTOCOL_FCGI:
            return True
    return False


cdef object plan_env_of_gateway(str name):
    """As far as there is room: variables that rules name come first."""
    if len(plan_envs) < ENV_COUNT_MAX:
        plan_env(name)


cdef object plan_tls_of_gateways():
    """Who is asked by CGI's rules is told what TLS is about, without naming it."""
    if not any_gateway():
        return
    plan_env_of_gateway("HTTPS")
    plan_env_of_gateway("SSL_TLS_SNI")
    if not plan_std_env_wanted:
        return
    for name in TLS_STANDARD:
        plan_env_of_gateway(f"SSL_{name}")
    for side in ("SERVER", "CLIENT"):
        for name in TLS_OF_CERTIFICATES:
            plan_env_of_gateway(f"SSL_{side}_{name}")
        for whose in ("S_DN", "I_DN"):
            for name in TLS_OF_NAMES:
                plan_env_of_gateway(f"SSL_{side}_{whose}_{name}")


cdef object plan_envs_of_gateways():
    """... and of every variable by another name, behind a rule of a section."""
    if not any_gateway():
        return
    for name in list(plan_envs):
        if not name.startswith(("\0", "REDIRECT_", "SSL_", "HTTPS")):
            plan_env_of_gateway(f"REDIRECT_{name}")


cdef object plan_envs_end():
    """Every variable has its number: count them, and write down their names."""
    cdef int i
    plan_envs_of_gateways()
    plan.env_count = len(plan_envs)
    plan_env_names_end()
    filter_env_end()
    told = [number for name, number in plan_envs.items() if name.startswith("AJP_")]
    plan.told_env_count = len(told)
    plan.told_envs = <int *>plan_alloc(sizeof(int) * plan.told_env_count)
    for i, number in enumerate(told):
        plan.told_envs[i] = number


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
    plan.cipher_lists = <cipher_list *>plan_alloc(
        sizeof(cipher_list) * len(cipher_lists))
    for i, written in enumerate(cipher_lists):
        plan.cipher_lists[i].count = len(handles.ciphers[written])
        plan.cipher_lists[i].names = plan_texts(handles.ciphers[written])
    for i, context in enumerate(handles.members):
        if context is not None:
            plan.members[i].tls_context = <void *><size_t>context
