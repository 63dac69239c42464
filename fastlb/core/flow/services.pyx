"""Calls up to Python for a request (services.pxd).

Each function here catches everything: an exception is logged with the connection's
number, and what is answered is the caller's to say.
"""
# uses: ground/text, io/buffer, ground/address, ground/arena, http/fields, seam,
#       plan/verdicts, plan/access_plan, plan/out_fields, plan/client, plan/facts,
#       plan/path, plan/own_name, plan/rules, flow/exchange

from datetime import timezone
from email.utils import format_datetime, parsedate_to_datetime


class Request:
    """What a slow-path handler sees of a request (`_core.pyi`)."""

    __slots__ = (
        "client_host", "client_port", "headers", "host_name", "host_port",
        "local_host", "local_port", "method", "path", "query", "target", "vhost_index",
    )


cdef object request_object(exchange *x):
    cdef const char *data = request_bytes(&x.facts)
    cdef client_facts *c = x.facts.client
    cdef field *f
    cdef int i
    cdef value query = query_of(&x.facts)
    cdef value name
    cdef char[ADDRESS_TEXT_BYTES] local
    client_learn_remote(c)
    client_learn_local(c)
    r = Request()
    r.method = string_of(data + x.facts.req.method.offset, x.facts.req.method.length)
    r.target = string_of(data + x.facts.req.target.offset, x.facts.req.target.length)
    r.path = x.facts.decoded.data[:x.facts.decoded.length].decode("utf-8", "replace")
    r.query = string_of(query.data, query.length)[1:]
    r.headers = []
    for i in range(x.facts.req.field_count):
        f = &x.facts.req.fields[i]
        r.headers.append((
            (data + f.name)[:f.name_length], (data + f.value)[:f.value_length]))
    if x.facts.proxies.data != NULL:
        name = proxies_name(&x.facts)
        r.headers.append((
            name.data[:name.length], x.facts.proxies.data[:x.facts.proxies.length]))
    r.client_host = string_of(&c.remote_text[0], c.remote_text_length)
    r.client_port = c.remote_port
    r.local_host = string_of(&local[0], address_text(&c.local[0], &local[0]))
    r.local_port = c.local_port
    r.host_name = own_name(x)
    r.host_port = self_port(&x.facts)
    r.vhost_index = x.facts.vhost.index
    return r


cdef str own_name(exchange *x):
    """What pages call us: self_name without the brackets of an IPv6 literal."""
    cdef value name = self_name(&x.facts)
    return string_of(name.data, name.length).strip("[]")


cdef const char *kept_bytes(exchange *x, bytes told) noexcept:
    """A copy that lives as long as the exchange, with a NUL; NULL: no memory."""
    return arena_copy(
        &x.facts.arena, <const char *>told, <unsigned int>len(told) + 1).data


cdef void page_body(page *out, bytes body) noexcept:
    out.length = len(body)
    out.body = <char *>malloc(len(body) + 1)
    if out.body == NULL:
        out.length = 0
    else:
        memcpy(out.body, <const char *>body, len(body))


cdef void service_error_page(
        exchange *x, int status, const char *detail, page *out) noexcept with gil:
    """The page of a status (text of admin/pages.py); x.local.reason is its phrase."""
    cdef value told = x.local.location
    cdef value where = x.facts.decoded
    cdef bytes phrase
    cdef str words = ""
    out.body = NULL
    out.length = 0
    try:
        if told.data == NULL and detail != NULL:
            told = value(detail, <unsigned int>strlen(detail))
        elif told.data == NULL and (status == 405 or status == 413 or status == 501):
            told = request_part(&x.facts, x.facts.req.method)
        if told.data != NULL:
            words = string_of(told.data, told.length)
        elif status == 417:
            found = request_object(x).headers
            words = b", ".join(
                v for n, v in found if n.lower() == b"expect").decode("latin-1")
        reason, body = services.error_page(
            x.facts.vhost.index, status, words,
            string_of(where.data, where.length) if where.data != NULL else "",
            string_of(x.local.reason.data, x.local.reason.length)
            if x.local.reason.data != NULL else "", x.local.second_status,
            own_name(x), self_port(&x.facts))
        phrase = reason.encode("latin-1", "replace")
        x.local.reason = arena_copy(
            &x.facts.arena, phrase, <unsigned int>len(phrase))
        page_body(out, body)
    except Exception:
        client_failed(x.facts.client, x.facts.vhost.index)


cdef value service_signature(exchange *x) noexcept with gil:
    """The line at the foot of a page (ServerSignature); length 0: none."""
    cdef value where = x.facts.decoded
    cdef bytes line
    try:
        line = services.signature(
            x.facts.vhost.index, string_of(where.data, where.length), own_name(x),
            self_port(&x.facts))
        return arena_copy(&x.facts.arena, line, <unsigned int>len(line))
    except Exception:
        client_failed(x.facts.client, x.facts.vhost.index)
        return value(NULL, 0)


cdef bint service_handle(
        exchange *x, const text *handler, page *out) noexcept with gil:
    """The answer of a SetHandler (server-status and its kin), with x.status and
    x.local.more_fields. False: it could not be made."""
    cdef bytes more
    out.body = NULL
    out.length = 0
    try:
        status, content_type, body, fields = services.handle(
            string_of(handler.data, handler.length), request_object(x))
        more = fields_text(fields)
        out.content_type = kept_bytes(x, content_type.encode("latin-1"))
        x.local.more_fields = arena_copy(
            &x.facts.arena, more, <unsigned int>len(more))
        x.status = status
        page_body(out, body)
        return True
    except Exception:
        client_failed(x.facts.client, x.facts.vhost.index)
        return False


cdef bytes fields_text(object fields):
    """More fields of an answer as exchange.more_fields has them."""
    listed = [f"{name}\0{content}\0" for name, content in fields]
    return "".join(listed).encode("latin-1")


cdef const char *service_no_address(exchange *x) noexcept with gil:
    """What a page says of a member's name that does not resolve (Apache's 500, or
    502)."""
    try:
        return kept_bytes(x, f"DNS lookup failure for: {member_host(x)}".encode())
    except Exception:
        client_failed(x.facts.client, x.facts.vhost.index)
        return b"DNS lookup failure"


cdef const char *service_unexpected_upgrade(
        exchange *x, field *granted) noexcept with gil:
    """What a page says of a 101 that was not asked for, or to something else."""
    cdef buffer *b = x.up.input
    try:
        got = "n/a" if granted == NULL else string_of(
            &b.data[b.start + granted.value], granted.value_length)
        asked = string_of(x.attempt.upgrade.data, x.attempt.upgrade.length) or "n/a"
        told = f"Unexpected Upgrade: {got} (expecting {asked})"
        return kept_bytes(x, told.encode("latin-1"))
    except Exception:
        client_failed(x.facts.client, x.facts.vhost.index)
        return b"Unexpected Upgrade"


cdef void service_date(exchange *x, out_field *f) noexcept with gil:
    """An old form of date becomes the canonical one; what is no date stays."""
    cdef bytes text_out
    try:
        when = parsedate_to_datetime(string_of(f.value, f.value_length))
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        text_out = format_datetime(when.astimezone(timezone.utc), usegmt=True).encode()
    except (ValueError, TypeError, IndexError, OverflowError):
        return
    out_set(f, arena_copy(&x.facts.arena, text_out, <unsigned int>len(text_out)))


cdef bint service_ask_host(exchange *x) noexcept with gil:
    """Begin to look up what Require host names; Core.host_answer ends it. False: it
    could not be begun."""
    cdef int number = x.facts.host_wanted - 1
    cdef client_facts *c = x.facts.client
    try:
        client_learn_remote(c)
        services.ask_host(
            plan_hosts[number], bool(x.facts.host_forward),
            string_of(&c.remote_text[0], c.remote_text_length),
            (c.number, c.requests), number)
        return True
    except Exception:
        client_failed(c, x.facts.vhost.index)
        return False


cdef bint service_ask_address(exchange *x, int port) noexcept with gil:
    """Begin to look up what a CONNECT names; Core.address_answer ends it. False: it
    could not be begun."""
    cdef value host = request_part(&x.facts, x.facts.host)
    cdef client_facts *c = x.facts.client
    try:
        services.ask_address(
            string_of(host.data, host.length), port, c.number, c.requests)
        return True
    except Exception:
        client_failed(c, x.facts.vhost.index)
        return False


cdef object verdict_question(const auth_question *q):
    """(kind, file, user, password, names), for worker/passwords.py."""
    return (
        q.kind, auth_file_source(q.file), q.user.data[:q.user.length],
        q.secret.data[
            :q.secret.length if q.kind == ASKS_PASSWORD else q.password_bytes],
        verdict_names(q))


cdef object verdict_names(const auth_question *q):
    """Groups, or the realm."""
    if q.kind == ASKS_PASSWORD:
        return ()
    if q.kind == ASKS_HASH:
        return (q.secret.data[:q.secret.length],)
    if q.names_number >= 0:
        names = plan_names[q.names_number]
        if q.secret.length > q.password_bytes:
            # what a request makes of the words of Require ldap-*
            words = q.secret.data[q.password_bytes:q.secret.length]
            names += (words.decode("utf-8", "replace"),)
        return names
    text = q.secret.data[:q.secret.length].decode("latin-1")
    return tuple(text.rstrip("\0").split("\0"))


cdef int service_ask_verdict(exchange *x) noexcept with gil:
    """Have a password checked, or a group looked up (x.facts.asks); Core.verdict_answer
    ends it. returns 1; 0: too many wait; FAILED."""
    cdef client_facts *c = x.facts.client
    try:
        return services.ask_verdict(
            verdict_question(&x.facts.asks), c.number, c.requests)
    except Exception:
        client_failed(c, x.facts.vhost.index)
        return FAILED


cdef int service_ask_map(exchange *x) noexcept with gil:
    """Have the program of a map asked (x.facts.asks); Core.verdict_answer ends it.
    returns 1; 0: too many wait; FAILED."""
    cdef client_facts *c = x.facts.client
    cdef auth_question *q = &x.facts.asks
    try:
        return services.ask_map(
            q.file, q.user.data[:q.user.length], c.number, c.requests)
    except Exception:
        client_failed(c, x.facts.vhost.index)
        return FAILED
