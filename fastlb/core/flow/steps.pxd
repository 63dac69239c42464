# Do what the last step has left to do, and what follows from that.
cdef void exchange_do_due() noexcept nogil
# Go on after anything happened on either side.
cdef void exchange_step(exchange *x) noexcept nogil
# What it waits for has not come.
cdef void exchange_on_client_timeout(exchange *x) noexcept nogil
# On every tick: elections anew for all that wait for any member (balancer timeout=).
cdef void nobody_try_again() noexcept nogil
