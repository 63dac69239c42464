"""What stages have in common (stage.pxd)."""
# uses: io/buffer, io/writer


cdef void stage_put(
        stage_io *io, const char *data, unsigned int size) noexcept nogil:
    """Give so many bytes, for which there is room."""
    cdef writer w
    writer_begin(&w, io.out, io.room)
    put(&w, data, size)
    io.out = w.p
    io.room = <unsigned int>writer_room(&w)


cdef void stage_take(stage_io *io, unsigned int size) noexcept nogil:
    io.data += size
    io.length -= size
