"""What a plan is made of: memory, text, and variables by number (build.pxd)."""
# uses: ground/text, ground/address, plan/regex

import ipaddress

from fastlb.facts.regex import compile_pcre

cdef extern from "<sys/mman.h>" nogil:
    int PLAN_MAP_ACCESS "(PROT_READ | PROT_WRITE)"
    int PLAN_MAP_PRIVATE "(MAP_PRIVATE | MAP_ANONYMOUS)"
    void *PLAN_MAP_FAILED "MAP_FAILED"
    void *plan_mmap "mmap"(
        void *address, size_t length, int access, int flags, int fd, long at)

cdef dict plan_envs = {}
cdef text[ENV_COUNT_MAX] plan_env_names     # by number
cdef int[ENV_COUNT_MAX] plan_env_redirected     # REDIRECT_NAME of each; -1: not asked
cdef int plan_env_count = 0
cdef int plan_script_url = -1               # mod_rewrite's own two; -1: not asked
cdef int plan_script_uri = -1
cdef int[ID_COUNT] plan_ids                 # by ID_*; -1: not asked
cdef bint plan_ids_wanted = False
cdef tuple ID_NAMES = (         # by ID_*
    "UNIQUE_ID", "REQUEST_ID", "TRACEPARENT", "TRACE_PARENT_ID", "TRACE_SAMPLED",
)

cdef dict plan_places = {}      # of patterns: (text, ignore_case) -> where they stand

# Variables that no configuration can name, since it holds no NUL: before the name of a
# note, or of a response field that a log asks for.
cdef str ENV_OF_NOTE = "\0n:"
cdef str ENV_OF_FIELD = "\0o:"


# What a plan lies in: blocks of its own, one piece behind the other. In the holes of a
# heap that came from the master, its pieces would make a copy of page after page.
cdef char *plan_block = NULL
cdef size_t plan_block_used = PLAN_BLOCK_BYTES


# That many bytes, cleared. In debug builds each piece is an allocation of its own, of
# just that size.
cdef void *plan_alloc(size_t size) except NULL:
    global plan_block, plan_block_used
    cdef void *p
    cdef size_t room = (size + PLAN_ALIGN - 1) & ~<size_t>(PLAN_ALIGN - 1)
    if DEBUG_BUILD or room > PLAN_BLOCK_BYTES // 4:
        p = calloc(1, size if size else 1)
        if p == NULL:
            raise MemoryError("no memory for the plan")
        return p
    if room > PLAN_BLOCK_BYTES - plan_block_used:
        p = plan_mmap(
            NULL, PLAN_BLOCK_BYTES, PLAN_MAP_ACCESS, PLAN_MAP_PRIVATE, -1, 0)
        if p == PLAN_MAP_FAILED:
            raise MemoryError("no memory for the plan")
        plan_block = <char *>p
        plan_block_used = 0
    p = &plan_block[plan_block_used]
    plan_block_used += room
    return p


cdef text plan_text(object value) except *:
    """Copy text or bytes into the plan; None is empty.

    Configuration text is latin-1: a character is a byte of the file.
    """
    cdef text out
    cdef bytes raw
    if value is None:
        raw = b""
    elif isinstance(value, bytes):
        raw = value
    else:
        raw = value.encode("latin-1")
    cdef char *copy = <char *>plan_alloc(len(raw) + 1)
    memcpy(copy, <const char *>raw, len(raw))
    out.data = copy
    out.length = <unsigned int>len(raw)
    return out


cdef int plan_env(object name) except -2:
    """Number of a variable; the same name has the same number (case ignored not)."""
    if name not in plan_envs:
        if len(plan_envs) >= ENV_COUNT_MAX:
            raise ValueError(
                f"more than {ENV_COUNT_MAX} environment variables are named by rules:"
                f" {name}")
        plan_envs[name] = len(plan_envs)
    return plan_envs[name]


cdef object plan_env_names_end():
    """All names are known: write them down, and what each is called behind an internal
    redirect."""
    cdef int number
    global plan_env_count, plan_script_url, plan_script_uri, plan_ids_wanted
    plan_env_count = len(plan_envs)
    plan_script_url = plan_envs.get("SCRIPT_URL", -1)
    plan_script_uri = plan_envs.get("SCRIPT_URI", -1)
    for number, name in enumerate(ID_NAMES):
        plan_ids[number] = plan_envs.get(name, -1)
    plan_ids_wanted = not plan_envs.keys().isdisjoint(ID_NAMES)
    for name, at in plan_envs.items():
        number = at
        plan_env_names[number] = plan_text(name.encode("latin-1", "replace"))
        plan_env_redirected[number] = plan_envs.get(f"REDIRECT_{name}", -1)


cdef int plan_env_find(value name) noexcept nogil:
    """Number of a variable that a request names; -1: nobody asks for it."""
    cdef int i
    for i in range(plan_env_count):
        if plan_env_names[i].length == name.length and memcmp(
                plan_env_names[i].data, name.data, name.length) == 0:
            return i
    return -1


# LogLevel of a virtual host for a module.
cdef int plan_level(object vhost, str module):
    level = vhost.log_level
    for name, said in vhost.log_levels:
        if name.removeprefix("mod_").removesuffix(".c").removesuffix(
                "_module") == module:
            level = said
    return level


# Number of a pattern; -1 for None.
cdef int plan_regex(object pattern, bint ignore_case=False) except -2:
    if pattern is None:
        return -1
    return regex_add(
        compile_pcre(pattern, ignore_case=ignore_case),
        plan_places.get((pattern, bool(ignore_case)), ""))


cdef object plan_address(unsigned char *out, object address):
    """16 bytes; IPv4 as ::ffff:a.b.c.d. address: of the module ipaddress"""
    cdef bytes packed = address.packed
    if address.version == 4:
        packed = b"\0" * 10 + b"\xff\xff" + packed
    memcpy(out, <const char *>packed, 16)


cdef object plan_network(network *out, str written):
    """A full or partial address, network/mask or CIDR (Require ip)."""
    if "/" not in written and ":" not in written:
        octets = [o for o in written.split(".") if o]
        bits = 8 * len(octets)
        written = ".".join(octets + ["0"] * (4 - len(octets))) + f"/{bits}"
    net = ipaddress.ip_network(written, strict=False)
    out.bits = net.prefixlen + (96 if net.version == 4 else 0)
    plan_address(&out.address[0], net.network_address)
