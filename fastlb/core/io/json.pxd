# Strings of JSON (RFC 8259 7) out of bytes that may be anything.

# A string with its quotes. Valid UTF-8 stays as it is, but for control characters;
# other bytes are \u00xx, each the character of its number. What would take more than
# `most` bytes between the quotes is left out, and U+2026 stands there for it.
cdef void put_json_text(
    writer *w, const char *data, size_t length, size_t most) noexcept nogil
