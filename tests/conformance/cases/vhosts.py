"""Virtual hosts: which one serves a request."""

from collections.abc import Mapping

from ..case import Case, Conf, Recv, Send, View, ask, get, request


def _vhost(address: str, tag: str, *lines: str) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return (
        f"<VirtualHost {address}>\n{body}"
        f"  ProxyPass / http://127.0.0.1:{{m0}}/{tag}/\n</VirtualHost>\n"
    )


NAMES = Conf(
    "names",
    "ProxyPass /main-rule http://127.0.0.1:{m0}/main\n"
    + _vhost("*:{port}", "first", "ServerName first.test")
    + _vhost(
        "*:{port}",
        "second",
        "ServerName second.test:8080",
        "ServerAlias alias.test *.wild.test",
        "ServerAlias qu?st.test *.test.*",
    )
    + _vhost("*:{port}", "third", "ServerName www.wild.test")
    + _vhost("*:{port}", "twice", "ServerName first.test", "ServerAlias late.test")
    + _vhost("*:{port}", "path", "ServerName path.test", "ServerPath /legacy"),
)

# X-Forwarded-Server tells whose request it was.
PORTLESS = tuple(
    Conf(
        f"{address} without a port, main server {where}",
        "Listen 127.0.0.1:{port2}\nProxyPass / http://127.0.0.1:{m0}/\n"
        + (f"ServerName {name}\n" if name and where != "below" else "")
        + f"<VirtualHost {address}>\n  ServerName own.test\n</VirtualHost>\n"
        + (f"ServerName {name}\n" if where == "below" else ""),
    )
    for address in ("*", "_default_", "127.0.0.1")
    for where, name in {
        "without a name": "",
        "without a port": "main.test",
        "with a port": "main.test:{port}",
        "with another port": "main.test:1",
        "with a scheme": "https://main.test",
        "below": "main.test:{port}",
    }.items()
)

# Without ServerName, and seen in X-Forwarded-Server as well.
NAMELESS = Conf(
    "nameless",
    "Listen 127.0.0.1:{port2}\nListen 127.0.0.2:{port}\n"
    "ProxyPass / http://127.0.0.1:{m0}/\n"
    "<VirtualHost localhost:{port}>\n</VirtualHost>\n"
    "<VirtualHost localhost:{port2} *:{port2}>\n</VirtualHost>\n"
    "<VirtualHost 127.0.0.2:{port}>\n</VirtualHost>\n",
)

ADDRESSES = Conf(
    "addresses",
    "Listen 127.0.0.1:{port2}\nListen 127.0.0.2:{port}\n"
    + _vhost("127.0.0.1:{port}", "exact-a", "ServerName a.test")
    + _vhost("127.0.0.1:{port}", "exact-b", "ServerName b.test")
    + _vhost("*:{port}", "star-c", "ServerName c.test")
    + _vhost("*:{port}", "star-d", "ServerName d.test")
    + "<VirtualHost *:{port3}>\n</VirtualHost>\n",
)

LEVELS = Conf(
    "levels",
    "Listen 127.0.0.1:{port2}\nListen 127.0.0.2:{port}\nListen 127.0.0.2:{port2}\n"
    + _vhost("*:{port}", "star-port", "ServerName a.test")
    + _vhost("127.0.0.1:*", "address-star", "ServerName b.test")
    + _vhost("127.0.0.1:{port}", "exact", "ServerName c.test")
    + _vhost("_default_:*", "default", "ServerName d.test"),
)

MAIN = Conf(
    "main server",
    "Listen 127.0.0.1:{port2}\nProxyPass / http://127.0.0.1:{m0}/main/\n"
    "<VirtualHost *:{port2}>\n  ServerName other.test\n</VirtualHost>\n",
)

LONE = Conf("lone vhost", _vhost("*:{port}", "lone", "ServerName lone.test"))

STRICT = Conf(
    "strict host check",
    "StrictHostCheck On\n"
    + _vhost("*:{port}", "first", "ServerName first.test")
    + _vhost("*:{port}", "second", "ServerName second.test"),
)

STRICT_LONE = Conf(
    "strict host check of one host",
    _vhost(
        "*:{port}",
        "lone",
        "ServerName lone.test",
        "ServerAlias *.x.test",
        "StrictHostCheck On",
    )
    + "Listen 127.0.0.1:{port2}\n",
)

STRICT_MAIN = Conf(
    "strict host check of the main server",
    "StrictHostCheck On\nProxyPass / http://127.0.0.1:{m0}/\n",
)

SEVERAL = Conf(
    "several addresses",
    "Listen 127.0.0.1:{port2}\n"
    + _vhost("127.0.0.1:{port} 127.0.0.1:{port2}", "both", "ServerName both.test")
    + _vhost("127.0.0.1:{port2}", "second", "ServerName second.test"),
)

CANONICAL = Conf(
    "canonical name",
    "<VirtualHost *:{port}>\n  ServerName canon.test:8080\n  ServerAlias other.test\n"
    "  UseCanonicalName On\n  Redirect /r /target\n</VirtualHost>\n"
    "<VirtualHost *:{port}>\n  ServerName plain.test\n  Redirect /r /target\n"
    "</VirtualHost>\n",
)

HOSTS: Mapping[str, str] = {
    "ServerName": "second.test",
    "upper case": "SECOND.Test",
    "trailing dot": "second.test.",
    "port in Host does not matter": "second.test:9999",
    "port of ServerName does not matter": "second.test:80",
    "alias": "alias.test",
    "wildcard": "a.wild.test",
    "wildcard over several labels": "a.b.wild.test",
    "wildcard needs something": "wild.test",
    "wildcard before a later ServerName": "www.wild.test",
    "question mark": "quest.test",
    "question mark needs one": "qust.test",
    "two wildcards": "x.test.y",
    "unknown name": "nobody.example",
    "address": "127.0.0.1",
    "first of two with one name": "first.test",
    "alias of the second": "late.test",
}


def _host(conf: Conf, name: str, host: str | None, port: str = "port") -> Case:
    version = "HTTP/1.1" if host else "HTTP/1.0"
    return Case(
        f"{conf.name}: {name}",
        conf,
        get("/v/x", host=host, port=port, version=version),
        view=View.TARGET,
    )


def _at(conf: Conf, name: str, host: str, address: str, port: str = "port") -> Case:
    data = request("/v/x", host=host)
    return Case(
        f"{conf.name}: {name}",
        conf,
        (Send(data, port=port, address=address), Recv()),
        view=View.TARGET,
    )


CASES: tuple[Case, ...] = (
    *(_host(NAMES, name, host) for name, host in HOSTS.items()),
    *(
        Case(f"{conf.name}: {port}", conf, get("/x", host="own.test", port=port))
        for conf in PORTLESS
        for port in ("port", "port2")
    ),
    Case("nameless: a name as its address", NAMELESS, get("/x", host="other.test")),
    Case(
        "nameless: a name, and every address",
        NAMELESS,
        get("/x", host="other.test", port="port2"),
    ),
    Case(
        "nameless: an address",
        NAMELESS,
        (Send(request("/x", host="other.test"), address="127.0.0.2"), Recv()),
        differs="a virtual host without `ServerName`, of an address in numbers",
        instead={"members/m0/0/fields/3/1": "front.test"},
    ),
    _host(NAMES, "no Host", None),
    Case(
        "names: ServerPath",
        NAMES,
        get("/legacy/x", host=None, version="HTTP/1.0"),
        view=View.TARGET,
    ),
    Case(
        "names: absolute target",
        NAMES,
        ask(request("http://second.test/x")),
        view=View.TARGET,
    ),
    Case(
        "names: main server's rule",
        NAMES,
        get("/main-rule/x", host="second.test"),
        view=View.TARGET,
    ),
    Case(
        "names: each request of a connection",
        NAMES,
        (
            *get("/1", host="first.test"),
            *get("/2", host="second.test"),
            *get("/3", host="path.test"),
        ),
        view=View.TARGET,
    ),
    _at(ADDRESSES, "exact address, first name", "a.test", "127.0.0.1"),
    _at(ADDRESSES, "exact address, second name", "b.test", "127.0.0.1"),
    _at(ADDRESSES, "names of less exact ones are not seen", "c.test", "127.0.0.1"),
    _at(ADDRESSES, "other address", "d.test", "127.0.0.2"),
    _at(ADDRESSES, "names of another address are not seen", "b.test", "127.0.0.2"),
    _at(ADDRESSES, "main server", "a.test", "127.0.0.1", "port2"),
    *(
        _at(LEVELS, f"{host} at {address} {port}", f"{host}.test", address, port)
        for host, address, port in (
            ("a", "127.0.0.1", "port"),
            ("c", "127.0.0.1", "port"),
            ("c", "127.0.0.1", "port2"),
            ("b", "127.0.0.2", "port"),
            ("a", "127.0.0.2", "port2"),
        )
    ),
    _host(MAIN, "no vhost for the port", "other.test"),
    _host(MAIN, "vhost of the other port", "front.test", "port2"),
    _host(LONE, "serves every name", "other.test"),
    _host(STRICT, "known", "second.test"),
    _host(STRICT, "unknown", "other.test"),
    _host(STRICT, "no Host", None),
    *(
        _host(conf, f"{host}", host)
        for conf in (STRICT_LONE, STRICT_MAIN)
        for host in ("lone.test", "a.x.test", "LONE.test.", "front.test", "127.0.0.1")
    ),
    *(_host(conf, "no Host", None) for conf in (STRICT_LONE, STRICT_MAIN)),
    _host(STRICT_LONE, "another address", "lone.test", "port2"),
    _host(SEVERAL, "first port", "second.test"),
    _host(SEVERAL, "second port, name", "second.test", "port2"),
    _host(SEVERAL, "second port, default", "other.test", "port2"),
    Case("canonical name: on", CANONICAL, get("/r/x", host="other.test:99")),
    Case("canonical name: off", CANONICAL, get("/r/x", host="plain.test:99")),
    Case(
        "canonical name: off without Host",
        CANONICAL,
        get("/r/x", host=None, version="HTTP/1.0"),
    ),
)
