"""Applications as their own documents put them behind httpd, in a real browser.

Needs Chromium, and in tests/e2e/applications what its lists name: `pip install -r
requirements.txt`, `npm install`. Deselected unless asked for, by -m browser.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import Browser, Page, needed
from certificates import Authority, make_ca, make_pair
from harness import HOST, Fastlb, is_listening, wait_for
from ports import free_port
from uwsgi import DJANGO_STATIC, Uwsgi

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent / "applications"
HOSTS = ("chat.test", "lab.test", "admin.test")
START_DEADLINE_S = 60.0  # an application's own


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_ca()


@pytest.fixture(scope="module")
def browser(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    made = Browser(folder, authority.write(folder), HOSTS)
    yield made
    made.stop()


class Application:
    """A program that listens, with the processes that it starts."""

    def __init__(
        self, folder: Path, port: int, words: Sequence[str], settings: dict[str, str]
    ) -> None:
        self.port = port
        self._log = folder / f"{port}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                words,
                cwd=folder,
                env={**os.environ, "HOME": str(folder), **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Returns when it listens."""
        wait_for(self._listens, f"{self.port} is listened on", START_DEADLINE_S)

    def _listens(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        return is_listening(self.port)

    def stop(self) -> None:
        """End it, and again: that is no error."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


Run = Callable[..., Application]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Start an application: its port and words, and its environment's settings."""
    with ExitStack() as running:

        def start(port: int, *words: str, **settings: str) -> Application:
            application = Application(tmp_path, port, words, settings)
            running.callback(application.stop)
            application.wait()
            return application

        yield start


def serve(
    server: Fastlb, host: str, folder: Path, authority: Authority, text: str
) -> str:
    """A virtual host over TLS that holds text. returns its URL"""
    pair = make_pair(authority, [host]).write(folder, "site")
    port = free_port()
    server.write(
        f"Listen {HOST}:{port}\n<VirtualHost {HOST}:{port}>\nServerName {host}\n"
        f"SSLEngine On\nSSLCertificateFile {pair.full}\n{text}\n</VirtualHost>\n"
    )
    server.start()
    return f"https://{host}:{port}/"


def chat_nodes(run: Run) -> list[Application]:
    if not (HERE / "node_modules").is_dir():
        pytest.fail("npm install --prefix tests/e2e/applications", pytrace=False)
    node = needed("node", "nodejs")
    return [
        run(port, node, str(HERE / "chat.js"), str(port), name)
        for name, port in (("app01", free_port()), ("app02", free_port()))
    ]


def chat_names(page: Page) -> set[str]:
    """Who has greeted the page; asked when it talks over a WebSocket."""
    assert page.evaluate("await upgraded") == "websocket"
    said = page.evaluate('await new Promise((take) => socket.emit("say", "hi", take))')
    assert said == "hi"
    assert page.evaluate("errors") == []
    return set(page.evaluate("seen"))


def test_socket_io_on_two_sticky_nodes(
    server: Fastlb, browser: Browser, tmp_path: Path, authority: Authority, run: Run
) -> None:
    """Socket.IO's page "using multiple nodes": polling first, then a WebSocket."""
    nodes = chat_nodes(run)
    one, two = (f"{HOST}:{node.port}" for node in nodes)
    url = serve(
        server,
        "chat.test",
        tmp_path,
        authority,
        f"""\
Header add Set-Cookie "SERVERID=sticky.%{{BALANCER_WORKER_ROUTE}}e; path=/" \
env=BALANCER_ROUTE_CHANGED
<Proxy "balancer://nodes_polling">
    BalancerMember "http://{one}" route=app01
    BalancerMember "http://{two}" route=app02
    ProxySet stickysession=SERVERID
</Proxy>
<Proxy "balancer://nodes_ws">
    BalancerMember "ws://{one}" route=app01
    BalancerMember "ws://{two}" route=app02
    ProxySet stickysession=SERVERID
</Proxy>
RewriteEngine On
RewriteCond %{{HTTP:Upgrade}} =websocket [NC]
RewriteRule /(.*) balancer://nodes_ws/$1 [P,L]
RewriteCond %{{HTTP:Upgrade}} !=websocket [NC]
RewriteRule /(.*) balancer://nodes_polling/$1 [P,L]
ProxyTimeout 60""",
    )
    pages = [browser.visitor() for _ in range(4)]
    names = set()
    for page in pages:
        page.open(url)
        greeted = chat_names(page)
        assert len(greeted) == 1
        names |= greeted
    assert names == {"app01", "app02"}

    # A node goes: its clients come back by themselves, to the other one.
    nodes[0].stop()
    for page in pages:
        wait_for(
            lambda page=page: (
                page.evaluate("socket.connected && seen.at(-1)")  # type: ignore[misc]
                == "app02"
            ),
            "the page talks to the node that is left",
        )
        page.leave()


def test_jupyterlab_runs_a_notebook(
    server: Fastlb, browser: Browser, tmp_path: Path, authority: Authority, run: Run
) -> None:
    """JupyterHub's page on httpd: a kernel's channels are WebSockets."""
    shutil.copy(HERE / "hello.ipynb", tmp_path)
    port = free_port()
    run(
        port,
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", "--ServerApp.allow_remote_access=True"),
        *(
            f"--ServerApp.root_dir={tmp_path}",
            "--LabApp.expose_app_in_browser=True",
        ),
        "--LabApp.extension_manager=readonly",
    )
    url = serve(
        server,
        "lab.test",
        tmp_path,
        authority,
        f"""\
RewriteEngine On
RewriteCond %{{HTTP:Connection}} Upgrade [NC]
RewriteCond %{{HTTP:Upgrade}} websocket [NC]
RewriteRule /(.*) ws://{HOST}:{port}/$1 [P,L]
<Location "/">
    ProxyPreserveHost on
    ProxyPass http://{HOST}:{port}/
    ProxyPassReverse http://{HOST}:{port}/
    RequestHeader set "X-Forwarded-Proto" expr=%{{REQUEST_SCHEME}}
</Location>""",
    )
    page = browser.visitor()
    assert page.open(f"{url}lab/tree/hello.ipynb?reset").status == 200
    wait_for(
        lambda: page.evaluate(
            "!!document.querySelector('.jp-Notebook .jp-CodeCell') && jupyterapp"
            ".shell.currentWidget?.sessionContext?.session?.kernel?.status"
            " === 'idle'"
        ),
        "the notebook has its kernel",
        START_DEADLINE_S,
    )
    page.evaluate("await jupyterapp.commands.execute('notebook:run-all-cells')")
    said = wait_for(
        lambda: page.evaluate(
            "document.querySelector('.jp-OutputArea-output')?.textContent"
        ),
        "the kernel says something",
    )
    assert said.strip() == "the kernel says 42"
    page.leave()


def manage(folder: Path, *words: str, **settings: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "django", *words],
        env={**os.environ, **settings},
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=60,
    )


def test_the_admin_of_django(
    server: Fastlb, browser: Browser, tmp_path: Path, authority: Authority, run: Run
) -> None:
    """Sign in, add a user, sign out: forms whose origin is checked, over TLS."""
    settings = {
        "PYTHONPATH": str(HERE),
        "DJANGO_SETTINGS_MODULE": "djangosite.settings",
        "DJANGO_DATABASE": str(tmp_path / "db.sqlite3"),
        "DJANGO_SUPERUSER_PASSWORD": "open sesame",
    }
    manage(tmp_path, "migrate", **settings)
    who = ("--username=boss", "--email=boss@admin.test", "--noinput")
    manage(tmp_path, "createsuperuser", *who, **settings)
    port = free_port()
    run(
        port,
        *(sys.executable, "-m", "gunicorn", "--workers=2"),
        *(f"--bind={HOST}:{port}", "djangosite.wsgi"),
        **settings,
    )
    url = serve(
        server,
        "admin.test",
        tmp_path,
        authority,
        f"""\
ProxyPreserveHost On
RequestHeader set X-Forwarded-Proto "expr=%{{REQUEST_SCHEME}}"
ProxyPass / http://{HOST}:{port}/
ProxyPassReverse / http://{HOST}:{port}/""",
    )
    sign_in_and_add_a_user(browser.visitor(), url, "boss", "open sesame")


@pytest.mark.needs("django")
def test_the_admin_of_django_by_uwsgi(
    server: Fastlb, browser: Browser, tmp_path: Path, authority: Authority
) -> None:
    """uWSGI's page on httpd: its own protocol, and static files from disk."""
    Uwsgi.prepare(tmp_path)
    app = Uwsgi(tmp_path, "one")
    with ExitStack() as running:
        app.start()
        running.callback(app.stop)
        url = serve(
            server,
            "admin.test",
            tmp_path,
            authority,
            f"""\
Alias /app/static/admin {DJANGO_STATIC}
<Directory {DJANGO_STATIC}>
    Require all granted
    ExpiresActive On
    ExpiresDefault "access plus 1 day"
</Directory>
ProxyPass /app/static/admin !
ProxyPass /app {app.url("uwsgi")}
SetEnvIf Request_URI . proxy-uwsgi-pathinfo=1""",
        )
        page = browser.visitor()
        page.open(f"{url}app/admin/")
        assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
        sheet = "(await fetch('/app/static/admin/css/base.css')).headers"
        assert page.evaluate(f"{sheet}.get('cache-control')") == "max-age=86400"
        page.leave()
        sign_in_and_add_a_user(browser.visitor(), f"{url}app/", "ada", "love lace")


def sign_in_and_add_a_user(page: Page, url: str, name: str, password: str) -> None:
    """url: above the admin"""
    path = urlsplit(url).path
    arrival = page.open(f"{url}admin/")
    assert arrival.url == f"{url}admin/login/?next={path}admin/"
    submit(page, "#login-form", username=name, password=password)
    wait_for(lambda: arrived(page) == f"{path}admin/", "signed in")
    page.open(f"{url}admin/auth/user/add/")
    word = "a word of the guest's"
    submit(page, "#user_form", username="guest", password1=word, password2=word)
    wait_for(lambda: "/change/" in arrived(page), "the user is added")
    page.open(f"{url}admin/auth/user/")
    rows = page.evaluate(
        "[...document.querySelectorAll('#result_list th.field-username')]"
        ".map((cell) => cell.textContent)"
    )
    assert rows == [name, "guest"]
    page.leave()


def arrived(page: Page) -> str:
    """The path of a page that is loaded; empty while it is on its way."""
    path: str = page.evaluate(
        "performance.getEntriesByType('navigation')[0]?.loadEventEnd > 0"
        " ? location.pathname : ''"
    )
    return path


def submit(page: Page, form: str, **fields: str) -> None:
    """Fill in a form and send it, as one who types and presses the button."""
    for name, value in fields.items():
        page.evaluate(
            f"document.querySelector({f'{form} [name={name}]'!r}).value = {value!r}"
        )
    page.evaluate(f"void document.querySelector({f'{form} [type=submit]'!r}).click()")
