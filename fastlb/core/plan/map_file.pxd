# Files of RewriteMap (rewrite_rules.pxd).

# Read one; out is made anew, and says why where nothing was read.
cdef void map_file_read(const map_file *f, map_block *out) noexcept nogil
cdef void map_block_end(map_block *b) noexcept nogil
