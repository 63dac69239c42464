"""What is read before a connection speaks HTTP, for tests."""

import ipaddress


def client_hello_of(bytes data):
    """("more" | "whole" | "plain", server name); data: 1 to 16384 bytes."""
    cdef client_hello hello
    cdef int rc = hello_judge(data, <unsigned int>len(data), &hello)
    name = hello.name[:hello.name_length] if hello.name != NULL else None
    return {AGAIN: "more", HELLO_WHOLE: "whole", HELLO_IS_PLAIN: "plain"}[rc], name


def preface_of(bytes data):
    """"more", the reason of a refusal by its number, or length, address and port."""
    cdef preface told
    cdef int rc = preface_read(data, <unsigned int>len(data), &told)
    if rc == AGAIN:
        return "more"
    if rc == FAILED:
        return told.why
    if not told.has_client:
        return told.length, "", 0
    address = ipaddress.IPv6Address((<char *>&told.address[0])[:ADDRESS_BYTES])
    return told.length, str(address.ipv4_mapped or address), told.port


def preface_made(int version, bytes client, int port, bytes here, int local_port):
    """Addresses of sixteen bytes."""
    cdef char[PREFACE_LINE_BYTES_MAX] out
    cdef unsigned int size = preface_write(
        &out[0], version, <const unsigned char *><const char *>client, port,
        <const unsigned char *><const char *>here, local_port)
    return out[:size]
