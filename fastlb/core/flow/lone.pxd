# A lone worker: one that has drained, but for tunnels, which may last for days.
#
#   serving -- drain --> draining -- only tunnels are left --> lone --> ended
#
# After 200 reloads there may be hundreds of them, so it sheds what it no longer needs:
# its loop, and then the interpreter itself, whose objects are most of what a process
# does not share with others (arenas.h). It waits in C, wakes once a second, and tells
# the master by single bytes what it cannot log itself.
#
# So nothing that a tunnel can reach may enter Python: what would log looks at
# seam_is_shut first.

cdef extern from "flow/lone.h" nogil:
    void arenas_note()
    long holes_fill()
    void holes_free()
    void interpreter_drop()
    void lone_signals()
    void lone_wait(int fd, int milliseconds)
    int lone_ends               # TERM has come: end at once
    int lone_closes             # USR2: end, but one tunnel after the other

cdef extern from "unistd.h" nogil:
    void _exit(int)
