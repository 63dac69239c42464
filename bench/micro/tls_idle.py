#!/usr/bin/env python3
"""What an idle TLS connection holds in the library alone, without any proxy.

    python bench/micro/tls_idle.py

The server's end of TLS 1.3 connections, each with one small record read and written,
SSL_MODE_RELEASE_BUFFERS on: in the library that fastlb uses (the one inside
`cryptography`), and in the system's, which nginx, HAProxy and Apache use. The
difference between the two stands in every figure of idle connections.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import certificate
import measure

CONNECTIONS = 500
MODES = 0x1 | 0x2 | 0x10  # partial writes, moving buffer, released buffers
SSL_CTRL_MODE = 33
SSL_FILETYPE_PEM = 1
WORD = b"." * 64


@dataclass(frozen=True, slots=True)
class Library:
    """By whatever door Python has to it: `lib` has its functions as attributes."""

    version: str
    lib: Any
    context: Any
    buffer: Any
    new: Callable[[Any], Any]


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        certificate.make("ec").write(Path(name))
        for library in (bundled, system):
            ours, theirs = multiprocessing.Pipe()
            # A process each: what one library leaves behind is not the other's.
            process = multiprocessing.Process(
                target=measure_library, args=(library, Path(name), theirs)
            )
            process.start()
            version, each = ours.recv()
            process.join()
            print(f"{version}: {each / 1024:.2f} KiB of PSS a connection")
    return 0


def measure_library(
    library: Callable[[Path], Library], folder: Path, to: Connection
) -> None:
    chosen = library(folder)
    serve(chosen, 50)  # the allocator's first pages, tables made at first use
    before = measure.pss_bytes([os.getpid()])
    serve(chosen, CONNECTIONS)
    after = measure.pss_bytes([os.getpid()])
    to.send((chosen.version, (after - before) / CONNECTIONS))


def bundled(folder: Path) -> Library:
    from cryptography.hazmat.bindings._rust import _openssl
    from OpenSSL import SSL

    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_mode(MODES)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.use_certificate_file(str(folder / "server.crt"))
    context.use_privatekey_file(str(folder / "server.key"))
    KEPT.append(context)
    version = SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()
    return Library(
        f"{version} (of cryptography)",
        _openssl.lib,
        context._context,
        _openssl.ffi.new("char[]", len(WORD)),
        _openssl.lib.SSL_new,
    )


def system(folder: Path) -> Library:
    lib = ctypes.CDLL("libssl.so.3")
    for name in ("TLS_server_method", "SSL_CTX_new", "SSL_new"):
        getattr(lib, name).restype = ctypes.c_void_p
    lib.OpenSSL_version.restype = ctypes.c_char_p
    pointer = ctypes.c_void_p
    context = pointer(lib.SSL_CTX_new(pointer(lib.TLS_server_method())))
    lib.SSL_CTX_ctrl(context, SSL_CTRL_MODE, ctypes.c_long(MODES), None)
    for function, file in (
        (lib.SSL_CTX_use_certificate_file, "server.crt"),
        (lib.SSL_CTX_use_PrivateKey_file, "server.key"),
    ):
        if function(context, str(folder / file).encode(), SSL_FILETYPE_PEM) != 1:
            raise RuntimeError(f"{file} was refused")
    return Library(
        f"{lib.OpenSSL_version(0).decode()} (the system's)",
        lib,
        context,
        ctypes.create_string_buffer(len(WORD)),
        lambda context: pointer(lib.SSL_new(context)),
    )


KEPT: list[Any] = []  # connections stay open until the process ends


def serve(library: Library, count: int) -> None:
    """Accept that many connections from a process of clients, and one record each."""
    pairs = [socket.socketpair() for _ in range(count)]
    client = os.fork()
    if client == 0:
        ask([theirs for _, theirs in pairs])
        os._exit(0)
    lib = library.lib
    for ours, theirs in pairs:
        theirs.close()
        handle = library.new(library.context)
        lib.SSL_set_fd(handle, ours.fileno())
        lib.SSL_set_accept_state(handle)
        if lib.SSL_do_handshake(handle) != 1:
            raise RuntimeError("a handshake failed")
        lib.SSL_read(handle, library.buffer, len(WORD))
        lib.SSL_write(handle, WORD, len(WORD))
        KEPT.append((handle, ours.detach()))
    os.waitpid(client, 0)


def ask(sockets: list[socket.socket]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    held = []
    for plain in sockets:
        secured = context.wrap_socket(plain)
        secured.sendall(WORD)
        secured.recv(len(WORD))
        held.append(secured)


if __name__ == "__main__":
    sys.exit(main())
