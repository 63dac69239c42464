"""balancer-manager's page in a real browser: what it shows, and what its buttons do.

Needs Chromium, and axe-core from npm: deselected unless asked for, by -m browser.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Browser, Page
from certificates import make_ca
from harness import HOST, Fastlb, Load, Member, wait_for

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "applications/node_modules/axe-core/axe.min.js"
CARD = (
    "[...document.querySelectorAll('.member')]"
    ".find((m) => m.querySelector('h4').textContent === URL)"
)


@pytest.fixture
def tmp_path(open_folder: Path) -> Path:
    """Of the server: its workers connect to the socket beside its pid file."""
    return open_folder


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """They stay, for whoever wants to look."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    folder = tmp_path / "browser"
    folder.mkdir()
    browser = Browser(folder, make_ca().write(folder), [])
    try:
        yield browser.visitor()
    finally:
        browser.stop()


class View:
    """The page, and one member's card."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self.card = CARD.replace("URL", json.dumps(url))

    def text(self, selector: str) -> str:
        return str(
            self._page.evaluate(f"{self.card}.querySelector('{selector}').textContent")
        )

    def click(self, word: str) -> None:
        """A button of the card, and the dialog's first one."""
        button = (
            f"[...{self.card}.querySelectorAll('button')]"
            f".find((b) => b.textContent === {word!r})"
        )
        self._page.wait_for(f"!!({button})")
        self._page.evaluate(f"{button}.click()")
        self._page.wait_for("document.querySelector('dialog').open")

    def confirm(self) -> None:
        self._page.evaluate("document.querySelector('dialog button.main').click()")

    def wait(self, selector: str, words: str) -> None:
        text = f"{self.card}.querySelector('{selector}').textContent"
        self._page.wait_for(f"{text}.replaceAll('\\u00a0', ' ').includes({words!r})")


def faults(page: Page) -> list[str]:
    """What axe-core has against the page, as it stands."""
    found = page.evaluate(
        "(await axe.run(document, {resultTypes: ['violations']})).violations"
        ".map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).slice(0, 3)}`)"
    )
    assert isinstance(found, list)
    return [str(one) for one in found]


def test_members_are_watched_and_taken_out_in_a_browser(
    server: Fastlb, make_member: Callable[..., Member], page: Page, pictures: Path
) -> None:
    if not AXE.exists():
        pytest.fail("npm install --prefix tests/e2e/applications", pytrace=False)
    members = [make_member(name) for name in "ab"]
    urls = [f"http://{HOST}:{one.port}" for one in members]
    server.write(
        "<Proxy balancer://pool>\n"
        f"BalancerMember {urls[0]} hcmethod=GET hcinterval=1\n"
        f"BalancerMember {urls[1]}\n"
        "</Proxy>\n<Location /balancer-manager>\nSetHandler balancer-manager\n"
        "</Location>\nProxyPass /balancer-manager !\nProxyPass / balancer://pool/\n"
    )
    server.start()
    first, second = (View(page, url) for url in urls)
    with Load(server, threads=1):
        page.look(width=1200)
        page.open(f"http://{HOST}:{server.port}/balancer-manager")
        page.wait_for("document.querySelectorAll('.member').length === 2")
        first.wait(".soft", "Share 5")
        first.wait(".dots", "passed")
        page.wait_for("document.querySelectorAll('.uplot canvas').length === 2")
        page.run(AXE.read_text())
        for is_dark in (False, True):
            for width in (1200, 360):
                page.look(width=width, is_dark=is_dark)
                page.picture(pictures / f"{width}-{'dark' if is_dark else 'light'}.png")
                assert faults(page) == [], (width, is_dark)
                assert page.evaluate(
                    "document.documentElement.scrollWidth <= innerWidth"
                )
        page.look(width=1200)
        second.click("Drain")
        assert faults(page) == []
        second.confirm()
        page.wait_for("document.querySelector('.toast')")
        second.wait("strong", "draining")
        second.wait(".soft", "Share 0 %")
        first.wait(".soft", "Share 100 %")
        page.picture(pictures / "drained.png")
        assert faults(page) == []
        events = page.evaluate("Number(document.body.dataset.events)")
        generations = server.generations()
        server.reload(signal.SIGUSR1)
        wait_for(lambda: server.generations() > generations, "it is reloaded")
        page.wait_for(f"Number(document.body.dataset.events) > {events} + 3")
        second.wait("strong", "draining")
        second.click("End draining")
        second.confirm()
        second.wait("strong", "serving")
        # What is undone need not be undone any more.
        page.wait_for("document.querySelectorAll('.toast').length === 1")
        second.click("Weight…")
        page.evaluate("document.querySelector('dialog input').value = '3'")
        second.confirm()
        second.wait(".soft", "by its weight 3: 75 %")
        second.wait(".was", "Changed: loadfactor=3 (configured 1)")
        page.picture(pictures / "changed.png")
        assert faults(page) == []
        second.click("Back to the configuration")
        page.picture(pictures / "asked.png")
        second.confirm()
        second.wait(".soft", "by its weight 1: 50 %")
        page.wait_for(f"{second.card}.querySelector('.was').hidden")
        second.click("Weight…")
        page.evaluate("document.querySelector('dialog input').value = '3'")
        second.confirm()
        second.wait(".soft", "by its weight 3: 75 %")
        page.evaluate("[...document.querySelectorAll('.toast button')].at(-1).click()")
        second.wait(".soft", "by its weight 1: 50 %")
        page.evaluate(
            "(document.getElementById('back').value = '0',"
            " document.getElementById('back').dispatchEvent(new Event('input')))"
        )
        second.wait("dd", "–")
        assert page.complaints() == []
        page.evaluate(f"{second.card}.querySelector('a').click()")
        page.wait_for("document.querySelector('#form form')")
        page.run(AXE.read_text())
        page.picture(pictures / "form.png")
        page.look(width=360, is_dark=True)
        page.picture(pictures / "form-narrow.png")
        assert faults(page) == []
        assert page.complaints() == []
