"""Access rules of the model in C (access_plan.pxd)."""
# uses: ground/text, ground/address, plan/build, plan/expr_ops, plan/verdicts

import os

cdef plan_digest digest_usual = plan_digest(300000, False, text(b"", 0), NULL)
cdef list plan_names = []
cdef list auth_requests = []
cdef list plan_hosts = []
cdef dict plan_host_numbers = {}


cdef int access_size(object rule) except -1:
    cdef int total = 1
    for inner in rule.rules:
        total += access_size(inner)
    return total


cdef bint access_has_limits(object rule) except -1:
    return bool(rule.limits) or any([access_has_limits(r) for r in rule.rules])


cdef text *plan_texts(object words) except NULL:
    cdef text *out = <text *>plan_alloc(sizeof(text) * len(words))
    cdef int i
    for i, word in enumerate(words):
        out[i] = plan_text(word)
    return out


cdef method_limits plan_limits(object limits) except *:
    """What <Limit> and <LimitExcept> say of the methods."""
    cdef method_limits out
    cdef method_limit *one
    cdef int i
    out.count = len(limits)
    out.limits = <method_limit *>plan_alloc(sizeof(method_limit) * len(limits))
    for i, limit in enumerate(limits):
        one = &out.limits[i]
        one.others = limit.others
        one.name_count = len(limit.names)
        one.names = plan_texts(limit.names)
    return out


cdef int access_write(access_op *ops, object rule) except -1:
    """Write the subtree in prefix order; returns its size."""
    cdef access_op *op = ops
    cdef int i, used = 1
    names = [
        "RequireAll", "RequireAny", "RequireNone", "all granted", "all denied", "ip",
        "local", "host", "forward-dns", "env", "method", "user", "valid-user", "group",
        "dbm-group", "expr", "ldap-user", "ldap-group", "ldap-dn", "ldap-attribute",
        "ldap-filter", "ldap-search",
    ]
    op.op = names.index(rule.op.value)
    op.negated = rule.negated
    op.limits = plan_limits(rule.limits)
    op.limited = op.limits.count > 0
    op.names_number = op.expr = op.source = -1
    if op.op >= ACCESS_LDAP and rule.source is not None:
        op.source = plan_directory(rule.source)
    elif rule.source is not None:
        op.source = plan_auth_file(rule.source)
    if op.op == ACCESS_IP:
        op.network_count = len(rule.args)
        op.networks = <network *>plan_alloc(sizeof(network) * len(rule.args))
        for i, arg in enumerate(rule.args):
            plan_network(&op.networks[i], arg)
    elif op.op == ACCESS_ENV:
        op.name_count = len(rule.args)
        op.envs = <int *>plan_alloc(sizeof(int) * len(rule.args))
        for i, arg in enumerate(rule.args):
            op.envs[i] = plan_env(arg)
    elif rule.expression is not None and op.op in (
            ACCESS_USER, ACCESS_GROUP, ACCESS_DBM_GROUP):
        op.expr = plan_expression(rule.expression, True)
    elif op.op in (ACCESS_METHOD, ACCESS_USER, ACCESS_DBM_GROUP):
        op.name_count = len(rule.args)
        op.names = <text *>plan_alloc(sizeof(text) * len(rule.args))
        for i, arg in enumerate(rule.args):
            op.names[i] = plan_text(arg)
    elif op.op in (ACCESS_HOST, ACCESS_FORWARD_DNS):
        op.names_number = plan_host_number(op.op, tuple(rule.args))
    elif op.op == ACCESS_GROUP:
        plan_names.append(tuple(rule.args))
        op.names_number = len(plan_names) - 1
    elif op.op >= ACCESS_LDAP:
        if rule.expression is not None:
            op.expr = plan_expression(rule.expression, True)
            plan_names.append((rule.op.value,))
        else:
            plan_names.append((rule.op.value, *rule.args))
        op.names_number = len(plan_names) - 1
    elif op.op == ACCESS_EXPR:
        op.expr = plan_expression(rule.expression, True)
        op.names_user = rule.expression.asks_for_user
    for inner in rule.rules:
        op.limited |= access_has_limits(inner)
        used += access_write(ops + used, inner)
    op.size = used
    return used


cdef int plan_host_number(int kind, tuple names) except -1:
    """The same names have one number: what is found holds for all who ask."""
    if (kind, names) not in plan_host_numbers:
        plan_host_numbers[kind, names] = len(plan_hosts)
        plan_hosts.append(names)
    return plan_host_numbers[kind, names]


cdef object access_forget():
    """Another plan begins."""
    plan_names.clear()
    auth_requests.clear()
    plan_hosts.clear()
    plan_host_numbers.clear()


# An AccessRule as nodes in prefix order.
cdef access_op *plan_access(object rule, int *count) except NULL:
    cdef access_op *ops
    count[0] = access_size(rule)
    ops = <access_op *>plan_alloc(sizeof(access_op) * count[0])
    access_write(ops, rule)
    return ops


cdef old_word *plan_old_words(object words, int *count) except NULL:
    cdef old_word *out = <old_word *>plan_alloc(sizeof(old_word) * len(words))
    cdef int i
    count[0] = len(words)
    for i, word in enumerate(words):
        out[i].limits = plan_limits(word.limits)
        out[i].word = word.word.number
    return out


cdef access_op *plan_old_list(object rules, int *count) except NULL:
    cdef access_op *out = <access_op *>plan_alloc(sizeof(access_op) * len(rules))
    cdef int i
    count[0] = len(rules)
    for i, rule in enumerate(rules):
        access_write(&out[i], rule)
    return out


# What a DirConf says of the old directives and of passwords; NULL: nothing.
cdef old_access *plan_old(object conf) except? NULL:
    cdef old_access *out
    old = conf.old_access
    if old is None:
        return NULL
    out = <old_access *>plan_alloc(sizeof(old_access))
    out.orders = plan_old_words(old.orders, &out.order_count)
    out.satisfies = plan_old_words(old.satisfies, &out.satisfy_count)
    out.allows = plan_old_list(old.allow, &out.allow_count)
    out.denies = plan_old_list(old.deny, &out.deny_count)
    return out


cdef signed char said_flag(object value) except -2:
    return -1 if value is None else bool(value)


cdef int plan_auth_file(object said) except -2:
    """Number of a file; -1: none is said."""
    if said is None:
        return -1
    return auth_file_add(os.fsencode(said) if isinstance(said, str) else said)


cdef int *plan_told(object names, int *count) except NULL:
    cdef int *out
    cdef int i
    count[0] = len(names)
    out = <int *>plan_alloc(sizeof(int) * count[0])
    for i, name in enumerate(names):
        out[i] = plan_env(name)
    return out


cdef int plan_directory(object said) except -2:
    """Its number; and what it says of users beside yes and no."""
    global directory_login, directory_server
    cdef int number = auth_file_add(said)
    cdef auth_file *f = &auth_files[number]
    cdef text server
    names = said.attributes
    f.called_by = -1
    if said.user_attribute in names:
        f.called_by = names.index(said.user_attribute)
    f.user_is_dn = said.user_is_dn
    f.as_user = said.asks_as_user
    server = plan_text(ascii((said.hosts, said.mode)))
    f.server = value(server.data, server.length)
    f.granted = plan_told(said.variables(said.authorize_prefix), &f.told_count)
    f.told = plan_told(said.variables(), &f.told_count)
    if f.called_by >= 0 or f.user_is_dn or f.as_user:
        directory_login = plan_env(ENV_OF_NOTE + "ldap-login")
        directory_server = plan_env(ENV_OF_NOTE + "ldap-server")
    return number


cdef plan_providers *plan_providers_of(object said) except? NULL:
    """AuthBasicProvider, AuthDigestProvider; NULL: not said"""
    cdef plan_providers *out
    cdef plan_provider *one
    if not said:
        return NULL
    out = <plan_providers *>plan_alloc(sizeof(plan_providers))
    for provider in said:
        if out.count == PROVIDERS_MAX:
            raise ValueError(f"more than {PROVIDERS_MAX} providers of users")
        one = &out.list[out.count]
        out.count += 1
        one.user_file = one.directory = -1
        one.is_alias = hasattr(provider, "kind")
        if not one.is_alias:
            one.kind = provider.number
            continue
        one.kind = provider.kind.number
        one.user_file = plan_auth_file(provider.user_file)
        if provider.ldap is not None:
            one.directory = plan_directory(provider.ldap)
            one.attributes = plan_told(
                provider.ldap.variables(), &one.attribute_count)
        if provider.anonymous is not None:
            one.guests = plan_guests_of(provider.anonymous)
    return out


cdef plan_auth *plan_auth_of(object conf) except? NULL:
    cdef plan_auth *out
    words = (
        conf.auth_type, conf.auth_name, conf.auth_user_file, conf.auth_group_file,
        conf.auth_dbm_user_file, conf.auth_dbm_group_file,
        conf.auth_basic_authoritative, conf.forbidden_on_failure,
        conf.auth_basic_providers, conf.anonymous, conf.auth_digest, conf.auth_ldap)
    if all([word is None for word in words]):
        return NULL
    out = <plan_auth *>plan_alloc(sizeof(plan_auth))
    out.kind = AUTH_UNSAID
    out.kind_expr = out.name_expr = -1
    if hasattr(conf.auth_type, "number"):
        out.kind = conf.auth_type.number
    elif conf.auth_type is not None:
        out.kind_expr = plan_expression(conf.auth_type, False)
    if isinstance(conf.auth_name, str):
        out.name = plan_text(conf.auth_name)
    elif conf.auth_name is not None:
        out.name_expr = plan_expression(conf.auth_name, False)
    out.user_file = plan_auth_file(conf.auth_user_file)
    out.group_file = plan_auth_file(conf.auth_group_file)
    out.dbm_user_file = plan_auth_file(conf.auth_dbm_user_file)
    out.dbm_group_file = plan_auth_file(conf.auth_dbm_group_file)
    out.directory = -1
    if conf.auth_ldap is not None:
        out.directory = plan_directory(conf.auth_ldap)
        out.attributes = plan_told(
            conf.auth_ldap.variables(), &out.attribute_count)
    out.authoritative = said_flag(conf.auth_basic_authoritative)
    out.forbids = said_flag(conf.forbidden_on_failure)
    out.providers = plan_providers_of(conf.auth_basic_providers)
    if conf.anonymous is not None:
        out.guests = plan_guests_of(conf.anonymous)
    if conf.auth_digest is not None:
        out.digest = <plan_digest *>plan_alloc(sizeof(plan_digest))
        out.digest.lifetime_ms = conf.auth_digest.lifetime_s * 1000
        out.digest.counts = conf.auth_digest.counts
        out.digest.providers = plan_providers_of(conf.auth_digest.providers)
        domain = " ".join(conf.auth_digest.domain)
        out.digest.domain = plan_text(f', domain="{domain}"' if domain else "")
    return out


cdef plan_guests *plan_guests_of(object said) except NULL:
    cdef plan_guests *out = <plan_guests *>plan_alloc(sizeof(plan_guests))
    names = [name for name in said.users if name != "*"]
    out.anybody = "*" in said.users
    out.may_be_nobody = said.no_user_id
    out.must_give = said.must_give_email
    out.verify = said.verify_email
    out.name_count = len(names)
    out.names = plan_texts(names)
    return out


# AllowMethods; NULL: not said
cdef method_limit *plan_methods(object conf) except? NULL:
    cdef method_limit *out
    if conf.allow_methods is None:
        return NULL
    out = <method_limit *>plan_alloc(sizeof(method_limit))
    out.name_count = len(conf.allow_methods.names)
    out.names = plan_texts(conf.allow_methods.names)
    return out


# AuthRequest: its number; ELSEWHERE_UNSAID, ELSEWHERE_OFF
cdef int plan_elsewhere(object conf) except? -3:
    if conf.auth_request is None:
        return ELSEWHERE_UNSAID
    if conf.auth_request.mapping is None:
        return ELSEWHERE_OFF
    auth_requests.append(conf.auth_request)
    return len(auth_requests) - 1
