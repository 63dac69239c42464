"""Templates: taken apart by Python once, filled in for each request (template.pxd)."""
# uses: ground/text, io/writer, ground/path, http/exit, plan/build

import re
from urllib.parse import quote

# Of a path that a configuration writes: what put_path leaves as it is, and escapes that
# are there already.
cdef str WRITTEN_PATH = "~$-_.+!*'(),;:@&=/%"

cdef object template_holes = re.compile(rb"\$\{([^}]*)\}|\$([0-9])|\\(\$)")


cdef plan_format plan_template(
        object written, int first_group, bint variables, bint canonical) except *:
    """Pieces of a str (latin-1) or bytes.

    first_group  the lowest number that stands for a group; from 0 on, a dollar sign
                 behind a backslash is one
    canonical    what is literal is encoded as a path
    """
    cdef plan_format out
    cdef plan_piece *p
    cdef bytes text_in = b""
    if written is not None:
        text_in = written.encode("latin-1") if isinstance(written, str) else written
    pieces = []
    at = 0
    for hole in template_holes.finditer(text_in):
        name, number, dollar = hole.groups()
        if variables if name is not None else first_group <= int(number or 0):
            pieces.append(("text", text_in[at:hole.start()]))
            at = hole.end()
            if name is not None:
                pieces.append(("variable", name))
            elif number is not None:
                pieces.append(("group", number))
            else:
                pieces.append(("text", dollar))
    pieces.append(("text", text_in[at:]))
    pieces = [(kind, piece) for kind, piece in pieces if piece or kind == "variable"]
    memset(&out, 0, sizeof(out))
    out.pieces = <plan_piece *>plan_alloc(sizeof(plan_piece) * len(pieces))
    for kind, piece in pieces:
        p = &out.pieces[out.count]
        out.count += 1
        p.env = -1
        if kind == "variable":
            p.kind = c'e'
            p.env = plan_env(piece.decode("latin-1"))
        elif kind == "group":
            p.kind = PIECE_GROUP
            p.sub = int(piece)
        else:
            p.kind = PIECE_LITERAL
            p.literal = plan_text(quote(piece, safe=WRITTEN_PATH) if canonical
                                  else piece)
    return out


# env: the variables of a request
# groups: ten pairs of offsets into subject; NULL when the template has no groups
cdef void put_template(
        const value *env, writer *w, const plan_format *template, const int *groups,
        value subject, int how) noexcept nogil:
    cdef int i
    cdef const plan_piece *p
    for i in range(template.count):
        p = &template.pieces[i]
        if p.kind == PIECE_LITERAL:
            put(w, p.literal.data, p.literal.length)
        elif p.kind == c'e':
            put_path(w, env[p.env].data, env[p.env].length, how)
        elif groups != NULL:
            put_group(w, subject, groups, p.sub, how)


cdef void put_group(
        writer *w, value subject, const int *groups, int number,
        int how) noexcept nogil:
    """What a group of an expression took; nothing if it took no part."""
    cdef int begin = groups[2 * number]
    if begin >= 0:
        put_path(w, subject.data + begin, groups[2 * number + 1] - begin, how)


cdef void put_path(
        writer *w, const char *path, unsigned int length, int how) noexcept nogil:
    cdef unsigned int i
    cdef unsigned char c
    if how == PATH_AS_IS:
        put(w, path, length)
        return
    for i in range(length):
        c = path[i]
        if path_class[c] & PATH_PLAIN or (
                how == PATH_KEEPS_SLASH and c == c'%' and i + 2 < length
                and path[i + 1] == c'2' and (path[i + 2] | 32) == c'f'):
            put_byte(w, c)
        else:
            put_escape(w, c)
