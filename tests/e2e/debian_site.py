"""A stock Debian server with what many have behind it, to be served by httpd or by us.

Files below a document root and an alias, compression as Debian enables it, PHP by
php-fpm, a Tomcat by AJP, a member that is down and the page that says sorry for it.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from stock_site import StockSite

MODULES = (
    *("proxy", "proxy_http", "proxy_ajp", "proxy_fcgi", "proxy_balancer"),
    *("lbmethod_byrequests", "headers", "expires", "rewrite", "setenvif"),
)
SECRET = "between the two"
SITE = """\
<VirtualHost *:{port}>
    ServerName www.example.org
    ServerAdmin webmaster@example.org
    DocumentRoot {www}
    <Directory {www}>
        Options FollowSymLinks
        AllowOverride None
        Require all granted
    </Directory>

    Alias /static {static}
    <Directory {static}>
        Options SymLinksIfOwnerMatch
        AllowOverride None
        Require all granted
        ExpiresActive On
        ExpiresByType text/css "access plus 1 day"
        Header set X-From disk
    </Directory>

    DirectoryIndex index.html index.php
    <FilesMatch "\\.php$">
        SetHandler "proxy:unix:{php}|fcgi://localhost"
    </FilesMatch>

    <Proxy balancer://app>
        BalancerMember ajp://127.0.0.1:{ajp} route=one "secret={secret}"
        ProxySet stickysession=JSESSIONID|jsessionid
    </Proxy>
    ProxyPass /app balancer://app/app
    ProxyPassReverse /app balancer://app/app

    ProxyPass /down http://127.0.0.1:{closed}/ retry=0
    ErrorDocument 503 /sorry.html

    RewriteEngine On
    RewriteRule ^/old/(.*)$ /static/$1 [R=301,L]

    ErrorLog {logs}/site_error.log
    CustomLog {logs}/site_access.log combined
</VirtualHost>
"""

PHP = {
    "index.php": "<?php echo 'index ', $_SERVER['REQUEST_METHOD'], \"\\n\";",
    "sub/index.php": "<?php echo 'of a directory';",
    "facts.php": (
        "<?php header('Content-Type: text/plain'); ksort($_SERVER);\n"
        "foreach ($_SERVER as $name => $value)\n"
        "  if (is_string($value) && !preg_match('/^(REQUEST_TIME|REMOTE_PORT|FCGI_ROLE"
        "|USER|HOME|SERVER_SOFTWARE|SERVER_SIGNATURE|UNIQUE_ID)/', $name))\n"
        "    echo $name, ' = ', $value, \"\\n\";\n"
        "echo strlen(file_get_contents('php://input')), \"\\n\"; ksort($_POST);\n"
        "foreach ($_POST as $name => $value) echo $name, ' ', strlen($value), \"\\n\";"
    ),
    "echo.php": "<?php echo md5(file_get_contents('php://input'));",
    "status.php": "<?php http_response_code(418); echo 'short and stout';",
    "redirect.php": "<?php header('Location: https://else.example/'); echo 'away';",
    "local.php": "<?php header('Location: /plain.txt');",
    "large.php": "<?php for ($i = 0; $i < 20000; $i++) echo 'line ', $i, \"\\n\";",
    "fields.php": (
        "<?php header('X-Two: a'); header('X-Two: b', false); setcookie('c', 'd');\n"
        "header('Cache-Control: no-store'); header('ETag: \"x\"'); echo 'fields';"
    ),
}
JSP = {
    "index.jsp": "<%= request.getMethod() %> of the application",
    "facts.jsp": (
        '<%@page contentType="text/plain" import="java.util.*"%>'
        "<%= request.getScheme() %> <%= request.getServerName() %> "
        "<%= request.getRemoteAddr() %> <%= request.getRequestURI() %> "
        "<%= request.getQueryString() %> <%= request.isSecure() %> "
        "<%= new TreeMap<>(request.getParameterMap()).keySet() %> <% Object n = "
        'session.getAttribute("n"); session.setAttribute("n", 1); %><%= n %>'
    ),
    "echo.jsp": (
        "<% int n = 0, more; byte[] piece = new byte[8192];\n"
        "while ((more = request.getInputStream().read(piece)) > 0) n += more;"
        "%><%= n %>"
    ),
    "status.jsp": "<% response.setStatus(418); %>short and stout",
    "redirect.jsp": '<% response.sendRedirect("/app/facts.jsp"); %>',
    "large.jsp": '<% for (int i = 0; i < 20000; i++) out.println("line " + i); %>',
}


def lay_files(root: Path) -> tuple[Path, Path]:
    """The document root, and what stands below an alias."""
    www, static = root / "www", root / "static"
    text = "".join(
        f"line {n} of a text that is worth the trouble\n" for n in range(400)
    )
    for folder in (www / "sub", static / "sub"):
        folder.mkdir(parents=True)
    for name, content in PHP.items():
        (www / name).write_text(content)
    (www / "index.html").write_text("<html><body>at home</body></html>\n")
    (www / "plain.txt").write_text("plain text\n")
    (www / "noext").write_text("whatever this is\n")
    (www / "empty").touch()
    (www / "big.txt").write_text(text * 8)
    (www / "sorry.html").write_text("<html><body>We are sorry.</body></html>\n")
    (www / ".htpasswd").write_text("a:b\n")
    (static / "app.css").write_text("body { color: black }\n" * 40)
    (static / "app.js").write_text("var one = 1;\n" * 300)
    (static / "logo.png").write_bytes(bytes(range(256)) * 9)
    (static / "data.json").write_text('{"a": 1}\n')
    (static / "chart.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>\n")
    (static / "page.fr.html").write_text("<html><body>bonjour</body></html>\n")
    (static / "archive.tar.gz").write_bytes(gzip.compress(b"an archive", mtime=0))
    (static / "a b.html").write_text("<p>a space</p>\n")
    (static / ".htaccess").write_text("Require all denied\n")
    (static / "sub/index.html").write_text("<p>below</p>\n")
    (static / "inside.txt").symlink_to("data.json")
    (root / "secret.txt").write_text("nobody shall read this\n")
    (static / "outside.txt").symlink_to("/etc/shadow")
    (static / "closed.txt").write_text("not for you\n")
    (static / "closed.txt").chmod(0)
    for path in (*www.rglob("*"), *static.rglob("*")):
        if not path.is_symlink():
            os.utime(path, (1_700_000_000, 1_700_000_000))
    return www, static


def lay_application(webapps: Path) -> None:
    """The servlets' side, where Tomcat looks for it."""
    (webapps / "app/WEB-INF").mkdir(parents=True)
    (webapps / "app/WEB-INF/web.xml").write_text(
        '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>\n'
    )
    for name, content in JSP.items():
        (webapps / "app" / name).write_text(content)


class DebianSite(StockSite):
    """The tree with its site."""

    def __init__(self, root: Path, port: int, php: Path, ajp: int, closed: int) -> None:
        www, static = lay_files(root)
        text = SITE.format(
            port=port,
            www=www,
            static=static,
            php=php,
            ajp=ajp,
            closed=closed,
            secret=SECRET,
            logs=root / "run",
        )
        super().__init__(root, port, MODULES, text)
