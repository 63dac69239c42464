"""The reader of ClientHello, for tests."""


def client_hello_of(bytes data):
    """("more" | "whole" | "plain", server name); data: 1 to 16384 bytes."""
    cdef client_hello hello
    cdef int rc = hello_judge(data, <unsigned int>len(data), &hello)
    name = hello.name[:hello.name_length] if hello.name != NULL else None
    return {AGAIN: "more", HELLO_WHOLE: "whole", HELLO_IS_PLAIN: "plain"}[rc], name
