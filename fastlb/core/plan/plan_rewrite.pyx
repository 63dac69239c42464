"""mod_rewrite's facts as C lists, made with the plan (rewrite_rules.pxd)."""
# uses: ground/text, plan/build, plan/tls_names, plan/variable_names, plan/expr_ops,
#       plan/rewrite_rules, plan/plan, plan/plan_conf, plan/map_file,
#       plan/rewrite_map, plan/rewrite_cond, plan/rewrite_index

import os

from fastlb.facts.rewrite import CondTest, PartKind
from fastlb.facts.rewrite_maps import (
    FUNCTIONS as _MAP_FUNCTIONS, MapKind, maps_by_program,
)
from fastlb.facts.variables import Language

cdef dict REWRITE_OPTIONS = {
    "inherit": OPTION_INHERIT, "inheritbefore": OPTION_INHERIT_BEFORE,
    "inheritdown": OPTION_INHERIT_DOWN,
    "inheritdownbefore": OPTION_INHERIT_DOWN_BEFORE,
    "ignoreinherit": OPTION_IGNORE_INHERIT, "allownoslash": OPTION_NO_SLASH,
    "allowanyuri": OPTION_ANY_URI, "mergebase": OPTION_MERGE_BASE,
    "ignorecontextinfo": OPTION_IGNORE_CONTEXT,
    "legacyprefixdocroot": OPTION_LEGACY_PREFIX,
    "unsafeprefixstat": OPTION_UNSAFE_PREFIX_STAT,
}


# Of the virtual host that is being made.
cdef dict rewrite_map_numbers = {}
cdef dict rewrite_target_numbers = {}


cdef rewrite_text rewrite_text_of(object parts) except *:
    cdef rewrite_text out
    cdef rewrite_part *p
    cdef int i
    kinds = list(PartKind)
    out.count = len(parts)
    out.parts = <rewrite_part *>plan_alloc(sizeof(rewrite_part) * len(parts))
    for i, part in enumerate(parts):
        p = &out.parts[i]
        p.kind = kinds.index(part.kind)
        p.number = part.number
        p.variable = -1
        p.literal = plan_text(part.text if p.kind <= PART_ESCAPED else None)
        if p.kind == PART_VARIABLE:
            name = part.text
            p.looks_ahead = ("", "U", "F").index(part.looks_ahead)
            if name[:5].upper() in ("LA-U:", "LA-F:"):
                name = name[5:]     # the check takes it where that is the same
                p.name = plan_text(name)
            try:
                p.variable = plan_variable_number(name, Language.REWRITE)
            except ValueError:
                continue        # as httpd: what it does not know is empty
            if name[:4].upper() == "ENV:":
                p.literal = plan_text(os.environ.get(name[4:]))
        elif p.kind == PART_MAP:
            p.map = rewrite_map_numbers.get(part.text, -1)
            p.key = rewrite_text_of(part.key)
            p.fallback = rewrite_text_of(part.default)
    return out


cdef rewrite_text *rewrite_texts_of(object texts) except NULL:
    cdef rewrite_text *out = <rewrite_text *>plan_alloc(
        sizeof(rewrite_text) * len(texts))
    cdef int i
    for i, one in enumerate(texts):
        out[i] = rewrite_text_of(one)
    return out


cdef object plan_rewrite_cond(rewrite_cond *c, object cond):
    c.test = list(CondTest).index(cond.test)
    c.negated = cond.negated
    c.ignore_case = cond.ignore_case
    c.or_next = cond.or_next
    c.no_vary = cond.no_vary
    c.regex = -1
    if c.test == TEST_REGEX:
        c.regex = plan_regex(cond.pattern, cond.ignore_case)
    c.expr = -1
    if cond.expression is not None:
        c.expr = plan_expression(cond.expression, True)
    c.subject = rewrite_text_of(cond.subject)
    c.pattern = plan_text(cond.pattern)
    c.shown = plan_text(cond.shown_pattern)
    c.number = number_of(value(c.pattern.data, c.pattern.length))


cdef object plan_rewrite_rule(rewrite_rule *r, object rule):
    cdef int i
    r.regex = plan_regex(rule.pattern, rule.ignore_case)
    r.negated = rule.negated
    r.prefix = plan_text(rule.prefix)
    r.prefix_any_case = rule.ignore_case
    r.pattern = plan_text(rule.pattern)
    r.output = plan_text(rule.output)
    r.substitutes = rule.substitution is not None
    r.substitution = rewrite_text_of(rule.substitution or ())
    r.cond_count = len(rule.conds)
    r.conds = <rewrite_cond *>plan_alloc(sizeof(rewrite_cond) * r.cond_count)
    for i, cond in enumerate(rule.conds):
        plan_rewrite_cond(&r.conds[i], cond)
    r.proxy = rule.proxy
    r.passthrough = rule.passthrough
    r.redirect = rule.redirect
    r.sets_status = rule.sets_status
    r.status = rule.status
    r.last = rule.last
    r.end = rule.end
    r.chain = rule.chain
    r.next_round = rule.next_round
    r.rounds_max = rule.rounds_max
    r.skip = rule.skip
    r.no_subrequest = rule.no_subrequest
    r.no_escape = rule.no_escape
    r.query_append = rule.query_append
    r.query_discard = rule.query_discard
    r.query_last = rule.query_last
    r.query_none = rule.query_none
    r.discard_path_info = rule.discard_path_info
    r.escape_groups = rule.escape_groups
    r.escape_no_plus = rule.escape_no_plus
    r.escape_controls = rule.escape_controls
    r.has_escapes = rule.escapes is not None
    r.escapes = plan_text(rule.escapes)
    r.no_escapes = plan_text(rule.no_escapes)
    r.unsafe_3f = rule.unsafe_3f
    r.unsafe_prefix_stat = rule.unsafe_prefix_stat
    r.keep_slashes = rule.keep_slashes
    r.env_count = len(rule.env)
    r.envs = rewrite_texts_of(rule.env)
    r.cookie_count = len(rule.cookies)
    r.cookies = rewrite_texts_of(rule.cookies)
    r.has_type = rule.mime_type is not None
    r.mime_type = rewrite_text_of(rule.mime_type or ())
    r.has_handler = rule.handler is not None
    r.handler = rewrite_text_of(rule.handler or ())
    leads = [rewrite_target_numbers[target] for target in rule.targets]
    r.lead_count = len(leads)
    r.leads = numbers_of(leads)


cdef rewrite_index *rewrite_index_of(const rewrite_list *rules) except NULL:
    """Made once, with the plan."""
    cdef rewrite_index *index = <rewrite_index *>plan_alloc(sizeof(rewrite_index))
    cdef rewrite_length *of
    cdef rewrite_bucket *b
    cdef const rewrite_rule *rule
    cdef int i, n
    cdef unsigned int size
    cdef text key
    anywhere = []
    by_prefix = {}
    for i in range(rules.count):
        rule = rules.rules[i]
        if rule.follows_chain:
            continue
        if rule.prefix.length == 0 or rule.prefix_any_case:
            anywhere.append(i)
            continue
        size = min(rule.prefix.length, <unsigned int>REWRITE_PREFIX_MAX)
        by_prefix.setdefault(rule.prefix.data[:size], []).append(i)
    index.any_count = len(anywhere)
    index.any = numbers_of(anywhere)
    sizes = sorted({len(prefix) for prefix in by_prefix})
    index.length_count = len(sizes)
    index.lengths = <rewrite_length *>plan_alloc(sizeof(rewrite_length) * len(sizes))
    for n, length in enumerate(sizes):
        of = &index.lengths[n]
        of.length = length
        found = [item for item in by_prefix.items() if len(item[0]) == length]
        size = 1
        while size < 2 * len(found):
            size *= 2
        of.mask = size - 1
        of.buckets = <rewrite_bucket *>plan_alloc(sizeof(rewrite_bucket) * size)
        for prefix, places in found:
            key = plan_text(prefix)
            b = rewrite_bucket_of(of, key.data)
            b.prefix = key.data
            b.count = len(places)
            b.rules = numbers_of(places)
    return index


cdef int *numbers_of(object numbers) except NULL:
    cdef int *out = <int *>plan_alloc(sizeof(int) * len(numbers))
    cdef int i
    for i, number in enumerate(numbers):
        out[i] = number
    return out


cdef object plan_rewrite_map(rewrite_map *m, object known):
    kinds = [MapKind.TXT, MapKind.RND, MapKind.INT, MapKind.SDBM, MapKind.PRG]
    m.kind = kinds.index(known.kind)
    m.name = plan_text(known.name)
    m.function = -1
    if known.kind is MapKind.INT:
        m.function = list(_MAP_FUNCTIONS).index(known.source)
    m.file = map_numbers.get(map_source(known), -1)
    m.program = map_programs.get(known, -1)


cdef dict map_numbers = {}      # of files, by map_source
cdef dict map_programs = {}     # their numbers in maps_by_program


cdef tuple map_source(object known):
    """(the file, whether it is SDBM)"""
    is_sdbm = known.kind is MapKind.SDBM
    return known.source + (".pag" if is_sdbm else ""), is_sdbm


cdef object plan_map_files(object model):
    """Each is read once, however many hosts have a map of it."""
    global map_files, map_file_count
    cdef map_file *f
    map_numbers.clear()
    map_programs.clear()
    for number, known in enumerate(maps_by_program(model.vhosts)):
        map_programs[known] = number
    for vhost in model.vhosts:
        for known in vhost.rewrite.maps if vhost.rewrite is not None else ():
            if known.kind not in (MapKind.INT, MapKind.PRG):
                map_numbers.setdefault(map_source(known), len(map_numbers))
    map_file_count = len(map_numbers)
    map_files = <map_file *>plan_alloc(sizeof(map_file) * map_file_count)
    for (path, is_sdbm), number in map_numbers.items():
        f = &map_files[<int>number]
        f.path = plan_text(os.fsencode(path))
        f.is_sdbm = is_sdbm
        # Nobody is served yet: it is read here.
        map_file_read(f, &f.fresh)
        map_file_take(f, NULL, 0)


cdef rewrite_list rewrite_list_of(object rules, bint indexed) except *:
    cdef rewrite_list out
    cdef int i
    out.count = len(rules)
    out.rules = <rewrite_rule **>plan_alloc(sizeof(void *) * out.count)
    out.index = NULL
    follows = False
    for i, rule in enumerate(rules):
        out.rules[i] = <rewrite_rule *>plan_alloc(sizeof(rewrite_rule))
        plan_rewrite_rule(out.rules[i], rule)
        out.rules[i].follows_chain = follows
        follows = rule.chain
    if indexed and out.count > REWRITE_LIST_PLAIN:
        out.index = rewrite_index_of(&out)
    return out


cdef int rewrite_options_of(object options) except -2:
    cdef int bits = 0
    if options is None:
        return -1
    for word in options:
        bits |= REWRITE_OPTIONS.get(word, 0)
    return bits


cdef rewrite_dir *plan_rewrite_dir(object said) except? NULL:
    cdef rewrite_dir *d
    if said is None:
        return NULL
    d = <rewrite_dir *>plan_alloc(sizeof(rewrite_dir))
    plan_rewrite_said(d, said)
    return d


cdef object plan_rewrite_said(rewrite_dir *d, object said):
    d.engine = plan_flag(said.engine)
    d.options = rewrite_options_of(said.options)
    d.base = plan_text(said.base)
    d.directory = plan_text(said.directory)
    d.list = rewrite_list_of(said.rules, False)


cdef object plan_rewrite_target(rewrite_target *t, object model, object mapping):
    t.scheme = plan_text("balancer")
    t.host = plan_text(mapping.target.removeprefix("balancer://"))
    t.socket = plan_text(None)
    if mapping.member_index >= 0:
        member = model.members[mapping.member_index]
        t.scheme = plan_text(member.scheme)
        t.host = plan_text(member.host)
        t.port = member.port
        t.usual_port = -1 if member.explicit_port else member.port
        if mapping.target.startswith("unix:"):  # else a <Proxy> may have put it there
            t.socket = plan_text(member.unix_path)


cdef object plan_rewrite_files(rewrite_directory *d, object files):
    d.asks_for_name = files is not None
    d.name_regex = -1
    if files is None:
        return
    d.name_is_glob = files.is_glob
    d.name = plan_text(files.pattern)
    if files.is_regex:
        d.name_regex = plan_regex(files.pattern)


cdef rewrite_server *plan_rewrite_server(
        plan_vhost *v, object model, object vhost) except? NULL:
    cdef rewrite_server *s
    cdef int i
    rewrite_map_numbers.clear()
    rewrite_target_numbers.clear()
    said = vhost.rewrite
    if said is None:
        return NULL
    s = <rewrite_server *>plan_alloc(sizeof(rewrite_server))
    s.engine = said.engine
    s.options = rewrite_options_of(said.options)
    s.map_count = len(said.maps)
    s.maps = <rewrite_map *>plan_alloc(sizeof(rewrite_map) * s.map_count)
    for i, known in enumerate(said.maps):
        plan_rewrite_map(&s.maps[i], known)
        rewrite_map_numbers[known.name] = i
    s.target_count = len(said.targets)
    s.targets = <rewrite_target *>plan_alloc(sizeof(rewrite_target) * s.target_count)
    v.rewrite_mappings = <plan_mapping *>plan_alloc(
        sizeof(plan_mapping) * s.target_count)
    for i, mapping in enumerate(said.targets):
        rewrite_target_numbers.setdefault(mapping.target, i)
        plan_rewrite_target(&s.targets[i], model, mapping)
        plan_mapping_of(&v.rewrite_mappings[i], mapping, v.sections)
    s.list = rewrite_list_of(said.rules, True)
    s.document_root = plan_text(said.document_root)
    s.directory_count = len(said.directories)
    s.directories = <rewrite_directory *>plan_alloc(
        sizeof(rewrite_directory) * s.directory_count)
    for i, directory in enumerate(said.directories):
        s.directories[i].regex = (
            plan_regex(directory.pattern) if directory.is_regex else -1)
        s.directories[i].is_glob = directory.is_glob
        s.directories[i].pattern = plan_text(directory.pattern)
        plan_rewrite_files(&s.directories[i], directory.files)
        plan_rewrite_said(&s.directories[i].said, directory.said)
    s.has_dirs = s.directory_count > 0
    for section in vhost.sections:
        s.has_dirs = s.has_dirs or section.conf.rewrite is not None
    s.trace = max(0, plan_level(vhost, "rewrite") - 7)      # Level.DEBUG
    return s


cdef object plan_rewrites(object model):
    """Give each virtual host and section its rules, once the plan is made."""
    cdef plan_vhost *v
    cdef int i, j
    plan_map_files(model)
    for i, vhost in enumerate(model.vhosts):
        v = &plan.vhosts[i]
        v.rewrite = plan_rewrite_server(v, model, vhost)
        for j, section in enumerate(vhost.sections):
            v.sections[j].conf.rewrite = plan_rewrite_dir(section.conf.rewrite)
    for i in range(plan.vhost_count):
        plan.vhosts[i].may_look = (
            plan_exprs_look or plan.vhosts[i].rewrite != NULL)
    tls_names_end()
