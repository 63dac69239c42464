"""Lines of the error log about a client or a request, with what ErrorLogFormat asks of
them. They are rare, and made by Python."""
# uses: ground/text, io/writer, ground/address, seam, plan/build, plan/client,
#       plan/facts, plan/own_name, plan/variables, plan/unique_id

cdef list error_asked = []      # by virtual host: (letter, argument, variable) ...


# Who asks for what; before the names of variables are all known.
cdef object error_line_begin(object model):
    error_asked.clear()
    for vhost in model.vhosts:
        error_asked.append([
            (letter, arg, error_variable(letter, arg))
            for letter, arg in dict.fromkeys(vhost.error_formats.items())])


cdef int error_variable(str letter, str arg) except -2:
    if letter == "e":
        return plan_env(arg)
    if letter == "n":
        return plan_env(ENV_OF_NOTE + arg.lower())
    if letter == "L" and arg.lower() != "c":
        return plan_env("UNIQUE_ID")
    return -1


cdef str error_address(
        const unsigned char *address, unsigned short port):
    cdef char[ADDRESS_TEXT_BYTES] said
    host = string_of(&said[0], address_text(address, &said[0]))
    return f"{host}:{port}"


cdef str error_of_client(client_facts *client, str letter, str arg):
    """What an item says of a connection; None: it is not about one."""
    cdef char[CONNECTION_ID_LETTERS] id
    cdef writer w
    if letter == "a":
        return error_address(
            client_peer(client), client.remote_port
            if client.replaced == REPLACED_NOT else client.peer_port)
    if letter == "A":
        client_learn_local(client)
        return error_address(&client.local[0], client.local_port)
    if letter == "k":
        return str(client.requests)
    if letter == "L" and arg.lower() == "c":
        writer_begin(&w, &id[0], sizeof(id))
        put_connection_id(&w, client)
        return string_of(&id[0], CONNECTION_ID_LETTERS)
    return None


cdef str error_of_request(request_facts *r, str letter, str arg, int variable):
    cdef value v = value(NULL, 0)
    cdef text name
    if letter == "i":
        said = arg.encode("latin-1", "replace")
        name = text(said, <unsigned int>len(said))
        v = request_field(r, &name)
    elif letter == "V":
        v = self_name(r)
    else:
        v = env_of(r, variable)
    return said_of(v.data, v.length) if v.data != NULL else ""


cdef object error_about(client_facts *client, request_facts *r, int vhost):
    """What facts.error_format.About holds; None: nothing is asked."""
    if client == NULL or not 0 <= vhost < len(error_asked) or not error_asked[vhost]:
        return None
    said = {}
    for letter, arg, variable in error_asked[vhost]:
        found = error_of_client(client, letter, arg)
        if found is None and r != NULL:
            found = error_of_request(r, letter, arg, variable)
        if found:
            said[letter, arg] = found
    return (
        said, r != NULL, r != NULL and not r.has_error_line,
        not client.has_error_line)


# Say one. client: NULL: about nobody; r: NULL: no request, else one of that client.
cdef void error_line_say(
        str level, str module, int vhost, client_facts *client, request_facts *r,
        int error, str message) noexcept:
    cdef bint is_there = False
    try:
        is_there = seam_say(
            level, module, vhost, client_text(client) if client != NULL else "", error,
            message, error_about(client, r, vhost))
    except Exception:
        pass
    if is_there and client != NULL:
        client.has_error_line = True
    if is_there and r != NULL:
        r.has_error_line = True
