"""What a Tomcat of the tests serves below /app: pages that tell what they are asked."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

from peers import DEADLINE_S, Handler, Peer
from ports import HOST
from tomcat import Tomcat

SECRET = "seven bridges"
EXAMPLES = Path("/usr/share/tomcat10-examples/examples")
# The first asks for the user that the proxy names, the second takes any attribute.
AJP_SETTINGS = (
    'tomcatAuthentication="false" allowedRequestAttributesPattern=".*"'
    ' connectionTimeout="60000" maxThreads="20" minSpareThreads="2"'
)

# What a request is to the application: a line for each fact, then fields, then
# attributes.
ASKED = """\
<%@page contentType="text/plain" session="false" import="java.util.*"
%><%
out.println("method " + request.getMethod());
out.println("protocol " + request.getProtocol());
out.println("uri " + request.getRequestURI());
out.println("query " + request.getQueryString());
out.println("remote " + request.getRemoteAddr() + " " + request.getRemotePort());
out.println("server " + request.getServerName() + " " + request.getServerPort());
out.println("local " + request.getLocalAddr());
out.println("scheme " + request.getScheme() + " " + request.isSecure());
out.println("user " + request.getRemoteUser() + " " + request.getAuthType());
for (String one : Collections.list(request.getHeaderNames()))
  for (String said : Collections.list(request.getHeaders(one)))
    out.println("field " + one.toLowerCase() + ": " + said);
for (String name : new String[] {"jakarta.servlet.request.cipher_suite",
    "jakarta.servlet.request.key_size", "jakarta.servlet.request.ssl_session_id",
    "org.apache.tomcat.util.net.secure_protocol_version", "one", "two"})
  out.println("attribute " + name + ": " + request.getAttribute(name));
%>"""

# How long the body was and its SHA-256.
TAKEN = """\
<%@page contentType="text/plain" session="false" import="java.io.*,java.security.*"
%><%
MessageDigest sum = MessageDigest.getInstance("SHA-256");
byte[] piece = new byte[20000];
long length = 0;
InputStream in = request.getInputStream();
for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
  sum.update(piece, 0, n);
  length += n;
}
StringBuilder hex = new StringBuilder();
for (byte one : sum.digest()) hex.append(String.format("%02x", one));
out.println(length + " " + hex);
%>"""

# size= bytes of a body, in pieces; flush=1 after each, and pause= ms behind it.
GIVEN = """\
<%@page contentType="application/octet-stream" session="false" import="java.io.*"
%><%
int size = Integer.parseInt(request.getParameter("size"));
boolean flush = request.getParameter("flush") != null;
String pause = request.getParameter("pause");
if (request.getParameter("length") != null) response.setContentLength(size);
OutputStream body = response.getOutputStream();
byte[] piece = new byte[5000];
for (int at = 0; at < size; at += piece.length) {
  int n = Math.min(piece.length, size - at);
  for (int i = 0; i < n; i++) piece[i] = (byte) ('a' + (at + i) % 26);
  body.write(piece, 0, n);
  if (flush) body.flush();
  if (pause != null) Thread.sleep(Integer.parseInt(pause));
}
%>"""

SESSION = """\
<%@page contentType="text/plain" session="true"
%><%
Integer n = (Integer) session.getAttribute("n");
session.setAttribute("n", n == null ? 1 : n + 1);
out.println(session.getId() + " " + session.getAttribute("n"));
out.println(response.encodeURL("session.jsp"));
%>"""

SAID = """\
<%@page session="false"
%><%
int status = Integer.parseInt(request.getParameter("status"));
if (request.getParameter("to") != null)
  response.setHeader("Location", request.getParameter("to"));
if (request.getParameter("cookie") != null)
  response.addHeader("Set-Cookie", request.getParameter("cookie"));
if (request.getParameter("error") != null) response.sendError(status, "said so");
else response.setStatus(status);
%>"""

PAGES = {
    "asked.jsp": ASKED,
    "taken.jsp": TAKEN,
    "given.jsp": GIVEN,
    "session.jsp": SESSION,
    "said.jsp": SAID,
    "plain.txt": "plain\n",
}


def tomcat_with_pages(folder: Path, route: str = "one", packet: int = 8192) -> Tomcat:
    """Not started yet."""
    tomcat = Tomcat(folder, SECRET, route, f'{AJP_SETTINGS} packetSize="{packet}"')
    app = tomcat.webapps / "app"
    app.mkdir()
    for name, text in PAGES.items():
        (app / name).write_text(text)
    # Debian's own, where they are installed.
    contexts = tomcat.base / "conf/Catalina/localhost"
    contexts.mkdir(parents=True)
    if EXAMPLES.is_dir():
        (contexts / "examples.xml").write_text(f'<Context docBase="{EXAMPLES}"/>\n')
    return tomcat


def relaying_to(port: int) -> Handler:
    """A member that passes everything on to another one, and ends with the rig: what is
    kept open there would be an open connection of the worker."""

    def pass_on(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def member(peer: Peer) -> None:
        with socket.create_connection((HOST, port), DEADLINE_S) as behind:
            back = threading.Thread(target=pass_on, args=(behind, peer.sock))
            back.start()
            pass_on(peer.sock, behind)
            back.join(DEADLINE_S)

    return member
