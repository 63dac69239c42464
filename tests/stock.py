"""The trees that distributions ship, rebuilt below a directory of a test.

Debian's comes from its own package: what apt has kept of it, else what is installed.
RHEL's is written from the facts of its files: which directives stand in which of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from rights import IS_ROOT

ARCHIVES = Path("/var/cache/apt/archives")
INSTALLED = Path("/etc/apache2")
# What its postinst enables on a fresh machine.
DEBIAN_MODULES = (
    *("access_compat", "alias", "auth_basic", "authn_core", "authn_file", "authz_core"),
    *("authz_host", "authz_user", "autoindex", "deflate", "dir", "env", "filter"),
    *("mime", "mpm_event", "negotiation", "reqtimeout", "setenvif", "status"),
)
DEBIAN_CONFS = (
    *("charset", "localized-error-pages", "other-vhosts-access-log", "security"),
    "serve-cgi-bin",
)


class DebianTree:
    """/etc/apache2 of a fresh installation, at another place."""

    def __init__(self, root: Path) -> None:
        self.root = root
        _copy_of_package(root)
        self.enable_what_is_fresh()

    def enable_what_is_fresh(self) -> None:
        """What is enabled after the installation, and nothing else."""
        for kind in ("mods", "conf", "sites"):
            shutil.rmtree(self.root / f"{kind}-enabled", ignore_errors=True)
            (self.root / f"{kind}-enabled").mkdir()
        for name in DEBIAN_MODULES:
            self.enable_module(name)
        for name in DEBIAN_CONFS:
            self.enable("conf", name)
        self.enable("sites", "000-default")

    @property
    def conf(self) -> Path:
        return self.root / "apache2.conf"

    def modules(self) -> list[str]:
        """All that a2enmod knows."""
        return sorted(path.stem for path in self.root.glob("mods-available/*.load"))

    def enable_module(self, name: str) -> None:
        """As a2enmod: with what it depends on, without what it conflicts with."""
        text = (self.root / "mods-available" / f"{name}.load").read_text()
        for kind, words in re.findall(r"^# (Depends|Conflicts):(.*)$", text, re.M):
            for other in words.split():
                if kind == "Depends":
                    self.enable_module(other)
                else:
                    self.disable_module(other)
        if name.startswith("mpm_"):
            for other in ("mpm_event", "mpm_prefork", "mpm_worker"):
                self.disable_module(other)
        for suffix in (".load", ".conf"):
            if (self.root / "mods-available" / (name + suffix)).exists():
                self._link("mods", name + suffix)

    def disable_module(self, name: str) -> None:
        for suffix in (".load", ".conf"):
            (self.root / "mods-enabled" / (name + suffix)).unlink(missing_ok=True)

    def enable(self, kind: str, name: str) -> None:
        """kind: conf or sites."""
        self._link(kind, f"{name}.conf")

    def _link(self, kind: str, name: str) -> None:
        link = self.root / f"{kind}-enabled" / name
        if not link.is_symlink():
            link.symlink_to(f"../{kind}-available/{name}")


def _copy_of_package(root: Path) -> None:
    archive = max(ARCHIVES.glob("apache2_2.4*.deb"), default=None)
    if archive is None:
        shutil.copytree(INSTALLED, root, symlinks=True)
        return
    with tempfile.TemporaryDirectory() as unpacked:
        subprocess.run(["dpkg-deb", "-x", archive, unpacked], check=True)
        shutil.copytree(Path(unpacked, "etc/apache2"), root, symlinks=True)


_RHEL = {
    "conf/httpd.conf": """\
ServerRoot "{root}"
Listen {port}
Include conf.modules.d/*.conf
User {user}
Group {group}
ServerAdmin root@localhost
<Directory />
    AllowOverride none
    Require all denied
</Directory>
DocumentRoot "{www}/html"
<Directory "{www}">
    AllowOverride None
    Require all granted
</Directory>
<Directory "{www}/html">
    Options Indexes FollowSymLinks
    AllowOverride None
    Require all granted
</Directory>
<IfModule dir_module>
    DirectoryIndex index.html
</IfModule>
<Files ".ht*">
    Require all denied
</Files>
ErrorLog "logs/error_log"
LogLevel warn
<IfModule log_config_module>
    LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" \
combined
    LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
    <IfModule logio_module>
      LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{{Referer}}i\\" \
\\"%{{User-Agent}}i\\" %I %O" combinedio
    </IfModule>
    CustomLog "logs/access_log" combined
</IfModule>
<IfModule alias_module>
    ScriptAlias /cgi-bin/ "{www}/cgi-bin/"
</IfModule>
<Directory "{www}/cgi-bin">
    AllowOverride None
    Options None
    Require all granted
</Directory>
<IfModule mime_module>
    TypesConfig /etc/mime.types
    AddType application/x-compress .Z
    AddType application/x-gzip .gz .tgz
    AddType text/html .shtml
    AddOutputFilter INCLUDES .shtml
</IfModule>
AddDefaultCharset UTF-8
<IfModule mime_magic_module>
    MIMEMagicFile conf/magic
</IfModule>
EnableSendfile on
IncludeOptional conf.d/*.conf
""",
    "conf.modules.d/00-base.conf": """\
access_compat actions alias allowmethods auth_basic auth_digest authn_anon authn_core
authn_dbd authn_dbm authn_file authn_socache authz_core authz_dbd authz_dbm
authz_groupfile authz_host authz_owner authz_user autoindex cache cache_disk
cache_socache data dbd deflate dir dumpio echo env expires ext_filter filter headers
include info log_config logio macro mime_magic mime negotiation remoteip reqtimeout
request rewrite setenvif slotmem_plain slotmem_shm socache_dbm socache_memcache
socache_redis socache_shmcb status substitute suexec unique_id unixd userdir version
vhost_alias watchdog
""",
    "conf.modules.d/00-brotli.conf": "brotli\n",
    "conf.modules.d/00-dav.conf": "dav dav_fs dav_lock\n",
    "conf.modules.d/00-lua.conf": "lua\n",
    "conf.modules.d/00-mpm.conf": "mpm_event\n",
    "conf.modules.d/00-proxy.conf": """\
proxy lbmethod_bybusyness lbmethod_byrequests lbmethod_bytraffic lbmethod_heartbeat
proxy_ajp proxy_balancer proxy_connect proxy_express proxy_fcgi proxy_fdpass proxy_ftp
proxy_http proxy_hcheck proxy_scgi proxy_uwsgi proxy_wstunnel
""",
    "conf.modules.d/00-ssl.conf": "ssl\n",
    "conf.modules.d/00-systemd.conf": "systemd\n",
    "conf.modules.d/01-cgi.conf": """\
<IfModule mpm_worker_module>
   LoadModule cgid_module modules/mod_cgid.so
</IfModule>
<IfModule mpm_event_module>
   LoadModule cgid_module modules/mod_cgid.so
</IfModule>
<IfModule mpm_prefork_module>
   LoadModule cgi_module modules/mod_cgi.so
</IfModule>
""",
    "conf.modules.d/10-h2.conf": "http2\n",
    "conf.modules.d/10-proxy_h2.conf": "proxy_http2\n",
    "conf.d/autoindex.conf": """\
IndexOptions FancyIndexing HTMLTable VersionSort
Alias /icons/ "/usr/share/httpd/icons/"
<Directory "/usr/share/httpd/icons">
    Options Indexes MultiViews FollowSymlinks
    AllowOverride None
    Require all granted
</Directory>
AddIconByEncoding (CMP,/icons/compressed.gif) x-compress x-gzip
AddIconByType (TXT,/icons/text.gif) text/*
AddIcon /icons/binary.gif .bin .exe
DefaultIcon /icons/unknown.gif
ReadmeName README.html
HeaderName HEADER.html
IndexIgnore .??* *~ *# HEADER* README* RCS CVS *,v *,t
""",
    "conf.d/ssl.conf": """\
Listen {tls_port} https
SSLPassPhraseDialog exec:{dialog}
SSLSessionCache         shmcb:/run/httpd/sslcache(512000)
SSLSessionCacheTimeout  300
SSLCryptoDevice builtin
<VirtualHost _default_:{tls_port}>
ErrorLog logs/ssl_error_log
TransferLog logs/ssl_access_log
LogLevel warn
SSLEngine on
SSLHonorCipherOrder on
SSLCipherSuite PROFILE=SYSTEM
SSLProxyCipherSuite PROFILE=SYSTEM
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}
<FilesMatch "\\.(cgi|shtml|phtml|php)$">
    SSLOptions +StdEnvVars
</FilesMatch>
<Directory "{www}/cgi-bin">
    SSLOptions +StdEnvVars
</Directory>
BrowserMatch "MSIE [2-5]" \\
         nokeepalive ssl-unclean-shutdown \\
         downgrade-1.0 force-response-1.0
CustomLog logs/ssl_request_log \\
          "%t %h %{{SSL_PROTOCOL}}x %{{SSL_CIPHER}}x \\"%r\\" %b"
</VirtualHost>
""",
    "conf.d/userdir.conf": """\
<IfModule mod_userdir.c>
    UserDir disabled
</IfModule>
<Directory "/home/*/public_html">
    AllowOverride FileInfo AuthConfig Limit Indexes
    Options MultiViews Indexes SymLinksIfOwnerMatch IncludesNoExec
    Require method GET POST OPTIONS
</Directory>
""",
    "conf.d/welcome.conf": """\
<LocationMatch "^/+$">
    Options -Indexes
    ErrorDocument 403 /.noindex.html
</LocationMatch>
<Directory /usr/share/httpd/noindex>
    AllowOverride None
    Require all granted
</Directory>
Alias /.noindex.html /usr/share/httpd/noindex/index.html
Alias /poweredby.png /usr/share/httpd/icons/apache_pb3.png
Alias /system_noindex_logo.png /usr/share/httpd/icons/system_noindex_logo.png
""",
}


def rhel_tree(root: Path, certificate: Path, key: Path, ports: tuple[int, int]) -> Path:
    """/etc/httpd of Rocky Linux 9 with mod_ssl, at another place; its httpd.conf."""
    www = root.parent / "www"
    for directory in (www / "html", www / "cgi-bin", root / "logs", root / "run"):
        directory.mkdir(parents=True, exist_ok=True)
    values = {
        "root": root,
        "www": www,
        "port": ports[0],
        "tls_port": ports[1],
        "certificate": certificate,
        "key": key,
        "dialog": "/bin/true",  # /usr/libexec/httpd-ssl-pass-dialog
        "user": "nobody" if IS_ROOT else "apache",
        "group": "nogroup" if IS_ROOT else "apache",
    }
    for name, text in _RHEL.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.startswith("conf.modules.d") and "<" not in text:
            lines = [f"LoadModule {m}_module modules/mod_{m}.so" for m in text.split()]
            path.write_text("\n".join(lines) + "\n")
        else:
            path.write_text(text.format(**values) if "{" in text else text)
    return root / "conf" / "httpd.conf"
