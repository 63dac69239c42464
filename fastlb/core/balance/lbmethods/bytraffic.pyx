# bytraffic: each member gets its share of the bytes.
#
#   traffic = transferred / load_factor + read / load_factor
#   elected: the first with the least traffic
#
# transferred and read are what the ledger counted towards and from the member since its
# slot began; two integer divisions, as in Apache. The ledger does all the counting, so
# an election changes nothing: this method does not pay. lbstatus is not looked at.
#
#                         A (100)              B (200)
#   transferred, read     40000, 160000        100000, 260000
#   traffic               400 + 1600 = 2000    500 + 1300 = 1800    B is elected
#
# Equal factors, every answer 1000 bytes: A B A B, since ties go to the earlier member.
# The same when B's answers have 500: A B B A B B.
#
# A member that is new or was reset has served nothing, so it gets every request until
# it has caught up, as in Apache. Requests under way count only as far as their bytes
# have been counted: a burst goes to one member.
#
# uses: balance/table, balance/lbmethods/method

cdef long long bytraffic_of(lb_choice *c, member_slot *m) noexcept nogil:
    cdef uint64_t factor = <uint64_t>lb_factor(c, m)
    cdef uint64_t transferred = atomic_get_u64(&m.transferred)
    cdef uint64_t read = atomic_get_u64(&m.read)
    ASSERT(factor > 0)
    if unlikely((transferred | read) >= LEDGER_COUNT_MAX):
        c.is_wild = True
    return <long long>(transferred // factor + read // factor)


cdef int bytraffic_choose(lb_choice *c) noexcept nogil:
    cdef long long traffic
    cdef long long least = 0
    cdef int best = -1
    cdef int i
    for i in range(c.count):
        traffic = bytraffic_of(c, c.candidates[i])
        if best < 0 or traffic < least:
            best = i
            least = traffic
    return best


cdef void bytraffic_reset(member_slot *m) noexcept nogil:
    atomic_set_u64(&m.transferred, 0)
    atomic_set_u64(&m.read, 0)


cdef int bytraffic_tell(const lb_choice *c, int i, lb_score *scores) noexcept nogil:
    cdef lb_choice looking = c[0]       # whoever tells reports no wild number
    scores[0] = lb_score(b"traffic", bytraffic_of(&looking, c.candidates[i]))
    return 1
