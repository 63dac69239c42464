"""The page of a listing, as mod_autoindex writes it: a list, preformatted or a table.

It goes piece by piece into a file in memory, which is then sent as any file is.
Whatever is not ours leaves through the exits of http/html.
"""
# uses: ground/chartable, ground/text, io/writer, http/html, plan/listing_plan,
#       plan/listing, flow/file_send, flow/listing_said

cdef extern from *:
    """
    #include <sys/mman.h>
    """
    unsigned int MFD_CLOEXEC
    int memory_file "memfd_create"(const char *name, unsigned int flags) nogil

cdef enum:
    LISTING_PIECE = 8192        # of a page, composed at once
    SIZE_TEXT_BYTES = 8
    DATE_TEXT_BYTES = 32


cdef bint page_write(writer *w, size_t needed) noexcept nogil:
    """Into the file with what is composed (writer.more)."""
    cdef listing *ls = <listing *>w.owner
    cdef char *at = w.begin
    cdef ssize_t n
    while at < w.p:
        n = write(ls.page, at, w.p - at)
        if n < 0 and errno == EINTR:
            continue
        if n <= 0:
            return False
        at += n
        ls.page_bytes += n
        listing_holds(ls, n)
    w.p = w.begin
    return needed <= <size_t>(w.end - w.begin)


cdef bint page_open(listing *ls) noexcept nogil:
    """False: there is no memory, or no descriptor"""
    ls.page = memory_file(b"listing", MFD_CLOEXEC)
    writer_begin(&ls.w, ls.piece, LISTING_PIECE)
    ls.w.more = page_write
    ls.w.owner = ls
    return ls.page >= 0


cdef inline void put_text(writer *w, const char *said) noexcept nogil:
    put(w, said, strlen(said))


cdef inline void put_if(writer *w, bint holds, const char *said) noexcept nogil:
    if holds:
        put_text(w, said)


cdef void put_blanks(writer *w, int count) noexcept nogil:
    cdef int _
    for _ in range(count):
        put_byte(w, c' ')


# Head and foot -------------------------------------------------------------------

cdef value page_title(const listing *ls, value path) noexcept nogil:
    while path.length > 1 and byte_before(path.data, path.length) == c'/':
        path.length -= 1
    return path


cdef void put_preamble(listing *ls, value path) noexcept nogil:
    cdef writer *w = &ls.w
    cdef value title = page_title(ls, path)
    if ls.options & LISTING_XHTML:
        put_text(
            w, b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n'
            b'"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
            b'<html xmlns="http://www.w3.org/1999/xhtml">\n <head>\n')
    else:
        put_text(
            w, b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" '
            b'"http://www.w3.org/TR/html4/strict.dtd">\n<html>\n <head>\n')
    put_text(w, b"  <title>Index of ")
    put_html(w, title.data, title.length)
    put_text(w, b"</title>\n")
    if ls.style_sheet != NULL:
        put_text(w, b'  <link rel="stylesheet" href="')
        put_as_is(w, ls.style_sheet.data, ls.style_sheet.length)
        put_text(w, b'" type="text/css"')
        put_text(w, b" />\n" if ls.options & LISTING_XHTML else b">\n")
    if ls.head_insert != NULL:
        put_as_is(w, ls.head_insert.data, ls.head_insert.length)
    put_text(w, b" </head>\n <body>\n")


cdef void put_headline(listing *ls, value path) noexcept nogil:
    cdef value title = page_title(ls, path)
    put_text(&ls.w, b"<h1>Index of " if ls.style_sheet == NULL
             else b'  <h1 id="indextitle">Index of ')
    put_html(&ls.w, title.data, title.length)
    put_text(&ls.w, b"</h1>\n")


# Columns -------------------------------------------------------------------------

cdef int about_end(const listing *ls, value about) noexcept nogil:
    """How much of a description finds room: tags count nothing, an entity as one
    character. -1: all of it"""
    cdef int room = ls.about_width.characters
    cdef unsigned int x = 0
    if ls.about_width.adjusts:
        return -1
    if not ls.about_width.is_said:
        room += 6 if ls.options & LISTING_NO_ICON else 0
        room += 19 if ls.options & LISTING_NO_DATE else 0
        room += 7 if ls.options & LISTING_NO_SIZE else 0
    while x < about.length and (room > 0 or about.data[x] == c'<'):
        if about.data[x] == c'<':
            while x < about.length and about.data[x] != c'>':
                x += 1
        else:
            room -= 1
            if about.data[x] == c'&':
                while x < about.length and about.data[x] != c';':
                    x += 1
        if x >= about.length:
            return -1
        x += 1
    return -1 if x >= about.length or room else <int>x


cdef void put_about(listing *ls, const text *about) noexcept nogil:
    cdef int end = about_end(ls, value(about.data, about.length))
    if end < 0:
        put_as_is(&ls.w, about.data, about.length)
        return
    if end:
        put_as_is(&ls.w, about.data, end - 1)
    put_byte(&ls.w, c'>')


cdef void put_file_size(writer *w, long long size) noexcept nogil:
    """In four characters: "  1 ", "2.0K", "  - " (apr_strfsize)."""
    cdef const char *units = b"KMGTPE"
    cdef int unit = 0
    cdef long long rest
    if size < 0:
        put(w, b"  - ", 4)
        return
    if size < 973:
        put_blanks(w, 2 if size < 10 else 1 if size < 100 else 0)
        put_number(w, <unsigned long long>size)
        put_byte(w, c' ')
        return
    while True:
        rest = size & 1023
        size >>= 10
        if size < 973 or unit == 5:
            break
        unit += 1
    if size < 9 or (size == 9 and rest < 973):
        rest = (rest * 5 + 256) // 512
        if rest >= 10:
            size += 1
            rest = 0
        put_number(w, <unsigned long long>size)
        put_byte(w, c'.')
        put_number(w, <unsigned long long>rest)
    else:
        if rest >= 512:
            size += 1
        put_blanks(w, 2 if size < 10 else 1 if size < 100 else 0)
        put_number(w, <unsigned long long>size)
    put_byte(w, units[unit])


cdef void put_date_of(listing *ls, long long modified_s) noexcept nogil:
    cdef time_t when = <time_t>modified_s
    cdef tm at
    cdef char[DATE_TEXT_BYTES] shown
    cdef size_t length
    localtime_r(&when, &at)
    length = strftime(
        &shown[0], sizeof(shown),
        b"%d-%b-%Y %H:%M" if ls.old_dates else b"%Y-%m-%d %H:%M", &at)
    put_html(&ls.w, &shown[0], length)


cdef void put_sort_link(listing *ls, const char *words, char key) noexcept nogil:
    """The head of a column: a second click turns its order around."""
    cdef writer *w = &ls.w
    if ls.options & LISTING_NO_SORTING:
        put_text(w, words)
        return
    put_text(w, b'<a href="?C=')
    put_byte(w, key)
    put_text(w, b";O=D" if ls.key == key and ls.order == c'A' else b";O=A")
    put(w, ls.query.data, ls.query.length)
    put_text(w, b'">')
    put_text(w, words)
    put_text(w, b"</a>")


cdef void put_icon_sizes(listing *ls) noexcept nogil:
    if ls.icon_width:
        put_text(&ls.w, b' width="')
        put_number(&ls.w, ls.icon_width)
        put_byte(&ls.w, c'"')
    if ls.icon_height:
        put_text(&ls.w, b' height="')
        put_number(&ls.w, ls.icon_height)
        put_byte(&ls.w, c'"')
    put_text(&ls.w, b" />" if ls.options & LISTING_XHTML else b">")


cdef bint put_icon(listing *ls, const listed_name *n) noexcept nogil:
    """False: it has none"""
    cdef const text *icon = n.icon if n.icon != NULL else ls.default_icon
    if icon == NULL:
        return False
    put_text(&ls.w, b'<img src="')
    put_html(&ls.w, icon.data, icon.length)
    put_text(&ls.w, b'" alt="[')
    if n.alt != NULL:
        put_as_is(&ls.w, n.alt.data, n.alt.length)
    else:
        put_text(&ls.w, b"   ")
    put_text(&ls.w, b']"')
    put_icon_sizes(ls)
    return True


cdef void put_name_link(
        listing *ls, const listed_name *n, value shown, int width,
        bint pads) noexcept nogil:
    """The name as a link, cut where it is too long. width: < 0: it is not cut"""
    cdef writer *w = &ls.w
    put_text(w, b'<a href="')
    put_link(w, n.name.data, n.name.length)
    put_text(w, b'">')
    if width >= 3 and shown.length > <unsigned int>width:
        put_html(w, shown.data, width - 3)
        put_text(w, b"..&gt;</a>")
        return
    put_html(w, shown.data, shown.length)
    put_text(w, b"</a>")
    if pads:
        put_blanks(w, width - <int>shown.length)


cdef value shown_name(const listing *ls, const listed_name *n) noexcept nogil:
    if n == &ls.parent:
        return value(b"Parent Directory", 16)
    return n.name


# A list --------------------------------------------------------------------------

cdef void put_plain(listing *ls, const listed_name *n) noexcept nogil:
    cdef value shown = shown_name(ls, n)
    put_text(&ls.w, b'<li><a href="')
    put_link(&ls.w, n.name.data, n.name.length)
    put_text(&ls.w, b'"> ')
    put_html(&ls.w, shown.data, shown.length)
    put_text(&ls.w, b"</a></li>\n")


# Preformatted --------------------------------------------------------------------

cdef void put_rule(listing *ls, const char *otherwise) noexcept nogil:
    if ls.options & LISTING_NO_RULES:
        put_text(&ls.w, otherwise)
    elif ls.options & LISTING_XHTML:
        put_text(&ls.w, b"<hr />")
    else:
        put_text(&ls.w, b"<hr>")


cdef const text *blank_icon(const listing *ls) noexcept nogil:
    return listing_item(ls, False, value(b"^^BLANKICON^^", 13), NULL, True)


cdef void put_fancy_head(listing *ls) noexcept nogil:
    cdef writer *w = &ls.w
    cdef const text *blank
    put_text(w, b"<pre>")
    if not ls.options & LISTING_NO_ICON:
        blank = blank_icon(ls)
        if blank != NULL:
            put_text(w, b'<img src="')
            put_html(w, blank.data, blank.length)
            put_text(w, b'" alt="Icon "')
            put_icon_sizes(ls)
            put_byte(w, c' ')
        else:
            put_blanks(w, 6)
    put_sort_link(ls, b"Name", c'N')
    put_blanks(w, ls.name_width.characters - 4)
    put_byte(w, c' ')
    if not ls.options & LISTING_NO_DATE:
        put_sort_link(ls, b"Last modified", c'M')
        put_blanks(w, 6)
    if not ls.options & LISTING_NO_SIZE:
        put_sort_link(ls, b"Size", c'S')
        put_blanks(w, 2)
    if not ls.options & LISTING_NO_ABOUT:
        put_sort_link(ls, b"Description", c'D')
    put_rule(ls, b"\n")


cdef void put_icon_link(
        listing *ls, const listed_name *n, const char *otherwise) noexcept nogil:
    if ls.options & LISTING_ICONS_ARE_LINKS:
        put_text(&ls.w, b'<a href="')
        put_link(&ls.w, n.name.data, n.name.length)
        put_text(&ls.w, b'">')
    if not put_icon(ls, n):
        put_text(&ls.w, otherwise)
    put_if(&ls.w, ls.options & LISTING_ICONS_ARE_LINKS != 0, b"</a>")


cdef void put_fancy(listing *ls, const listed_name *n) noexcept nogil:
    cdef writer *w = &ls.w
    if not ls.options & LISTING_NO_ICON:
        put_icon_link(ls, n, b"     ")
        put_byte(w, c' ')
    put_name_link(ls, n, shown_name(ls, n), ls.name_width.characters, True)
    put_byte(w, c' ')
    if not ls.options & LISTING_NO_DATE:
        if n.modified_us >= 0:
            put_date_of(ls, n.modified_us // 1000000)
            put_blanks(w, 2)
        else:
            put_blanks(w, 19)
    if not ls.options & LISTING_NO_SIZE:
        put_file_size(w, n.size)
        put_blanks(w, 2)
    if not ls.options & LISTING_NO_ABOUT and n.about != NULL:
        put_about(ls, n.about)
    put_byte(w, c'\n')


# A table -------------------------------------------------------------------------

cdef void put_cell(
        listing *ls, const char *tag, const char *styled,
        const char *plain) noexcept nogil:
    put_text(&ls.w, tag)
    put_text(&ls.w, plain if ls.style_sheet == NULL else styled)


cdef void put_break(listing *ls) noexcept nogil:
    cdef int columns = 5
    if ls.options & LISTING_NO_RULES:
        return
    columns -= ls.options & LISTING_NO_ICON != 0
    columns -= ls.options & LISTING_NO_DATE != 0
    columns -= ls.options & LISTING_NO_SIZE != 0
    columns -= ls.options & LISTING_NO_ABOUT != 0
    put_cell(ls, b"   <tr", b' class="indexbreakrow">', b">")
    put_text(&ls.w, b'<th colspan="')
    put_number(&ls.w, columns)
    put_text(&ls.w, b'">')
    put_rule(ls, b"")
    put_text(&ls.w, b"</th></tr>\n")


cdef void put_table_head(listing *ls) noexcept nogil:
    cdef writer *w = &ls.w
    cdef const text *blank
    put_cell(ls, b"  <table", b' id="indexlist">\n   <tr class="indexhead">',
             b">\n   <tr>")
    if not ls.options & LISTING_NO_ICON:
        put_cell(ls, b"<th", b' class="indexcolicon">', b' valign="top">')
        blank = blank_icon(ls)
        if blank != NULL:
            put_text(w, b'<img src="')
            put_html(w, blank.data, blank.length)
            put_text(w, b'" alt="[ICO]"')
            put_icon_sizes(ls)
        else:
            put_text(w, b"&nbsp;")
        put_text(w, b"</th>")
    put_cell(ls, b"<th", b' class="indexcolname">', b">")
    put_sort_link(ls, b"Name", c'N')
    if not ls.options & LISTING_NO_DATE:
        put_cell(ls, b"</th><th", b' class="indexcollastmod">', b">")
        put_sort_link(ls, b"Last modified", c'M')
    if not ls.options & LISTING_NO_SIZE:
        put_cell(ls, b"</th><th", b' class="indexcolsize">', b">")
        put_sort_link(ls, b"Size", c'S')
    if not ls.options & LISTING_NO_ABOUT:
        put_cell(ls, b"</th><th", b' class="indexcoldesc">', b">")
        put_sort_link(ls, b"Description", c'D')
    put_text(w, b"</th></tr>\n")
    put_break(ls)


cdef void put_row_begin(listing *ls, const listed_name *n, int row) noexcept nogil:
    cdef writer *w = &ls.w
    if ls.style_sheet == NULL:
        put_text(w, b"<tr>")
        return
    put_text(w, b'   <tr class="odd' if row & 1 else b'   <tr class="even')
    if n.alt != NULL and ls.options & LISTING_ALT_CLASS:
        put_byte(w, c'-')
        put_lower(w, n.alt.data, n.alt.length)
    put_text(w, b'">')


cdef void put_row(listing *ls, const listed_name *n, int row) noexcept nogil:
    cdef writer *w = &ls.w
    cdef bint whole = ls.name_width.adjusts
    put_row_begin(ls, n, row)
    if not ls.options & LISTING_NO_ICON:
        put_cell(ls, b"<td", b' class="indexcolicon">', b' valign="top">')
        put_icon_link(ls, n, b"&nbsp;")
        put_text(w, b"</td>")
    put_cell(ls, b"<td", b' class="indexcolname">', b">")
    put_name_link(ls, n, shown_name(ls, n),
                  -1 if whole else ls.name_width.characters, not whole)
    if not ls.options & LISTING_NO_DATE:
        if n.modified_us >= 0:
            put_cell(ls, b"</td><td", b' class="indexcollastmod">',
                     b' align="right">')
            put_date_of(ls, n.modified_us // 1000000)
            put_blanks(w, 2)
        else:
            put_cell(ls, b"</td><td", b' class="indexcollastmod">&nbsp;', b">&nbsp;")
    if not ls.options & LISTING_NO_SIZE:
        put_cell(ls, b"</td><td", b' class="indexcolsize">', b' align="right">')
        put_file_size(w, n.size)
    if not ls.options & LISTING_NO_ABOUT:
        put_cell(ls, b"</td><td", b' class="indexcoldesc">', b">")
        if n.about != NULL:
            put_about(ls, n.about)
        else:
            put_text(w, b"&nbsp;")
    put_text(w, b"</td></tr>\n")


# All of them ---------------------------------------------------------------------

cdef void listing_measure(listing *ls) noexcept nogil:
    """Columns that are as wide as their longest text (NameWidth=*)."""
    cdef int i, length
    if ls.options & (LISTING_FANCY | LISTING_TABLE) != LISTING_FANCY \
            or not ls.name_width.adjusts:
        return
    if ls.has_parent:
        ls.name_width.characters = max(
            ls.name_width.characters, <int>ls.parent.name.length)
    for i in range(ls.count):
        length = <int>ls.names[i].name.length
        if length > ls.name_width.characters:
            ls.name_width.characters = length


cdef void put_listing_begin(listing *ls) noexcept nogil:
    listing_measure(ls)
    if ls.options & LISTING_TABLE:
        put_table_head(ls)
    elif ls.options & LISTING_FANCY:
        put_fancy_head(ls)
    else:
        put_text(&ls.w, b"<ul>")
    if ls.has_parent:
        put_listed(ls, &ls.parent, 0)


cdef void put_listed(listing *ls, const listed_name *n, int row) noexcept nogil:
    if ls.options & LISTING_TABLE:
        put_row(ls, n, row)
    elif ls.options & LISTING_FANCY:
        put_fancy(ls, n)
    else:
        put_plain(ls, n)


cdef void put_listing_end(listing *ls) noexcept nogil:
    if ls.options & LISTING_TABLE:
        put_break(ls)
        put_text(&ls.w, b"</table>\n")
    elif ls.options & LISTING_FANCY:
        put_rule(ls, b"")
        put_text(&ls.w, b"</pre>\n")
    else:
        put_text(&ls.w, b"</ul>\n")
    if ls.is_cut:
        put_text(&ls.w, b"<p>There are more names than these ")
        put_number(&ls.w, ls.count)
        put_text(&ls.w, b".</p>\n")
