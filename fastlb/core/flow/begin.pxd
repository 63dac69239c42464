# A new exchange for a complete head in down.input, run as far as it goes.
cdef void exchange_begin(downstream *d, unsigned int head_bytes) noexcept nogil
# A head that was refused: answer and close.
cdef void exchange_refuse(downstream *d, int status, unsigned char why) noexcept nogil
# As exchange_refuse, without an answer: a first request is only logged.
cdef void exchange_drop(downstream *d, int status) noexcept nogil
