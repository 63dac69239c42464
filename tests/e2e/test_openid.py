"""AuthRequest with a real OpenID Connect client and a real provider.

The client is Apache's mod_auth_openidc in an httpd of its own, the provider npm's
oidc-provider; fastlb stands before the application as docs/forward-auth.md says. Needs
libapache2-mod-auth-openidc and, in tests/e2e/applications, `npm install`. Deselected
unless asked for, by -m browser.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError

import pytest
from browser import needed
from harness import DEADLINE_S, HOST, Fastlb, is_listening, wait_for
from ports import free_port

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent / "applications"
PROVIDER_HOST = "127.0.0.2"  # cookies know no ports
MODULES = Path("/usr/lib/apache2/modules")
START_DEADLINE_S = 60.0
CLIENT = """\
ServerRoot "{folder}"
ServerName client.test
Listen {host}:{port}
PidFile client.pid
ErrorLog client.log
{modules}
OIDCProviderMetadataURL http://{provider}/.well-known/openid-configuration
OIDCClientID site
OIDCClientSecret "a secret between the two of them"
OIDCRedirectURI http://{site}/oidc/back
OIDCCryptoPassphrase "of the tests"
OIDCPKCEMethod S256
OIDCRemoteUserClaim sub
OIDCXForwardedHeaders X-Forwarded-Host X-Forwarded-Proto
<Location /oidc/>
    AuthType openid-connect
    Require valid-user
</Location>
<Location /check>
    AuthType openid-connect
    Require valid-user
    OIDCUnAuthAction 401
    Header set X-User "expr=%{{REMOTE_USER}}"
    SetHandler server-status
</Location>
<Directory />
    AllowOverride None
</Directory>
"""
SITE = """\
ProxyPass /oidc/ http://{host}:{client}/oidc/
<Location /oidc/>
    RequestHeader set X-Forwarded-Proto "%{{REQUEST_SCHEME}}s"
</Location>
ProxyPass / http://{host}:{member}/
<Location /app/>
    AuthRequest http://{host}:{client}/check
    AuthRequestHeader X-User
    AuthRequestCookies On
    AuthRequestSignIn "/oidc/back?iss=http://{provider}\
&target_link_uri=http://%{{HTTP_HOST}}%{{REQUEST_URI}}"
</Location>
"""


class Member(BaseHTTPRequestHandler):
    """Says who asks, and for what."""

    def do_GET(self) -> None:
        said = f"{self.path} by {self.headers.get('X-User')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_words: object) -> None:
        pass


class Form(HTMLParser):
    """The first form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = said["action"]
        elif tag in ("input", "button") and "name" in said:
            self.fields.setdefault(said["name"], said.get("value", ""))


class Visitor:
    """What of a browser matters here: cookies, redirects and forms."""

    def __init__(self) -> None:
        self.cookies = CookieJar()
        self.url = ""
        self.way: list[str] = []
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def open(self, url: str, form: dict[str, str] | None = None) -> str:
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        with self._opener.open(url, data, timeout=DEADLINE_S) as answer:
            self.url = answer.url
            return str(answer.read().decode())

    def fill(self, page: str, **said: str) -> str:
        form = Form(page)
        assert form.action, page
        target = urllib.parse.urljoin(self.url, form.action)
        return self.open(target, {**form.fields, **said})


def run(stack: ExitStack, folder: Path, port: int, host: str, *words: str) -> None:
    log = folder / f"{port}.log"
    with log.open("wb") as into:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env={**os.environ, "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=into,
            stderr=into,
            start_new_session=True,
        )

    def stop() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    stack.callback(stop)

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        return is_listening(port, host)

    wait_for(listens, f"{port} is listened on", START_DEADLINE_S)


def client_text(folder: Path, port: int, site: str, provider: str) -> str:
    names = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc")
    modules = [
        f"LoadModule {name}_module {MODULES}/mod_{name}.so"
        for name in (*names, "headers", "status")
    ]
    if os.geteuid() == 0:
        modules.append("User nobody\nGroup nogroup")
    return CLIENT.format(
        folder=folder,
        host=HOST,
        port=port,
        modules="\n".join(modules),
        site=site,
        provider=provider,
    )


@pytest.fixture
def member() -> Iterator[int]:
    served = ThreadingHTTPServer((HOST, 0), Member)
    thread = Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield served.server_port
    served.shutdown()
    served.server_close()
    thread.join(DEADLINE_S)


@pytest.fixture
def site(
    server: Fastlb, tmp_path_factory: pytest.TempPathFactory, member: int
) -> Iterator[str]:
    if not (HERE / "node_modules/oidc-provider").is_dir():
        pytest.fail("npm install --prefix tests/e2e/applications", pytrace=False)
    if not (MODULES / "mod_auth_openidc.so").exists():
        pytest.fail("apt-get install libapache2-mod-auth-openidc", pytrace=False)
    folder = tmp_path_factory.mktemp("openid")
    provider_port, client_port = free_port(), free_port()
    provider = f"{PROVIDER_HOST}:{provider_port}"
    outside = f"{HOST}:{server.port}"
    shutil.copy(HERE / "openid.mjs", folder)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    (folder / "client.conf").write_text(
        client_text(folder, client_port, outside, provider)
    )
    with ExitStack() as running:
        run(
            running,
            folder,
            provider_port,
            PROVIDER_HOST,
            *(needed("node", "nodejs"), "openid.mjs", PROVIDER_HOST),
            *(str(provider_port), f"http://{outside}/oidc/back", f"http://{outside}/"),
        )
        run(
            running,
            folder,
            client_port,
            HOST,
            *(needed("apache2", "apache2"), "-f", str(folder / "client.conf")),
            "-DFOREGROUND",
        )
        server.write(
            SITE.format(host=HOST, client=client_port, member=member, provider=provider)
        )
        server.start()
        yield f"http://{outside}"


def test_who_signs_in_is_known_to_the_member_until_the_sign_out(site: str) -> None:
    stranger, ada = Visitor(), Visitor()
    # Nobody is asked about the rest of the site.
    assert stranger.open(f"{site}/open") == "/open by None"

    page = ada.open(f"{site}/app/x")
    assert PROVIDER_HOST in ada.url and "/interaction/" in ada.url
    page = ada.fill(page, login="ada", password="any")
    if "consent" in page:
        page = ada.fill(page)
    assert (ada.url, page) == (f"{site}/app/x", "/app/x by ada")

    # From now on no redirect is needed; a name that a client brings is none.
    lie = urllib.request.Request(f"{site}/app/y", headers={"X-User": "root"})
    with ada._opener.open(lie, timeout=DEADLINE_S) as answer:
        assert answer.read() == b"/app/y by ada"
    assert "/interaction/" in stranger_url(stranger, f"{site}/app/x")

    after = urllib.parse.quote(f"{site}/", safe="")
    page = ada.open(f"{site}/oidc/back?logout={after}")
    assert "/session/end" in ada.url
    assert ada.fill(page, logout="yes") == "/ by None"
    assert "/interaction/" in stranger_url(ada, f"{site}/app/x")


def stranger_url(visitor: Visitor, url: str) -> str:
    visitor.open(url)
    return visitor.url


def test_what_is_no_session_is_none(site: str) -> None:
    forged = urllib.request.Request(
        f"{site}/app/x", headers={"Cookie": "mod_auth_openidc_session=forged"}
    )
    opener = urllib.request.build_opener(NoRedirect)
    with pytest.raises(HTTPError) as refused:
        opener.open(forged, timeout=DEADLINE_S)
    with refused.value as answer:
        assert answer.status == 302
        place = answer.headers["Location"]
    assert re.match(rf"{site}/oidc/back\?iss=http://{PROVIDER_HOST}", place)
    assert place.endswith(f"target_link_uri={site}/app/x")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_words: object) -> None:
        return None
