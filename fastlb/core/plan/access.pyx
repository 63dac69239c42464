"""Require: may this client ask for this?"""
# uses: ground/text, ground/address, plan/plan, plan/client, plan/facts

cdef bint network_holds(network *n, const unsigned char *address) noexcept nogil:
    cdef int whole = n.bits // 8
    cdef int rest = n.bits % 8
    if memcmp(&n.address[0], address, whole) != 0:
        return False
    if rest == 0:
        return True
    return (n.address[whole] ^ address[whole]) >> (8 - rest) == 0


cdef int access_evaluate(access_op *op, request_facts *r) noexcept nogil:
    """1 granted, 0 denied, -1 neutral (a negated rule that did not match)."""
    cdef int i, result = -1, inner
    cdef access_op *child
    cdef bint hit = False
    cdef value method
    if op.op <= ACCESS_NONE_OF:
        child = op + 1
        while child < op + op.size:
            inner = access_evaluate(child, r)
            child += child.size
            if inner < 0:
                continue
            if op.op == ACCESS_ALL_OF:
                if inner == 0:
                    result = 0
                    break
                result = 1
            elif op.op == ACCESS_ANY_OF:
                if inner == 1:
                    result = 1
                    break
                result = 0
            elif inner == 1:
                return 0
        if op.negated and result >= 0:
            return 0 if result == 1 else -1
        return result
    if op.op == ACCESS_GRANTED:
        hit = True
    elif op.op == ACCESS_IP:
        for i in range(op.network_count):
            if network_holds(&op.networks[i], &r.client.remote[0]):
                hit = True
                break
    elif op.op == ACCESS_LOCAL:
        client_learn_local(r.client)
        hit = address_is_loopback(&r.client.remote[0]) or memcmp(
            &r.client.remote[0], &r.client.local[0], 16) == 0
    elif op.op == ACCESS_ENV:
        for i in range(op.name_count):
            if r.env[op.envs[i]].data != NULL:
                hit = True
    elif op.op == ACCESS_METHOD:
        method.data = request_bytes(r) + r.req.method.offset
        for i in range(op.name_count):
            if op.names[i].length == r.req.method.length and memcmp(
                    op.names[i].data, method.data, op.names[i].length) == 0:
                hit = True
    elif op.op == ACCESS_HOST or op.op == ACCESS_FORWARD_DNS:
        if op.names_number < HOST_NAMES_MAX:
            hit = r.client.host_known[op.names_number] == HOST_ALLOWED
            if r.client.host_known[op.names_number] == HOST_UNKNOWN:
                r.host_wanted = op.names_number + 1
                r.host_forward = op.op == ACCESS_FORWARD_DNS
    if op.negated:
        return 0 if hit else -1
    return 1 if hit else 0


cdef int match_access(request_facts *r) noexcept nogil:
    cdef int i, one
    cdef int result = 1
    cdef bint said = False
    for i in range(r.conf_count):
        if r.confs[i].access_count == 0:
            continue
        one = access_evaluate(r.confs[i].access, r) == 1
        if said and r.confs[i].auth_merging == 1:
            result = result and one
        elif said and r.confs[i].auth_merging == 2:
            result = result or one
        else:
            result = one
        said = True
    return result
