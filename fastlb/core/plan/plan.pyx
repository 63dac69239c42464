"""The plan of this process (plan.pxd), and what those share who fill it.

That is done once when a worker starts, and may use Python freely: plan_conf.pyx,
plan_members.pyx and plan_hosts.pyx read a part of the model each, plan_begin.pyx has it
done. Text becomes latin-1, which is what HTTP/1 carries.
"""
# uses: ground/text, ground/address, nonces, io/tls_state, io/watch, http/fields,
#       balance/table, balance/elect, plan/build, plan/template, plan/access_plan,
#       plan/rewrite_rules, plan/filter_plan, plan/labels_plan, plan/listing_plan
import ipaddress
from dataclasses import fields

cdef plan_root plan
cdef object plan_deciding = frozenset()     # variables that access hangs on
cdef dict VERIFY_NUMBERS = {     # VERIFY_* by facts.tls.Verify
    "none": VERIFY_NONE, "optional": VERIFY_OPTIONAL, "require": VERIFY_REQUIRE,
    "optional_no_ca": VERIFY_OPTIONAL_NO_CA,
}


cdef const unsigned char *plan_source(str address) except? NULL:
    """ProxySourceAddress as 16 bytes; NULL: none."""
    cdef unsigned char *out
    if address is None:
        return NULL
    out = <unsigned char *>plan_alloc(16)
    plan_address(out, ipaddress.ip_address(address))
    return out


cdef const unsigned short *plan_statuses(object statuses) except NULL:
    cdef unsigned short *out = <unsigned short *>plan_alloc(2 * len(statuses) + 2)
    cdef int i
    for i, status in enumerate(statuses):
        out[i] = status
    return out


cdef dict plan_said(object facts):
    """The numbers of facts by name, for a struct that is filled by name."""
    numbers = {}
    for field in fields(facts):
        value = getattr(facts, field.name)
        number = 0 if value is None else getattr(value, "number", value)
        numbers[field.name] = number
        if field.name.endswith("_ms"):
            numbers[field.name.removesuffix("ms") + "us"] = number * 1000
    return numbers
